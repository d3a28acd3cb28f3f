"""Why there are no tie points here: each reason where it was made, as polygons in the right place."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from osgeo import ogr

from ltcore.config import FeatureConfig, FitConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.raster.tie_points import write_tie_points
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, texture_at, to_bytes

SIZE = 512
SPOILT = 192  # px a side of the spoilt corners: 9 cells of 64 px
PLACES = {"nodata": (0, 0), "no texture": (320, 0), "no match": (0, 320), "outlier": (320, 320)}


def pair(folder, **how):
    """A pair shifted by (2, 1) px; each of its corners is spoilt in another way."""
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    reference, sensed = to_bytes(texture_at(x, y)) // 2 + 64, to_bytes(texture_at(x + 2, y + 1)) // 2 + 64
    corner = {reason: np.s_[row : row + SPOILT, column : column + SPOILT] for reason, (column, row) in PLACES.items()}
    reference[corner["nodata"]] = 0
    reference[corner["no texture"]] = 128
    sensed[corner["no texture"]] = 128
    sensed[corner["no match"]] = np.random.default_rng(0).integers(64, 192, (SPOILT, SPOILT))
    sensed[corner["outlier"]] = to_bytes(texture_at(x + 10, y - 7))[corner["outlier"]] // 2 + 64
    paths = folder / "reference.tif", folder / "sensed.tif"
    return tuple(make_raster(path, values, nodata=0, **how) for path, values in zip(paths, (reference, sensed)))


def run(reference, sensed):
    config = RegistrationConfig(FeatureConfig(descriptor="rootsift"), fit=FitConfig(max_tie_points=200))
    job = RegistrationJob(RasterSource(reference), RasterSource(sensed), reference.parent, config=config)
    return register(job, NullProgress())


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    return run(*pair(tmp_path_factory.mktemp("spoilt")))


def layers_at(path):
    """Returns the names of the layers in their order, and the polygons of the second with their fields."""
    dataset = ogr.Open(str(path))
    names = [dataset.GetLayer(number).GetName() for number in range(dataset.GetLayerCount())]
    shapes = {}
    for feature in dataset.GetLayerByName("no_points"):
        shape = shapely.from_wkb(bytes(feature.GetGeometryRef().ExportToWkb()))
        shapes[feature["reason"]] = shape, feature["cells"], feature["share"]
    return names, shapes


@pytest.mark.parametrize("reason", PLACES)
def test_each_reason_stands_where_it_was_made(spoilt, reason):
    assert spoilt.quality.verdict != "FAIL"
    centre = spoilt.gaps.corners_xy.mean(axis=1) - PLACES[reason]
    inside = np.flatnonzero(((centre > 0) & (centre < SPOILT)).all(axis=1))
    found = Counter(spoilt.gaps.reasons[number] for number in inside)
    assert found[reason] >= 4  # of 9 cells: windows at the rim see the good ground next door, some agree by chance


def test_cells_with_good_points_are_no_gaps(spoilt):
    gaps, good = spoilt.gaps, spoilt.tie_points.reference_xy[spoilt.fit.inliers]
    for cell in gaps.corners_xy:
        assert not ((good > cell.min(axis=0)) & (good < cell.max(axis=0))).all(axis=1).any()
    occupied = {tuple((xy // 64).astype(int)) for xy in good}
    assert gaps.cells == 64  # 512 px in cells of 64
    assert len(gaps.reasons) == gaps.cells - len(occupied)


@pytest.mark.parametrize("georeferenced", [False, True])
def test_the_layer_holds_a_polygon_a_reason_behind_the_tie_points(tmp_path, georeferenced):
    how = {"geotransform": NORTH_UP, "epsg": UTM_33N} if georeferenced else {}
    result = run(*pair(tmp_path, **how))
    write_tie_points(tmp_path / "tie_points.gpkg", result)
    names, shapes = layers_at(tmp_path / "tie_points.gpkg")
    assert names == ["tie_points", "no_points"]  # what QGIS opens without a name is the first
    assert set(shapes) == set(result.gaps.reasons)
    x, y = result.reference_grid.to_map([[64, 64]])[0] if georeferenced else (64, -64)
    assert shapes["nodata"][0].contains(shapely.Point(x, y))
    for shape, cells, share in shapes.values():
        assert shape.area == pytest.approx(cells * 64**2 * (4 if georeferenced else 1))
        assert share == pytest.approx(cells / 64)


def test_a_pair_that_fails_says_where_nothing_could_be_found(tmp_path):
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    values = to_bytes(texture_at(x, y)) // 2 + 64
    values[:, :128] = 0
    values[:, 384:] = 128
    reference = make_raster(tmp_path / "reference.tif", values, nodata=0)
    noise = np.random.default_rng(0).integers(1, 255, (SIZE, SIZE), np.uint8)
    result = run(reference, make_raster(tmp_path / "sensed.tif", noise, nodata=0))
    assert result.quality.verdict == "FAIL"
    assert result.gaps.shares == pytest.approx({"no match": 0.5, "nodata": 0.25, "no texture": 0.25}, abs=0.13)
    assert len(result.gaps.reasons) == result.gaps.cells
    write_tie_points(tmp_path / "tie_points.gpkg", result)
    assert set(layers_at(tmp_path / "tie_points.gpkg")[1]) == {"no match", "nodata", "no texture"}


def test_without_gaps_there_is_no_second_layer(tmp_path, spoilt):
    write_tie_points(tmp_path / "tie_points.gpkg", replace(spoilt, gaps=None))
    assert ogr.Open(str(tmp_path / "tie_points.gpkg")).GetLayerCount() == 1
