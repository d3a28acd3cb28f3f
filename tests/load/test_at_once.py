"""Several `ltcore register` at once on one computer: all right, and none waits for the others."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

from tests.load.pairs import digests, small_pairs
from tests.soaking import cases, note

LATEST = 2.0  # times the median at which the last one must have ended


def register(pair: tuple[Path, Path], out: Path) -> float:
    """Registers a pair; returns how many seconds that took."""
    start_s = time.monotonic()
    words = ["--out", str(out), "--no-report", "--device", "cpu"]
    command = [sys.executable, "-m", "ltcore", "register", *map(str, pair), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    return time.monotonic() - start_s


def test_several_at_once_are_all_right_and_none_starves(tmp_path):
    pair, count = small_pairs(tmp_path)["plain"], cases(3, 8)
    seconds: list[float] = []
    outs = [tmp_path / f"out{number}" for number in range(count)]
    runs = [threading.Thread(target=lambda out=out: seconds.append(register(pair, out))) for out in outs]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(seconds) == count  # else one of them failed, and its thread said why
    found = [digests(out) for out in outs]
    assert all(files == found[0] for files in found)
    assert set(found[0]) == {"tie_points.gpkg", "gcps.points", "warped.tif"}
    note("at once", runs=count, **{"median, s": round(median(seconds), 1), "longest, s": round(max(seconds), 1)})
    assert max(seconds) < LATEST * median(seconds)
