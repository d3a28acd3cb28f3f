"""The benchmark of scale: both rasters of its pairs show the same ground, and a run is charged what it cost."""

import csv
import json
import sys

import click
import numpy as np
import pytest
from osgeo import gdal

from benchmarks.speed.mosaic import SHIFT_PX, add_overviews, error_px, make_pair, make_vrt_pair, remove_overviews
from benchmarks.speed.scale import Case, add_row, measured
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, texture

COLUMNS = ("file", "split", "place", "epsg", "bands", "width", "height", "red_nir_dx_px", "red_nir_dy_px", "peak_z")
SIDE = 700


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A pair made of one scene a split, whose bands are the same but for their contrast."""
    data = tmp_path_factory.mktemp("data")
    folder = data / "chips" / "scenes"
    folder.mkdir(parents=True)
    rows = [COLUMNS]
    for seed, split in enumerate(("train", "val")):
        bands = (np.stack([texture(520, 640, seed)] * 2) * 200).astype(np.float32)
        make_raster(folder / f"{split}.tif", bands, geotransform=NORTH_UP, epsg=UTM_33N)
        rows.append((f"scenes/{split}.tif", split, split, UTM_33N, "R,NIR", 520, 640, 0, 0, 9))
    with (data / "chips" / "index.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return make_pair(tmp_path_factory.mktemp("pair"), SIDE, data, 0)


def read(path):
    dataset = gdal.Open(str(path))
    return dataset.ReadAsArray().astype(float), dataset.GetGeoTransform()


def test_both_rasters_show_the_same_ground_and_georeference_says_otherwise(pair):
    (visible, placed), (nir, misplaced) = read(pair.visible), read(pair.nir)
    assert visible.shape == nir.shape == (SIDE, SIDE)
    assert min(visible.std(), nir.std()) > 50
    for rows in np.array_split(np.arange(SIDE), 4):  # each of nearly one cell: contrast changes from cell to cell
        assert np.corrcoef(visible[rows, :300].ravel(), nir[rows, :300].ravel())[0, 1] > 0.7
    assert np.allclose(np.subtract(misplaced, placed), [SHIFT_PX[0], 0, 0, -SHIFT_PX[1], 0, 0])


def test_no_ground_is_repeated_by_a_shift_of_a_cell(pair):
    visible, _ = read(pair.visible)
    assert abs(np.corrcoef(visible[:, :180].ravel(), visible[:, 512:692].ravel())[0, 1]) < 0.5


def test_a_vrt_is_made_of_patches_of_both_rasters(pair, tmp_path):
    made = make_vrt_pair(tmp_path, 1000, pair, 0)
    (visible, placed), (nir, misplaced) = read(made.visible), read(made.nir)
    assert visible.shape == nir.shape == (1000, 1000)
    assert (placed, misplaced) == (read(pair.visible)[1], read(pair.nir)[1])
    source, patch = read(pair.visible)[0], visible[300:400, 500:600]
    places = np.argwhere(source[:601, :601] == patch[0, 0])
    (y, x), *others = [place for place in places if (source[place[0] :, place[1] :][:100, :100] == patch).all()]
    assert not others
    assert (nir[300:400, 500:600] == read(pair.nir)[0][y : y + 100, x : x + 100]).all()


def test_overviews_come_and_go(pair):
    add_overviews(pair)
    assert gdal.Open(str(pair.nir)).GetRasterBand(1).GetOverviewCount() == 5
    remove_overviews(pair)
    assert gdal.Open(str(pair.nir)).GetRasterBand(1).GetOverviewCount() == 0


def test_error_is_the_distance_from_the_truth():
    grid = np.array([[0, 0, 3, 4], [9, 9, 9, 9]], float)
    assert error_px(grid) == pytest.approx(np.sqrt(12.5))


def test_a_run_is_charged_its_memory_time_and_error():
    answer = {"transform": {"check_grid": [[0, 0, 3, 4]]}, "verdict": "PASS", "inliers": 7, "seconds": {"read": 1.0}}
    code = f"import sys; held = b'x' * 200_000_000; sum(range(10**7)); print('{json.dumps(answer)}'); sys.exit(3)"
    run = measured([sys.executable, "-c", code])
    assert 190 < run["peak_rss_mb"] < 300
    assert run["seconds"] >= 0.9 * run["cpu_seconds"] > 0.1
    assert (run["error_px"], run["tie_points"], run["verdict"]) == (5.0, 7, "PASS")


def test_a_run_that_answers_nothing_is_an_error_with_what_it_said():
    with pytest.raises(click.ClickException, match="no such luck"):
        measured([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_a_case_measured_again_replaces_its_row(pair):
    run = {"seconds": 1.0, "cpu_seconds": 2.0, "peak_rss_mb": 3, "error_px": 0.1, "tie_points": 5, "verdict": "PASS"}
    result = {}
    add_row(result, Case("ltcore", pair), [run])
    add_row(result, Case("ltcore", pair, overviews=True), [run])
    row = add_row(result, Case("ltcore", pair), [{**run, "seconds": seconds} for seconds in (9.0, 4.0, 5.0)])
    assert (row["seconds"], len(row["runs"]), row["format"]) == (5.0, 3, "tif")
    assert [each["seconds"] for each in result["rows"]] == [5.0, 1.0]
