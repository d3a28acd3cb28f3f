"""The benchmark of batches: its pairs, and that it counts what a killed worker loses."""

import csv

import numpy as np
import pytest

from benchmarks.speed.batch import _make_pairs, _measured
from ltcore.batch.manifest import read_manifest
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, texture

COLUMNS = ("file", "split", "place", "epsg", "bands", "width", "height", "red_nir_dx_px", "red_nir_dy_px")


@pytest.fixture
def data(tmp_path):
    """A data folder with one scene of 520 x 520 px."""
    folder = tmp_path / "chips"
    (folder / "scenes").mkdir(parents=True)
    visible = texture(520, 520)
    bands = (np.stack([visible, 1 - visible]) * 200).astype(np.float32)
    make_raster(folder / "scenes" / "a.tif", bands, geotransform=NORTH_UP, epsg=UTM_33N)
    with (folder / "index.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([COLUMNS, ("scenes/a.tif", "val", "a", UTM_33N, "R,NIR", 520, 520, 0, 0)])
    return tmp_path


def test_a_killed_worker_loses_no_pair(data, tmp_path):
    pairs = read_manifest(_make_pairs(tmp_path, data, "val", 2, "rootsift"), tmp_path / "out")
    assert pairs[0].job.sensed.path.read_bytes() != pairs[1].job.sensed.path.read_bytes()
    numbers = _measured(pairs, 2, kill=True)
    assert (numbers["workers"], numbers["records"], numbers["verdicts"]) == (2, 2, {"PASS": 2})
    assert 0 <= numbers["overhead"] < 1
    assert min(numbers[name] for name in ("dask_cpu_seconds", "worker_cpu_seconds", "peak_rss_mb")) > 0
