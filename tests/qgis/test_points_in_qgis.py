"""The .points files of ltcore as QGIS's Georeferencer reads them: each source position must be the right pixel.

The reading rule is that of QGIS 3.22.4 and later. A source position is a position in the layer as QGIS shows it. If
the file has a geotransform (with or without CRS), the Georeferencer turns it into column = (x - gt0) / gt1 and
line = (gt3 - y) / gt5; if it has none, the position is (column, -row) already. Lines are negative inside the image:
the transformers are told to invert those of the GCPs, and are asked with positive ones.
"""

from __future__ import annotations

import json

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.analysis import QgsGcpTransformerInterface
from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsRasterLayer

from ltcore.config import RasterSource
from ltcore.gcp import Gcp, GcpSet, write_points
from ltcore.raster.read import grid_of, open_raster
from tests.data.make_rasters import NORTH_UP, SOUTH_UP, UTM_33N, make_raster, wkt
from tests.qgis.conftest import SAMPLES

SOURCES = {
    "plain": {},
    "georeferenced": {"geotransform": NORTH_UP, "epsg": UTM_33N},
    "south-up": {"geotransform": SOUTH_UP, "epsg": UTM_33N},
    "no CRS": {"geotransform": NORTH_UP},
}
# Linear map of the reference: x = 3e5 + 2.5 col + 0.1 row, y = 5.2e6 - 0.1 col - 2.5 row.
PIXELS = np.array([[0, 0], [63, 0], [0, 47], [63, 47], [10, 30], [40, 7]])
CENTRES = PIXELS + 0.5


def true_map(xy):
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    return np.column_stack([3e5 + xy @ [2.5, 0.1], 5.2e6 - xy @ [0.1, 2.5]])


@pytest.fixture(params=SOURCES)
def source(request, tmp_path):
    """A raster whose every pixel holds its own number: row * 64 + column."""
    numbers = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
    return make_raster(tmp_path / "sensed.tif", numbers, **SOURCES[request.param])


@pytest.fixture
def points(source, tmp_path):
    path = tmp_path / "gcps.points"
    places = zip(CENTRES, true_map(CENTRES))
    gcps = [Gcp(i + 1, float(c), float(r), float(x), float(y)) for i, ((c, r), (x, y)) in enumerate(places)]
    write_points(path, GcpSet(tuple(gcps), wkt(UTM_33N)), grid_of(open_raster(RasterSource(source))))
    return read_like_qgis(path)


def read_like_qgis(path):
    """Returns the CRS of the first line and the (N, 5) numbers mapX, mapY, sourceX, sourceY, enable."""
    lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert lines[0].startswith("#CRS: ")
    crs = QgsCoordinateReferenceSystem.fromWkt(lines[0][len("#CRS: ") :])
    rows = [[float(field) for field in line.split(",")[:5]] for line in lines[2:]]
    return crs, np.array(rows)


def column_line(source, layer_xy):
    """QGIS's rule from a position in the layer to what its transformers take."""
    geotransform = gdal.Open(str(source)).GetGeoTransform(can_return_null=True)
    if geotransform is None:
        return layer_xy
    x0, dx, _, y0, _, dy = geotransform
    return np.column_stack([(layer_xy[:, 0] - x0) / dx, (y0 - layer_xy[:, 1]) / dy])


def test_the_crs_is_read(points):
    assert points[0].authid() == "EPSG:32633"


def test_each_source_position_shows_its_own_pixel_in_the_layer(source, points):
    layer = QgsRasterLayer(str(source), "sensed")
    for (column, row), (x, y) in zip(PIXELS, points[1][:, 2:4]):
        value, found = layer.dataProvider().sample(QgsPointXY(x, y), 1)
        assert found
        assert value == row * 64 + column


def test_the_georeferencer_gets_pixel_edge_columns_and_negative_rows(source, points):
    np.testing.assert_allclose(column_line(source, points[1][:, 2:4]), CENTRES * [1, -1], atol=1e-6)


@pytest.mark.parametrize("method", ["PolynomialOrder1", "Projective", "ThinPlateSpline"])
def test_its_transformers_map_other_pixels_right(source, points, method):
    method = getattr(QgsGcpTransformerInterface.TransformMethod, method)
    from_xy = [QgsPointXY(*xy) for xy in column_line(source, points[1][:, 2:4])]
    to_xy = [QgsPointXY(*xy) for xy in points[1][:, 0:2]]
    transformer = QgsGcpTransformerInterface.create(method)
    assert transformer.updateParametersFromGcps(from_xy, to_xy, invertYAxis=True)
    for column, row in [(20.0, 20.0), (50.25, 33.75)]:
        ok, x, y = transformer.transform(column, row)
        assert ok
        np.testing.assert_allclose([x, y], true_map([column, row])[0], atol=0.01)


def test_points_of_a_real_pair_agree_with_its_known_offset(provider, pair, tmp_path):
    truth = np.array(json.loads((SAMPLES / "georeferenced/truth.json").read_text())["sensed_to_reference"])
    path = tmp_path / "gcps.points"
    processing.run("ltformer:match", {
        "REFERENCE": str(pair[0]), "SENSED": str(pair[1]), "DESCRIPTOR": "rootsift", "POINTS_FILE": str(path),
    })  # fmt: skip
    crs, rows = read_like_qgis(path)
    assert crs.authid() == "EPSG:26917"
    rows = rows[rows[:, 4] == 1]
    assert len(rows) > 50
    window = [120, 100]  # of the pair in the sample
    sensed = column_line(pair[1], rows[:, 2:4]) * [1, -1] + window
    expected = (np.column_stack([sensed, np.ones(len(sensed))]) @ truth.T)[:, :2] - window
    x0, dx, _, y0, _, dy = gdal.Open(str(pair[0])).GetGeoTransform()
    reference = (rows[:, 0:2] - [x0, y0]) / [dx, dy]
    assert np.sqrt(np.mean((expected - reference) ** 2)) < 0.5
