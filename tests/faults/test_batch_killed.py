"""A batch whose every process is killed: whole folders or none, no process left, and --resume does the rest."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ltcore.record import read_record
from tests.data.make_rasters import shifted_pair
from tests.soaking import cases, note, seed

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
PAIRS = 6


@pytest.fixture
def manifest(tmp_path):
    pair = shifted_pair(tmp_path, (3.0, -2.0))
    lines = [f"{pair[0]},{pair[1]},p{number},rootsift,no" for number in range(PAIRS)]
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(["reference,sensed,id,descriptor,report", *lines]) + "\n")
    return path


def command(manifest, out, *more):
    return [sys.executable, "-m", "ltcore", "batch", str(manifest), "--out", str(out), "--workers", "2", *more]


def started_from(folder):
    """Returns the processes whose working folder it is: those of a batch that was started there."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
        except OSError:  # it has just ended, or is somebody else's
            continue
    return found


def test_a_killed_batch_leaves_no_process_and_goes_on(tmp_path, manifest):
    draw, out, home = random.Random(seed()), tmp_path / "out", tmp_path / "home"
    home.mkdir()
    how = {"cwd": home, "env": {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}}
    for number in range(cases(1, 10)):
        more = ["--resume"] if number else []
        with subprocess.Popen(command(manifest, out, *more), stderr=subprocess.PIPE, text=True, **how) as process:
            for line in process.stderr:
                if " of " in line:
                    break
            time.sleep(draw.uniform(0, 0.5))
            process.kill()
            process.stderr.close()
        note("killed batches", whole=True, was_running=process.returncode == -signal.SIGKILL)
        end_s = time.monotonic() + 60
        while started_from(home) and time.monotonic() < end_s:
            time.sleep(0.2)
        assert not started_from(home)
        for record in out.glob("*/record.json"):
            assert all((record.parent / file).is_file() for file in read_record(record)["outputs"].values())
    done = subprocess.run(command(manifest, out, "--resume"), capture_output=True, text=True, check=False, **how)
    assert done.returncode == 0, done.stderr
    assert len(list(out.glob("*/record.json"))) == PAIRS
    assert not list(out.rglob(".*"))
