"""docs/reference/files.md names the columns that real files have, and the interface of the library page runs."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import ogr

from ltcore.batch.outcome import Outcome
from ltcore.batch.summary import write_summary
from ltcore.gcp import gcp_set_from, write_points
from ltcore.gcp_export import ExportJob, export_gcps
from ltcore.progress import NullProgress
from ltcore.raster.tie_points import write_tie_points
from ltcore.types import Gaps
from tests.data.make_rasters import make_raster
from tests.data.make_result import make_result

ROOT = Path(__file__).resolve().parents[2]


def columns_said(heading, layer=""):
    """Returns the columns named in the first cells of the table after a heading, and after a layer's name there."""
    text = (ROOT / "docs/reference/files.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = section.split(f"`{layer}`: ")[1].splitlines() if layer else section.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("|---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        rows += re.findall(r"`(\w+)`", line.split("|")[1])
    return rows


def columns_of(path, layer):
    dataset = ogr.Open(str(path))  # GDAL forgets its layers when nothing holds it
    definition = dataset.GetLayerByName(layer).GetLayerDefn()
    return [definition.GetFieldDefn(index).GetName() for index in range(definition.GetFieldCount())]


@pytest.fixture
def result(tmp_path):
    raster = make_raster(tmp_path / "sensed.tif", np.zeros((48, 64), np.uint8))
    found = make_result(tmp_path, sources=(raster, raster))
    return replace(found, gaps=Gaps(4, np.array([[[0, 0], [8, 0], [8, 8], [0, 8]]], float), ("no match",)))


def test_tie_points(result, tmp_path):
    write_tie_points(tmp_path / "t.gpkg", result)
    assert sorted(columns_said("tie_points.gpkg", "tie_points")) == sorted(
        columns_of(tmp_path / "t.gpkg", "tie_points")
    )
    assert columns_said("tie_points.gpkg", "no_points") == columns_of(tmp_path / "t.gpkg", "no_points")


def test_offsets(tmp_path):
    pair = [str(ROOT / "samples/georeferenced" / name) for name in ("visible.tif", "nir.tif")]
    command = [sys.executable, "-m", "ltcore", "assess", *pair, "--out", str(tmp_path / "out"), "--no-report"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    made = tmp_path / "out/offsets.gpkg"
    said = columns_said("offsets.gpkg", "offsets")
    assert sorted(said) == sorted(columns_of(made, "offsets"))
    of_offset = [name for name in said if re.search(r"_(px|map|deg)$", name)]
    assert len(of_offset) == 7
    assert sorted(columns_of(made, "vectors")) == sorted(["id", *of_offset, "exaggeration"])


def test_points(result, tmp_path):
    write_points(tmp_path / "p.points", gcp_set_from(result), result.sensed_grid)
    header = (tmp_path / "p.points").read_text(encoding="utf-8").splitlines()[0]
    assert columns_said("gcps.points") == header.split(",")


def test_csv(result, tmp_path):
    write_tie_points(tmp_path / "t.gpkg", result)
    export_gcps(ExportJob(tmp_path / "t.gpkg", tmp_path / "sensed.tif", csv=tmp_path / "g.csv"), NullProgress())
    with (tmp_path / "g.csv").open(encoding="utf-8") as stream:
        assert next(csv.reader(stream)) == columns_said("gcps.csv")


def test_summary(tmp_path):
    write_summary(tmp_path, [], list[Outcome]())
    with (tmp_path / "summary.csv").open(encoding="utf-8") as stream:
        assert next(csv.reader(stream)) == columns_said("summary.csv")


def test_the_example_of_the_library_page_runs(tmp_path):
    text = (ROOT / "docs/reference/library.md").read_text(encoding="utf-8")
    example = text.split("```python\n")[1].split("```")[0]
    assert 'Path("out/library")' in example
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS 0.")
    assert (tmp_path / "out/library/warped.tif").is_file()
