"""Hundreds of runs in one QGIS process: it does not grow, and says the same every time, in any country."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.load.surroundings import german
from tests.load.usage import GROWTH_LIMIT_PERCENT, Usage, figures, growth
from tests.soaking import cases, note

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

SCRIPT = Path(__file__).with_name("many_in_qgis.py")
KINDS = ("placed", "plain", "missing", "unrelated")


def runs_in_qgis(folder: Path, runs: int, kinds, **changes: str):
    """Returns what each run of ltformer:match in one QGIS process came to."""
    folder.mkdir()
    variables = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder), "LTFORMER_PYTHON": sys.executable,
        "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1",
        "OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z", **changes,  # the date: of QGIS's own GeoPackages
    }  # fmt: skip
    command = [sys.executable, str(SCRIPT), str(folder), str(runs), *kinds]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def same(line):
    """Returns what must be the same in every run of a kind."""
    return line["came"], line["files"]


def test_one_qgis_neither_grows_nor_changes_its_mind(tmp_path):
    runs, start_s = cases(3 * len(KINDS), 200), time.monotonic()
    lines = runs_in_qgis(tmp_path / "runs", runs, KINDS)
    assert len(lines) == runs
    first = {line["kind"]: same(line) for line in reversed(lines)}
    assert [line["kind"] for line in lines if same(line) != first[line["kind"]]] == []
    assert first["placed"][0]["VERDICT"] == first["plain"][0]["VERDICT"] == "PASS"
    assert "does not exist" in first["missing"][0]["error"]
    assert first["unrelated"][0]["error"].startswith("No warped raster was written, as the verdict FAIL")
    usages = [Usage(**line["usage"]) for line in lines]
    grown = growth(usages, len(KINDS))
    seconds = round(time.monotonic() - start_s)
    note("one QGIS", runs=runs, seconds=seconds, **figures(usages, grown))
    assert grown.memory_percent < GROWTH_LIMIT_PERCENT
    assert (grown.files, grown.threads) == (0, 0)


def test_qgis_in_a_country_of_decimal_commas(tmp_path):
    here, there = (
        runs_in_qgis(tmp_path / name, 1, ["placed"], **changes)[0]
        for name, changes in (("here", {"LC_ALL": "C"}), ("there", german(tmp_path)))
    )
    assert (here["decimal"], there["decimal"]) == (".", ",")
    assert same(here) == same(there)
