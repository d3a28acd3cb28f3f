"""ltformer:exportgcps: what the Georeferencer, GDAL and a spreadsheet get of a tie point layer."""

from __future__ import annotations

import csv

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsVectorLayer,
)

from ltcore.config import RasterSource
from ltcore.gcp import read_points
from ltcore.raster.read import grid_of, open_raster
from ltformer_qgis.point_layers import TIE_POINT_FIELDS, fields_of
from tests.data.make_rasters import VARIANTS, make_raster

pytestmark = pytest.mark.usefixtures("provider")

PIXELS = np.array([[c + 0.5, r + 0.25] for c in (3, 31, 60) for r in (4, 22, 43)])
PLACES = PIXELS * [2, -2] + [500_100, 5_600_200]


def tie_points(crs="EPSG:32633"):
    """A memory layer as ltformer:match leaves it; the last point is disabled."""
    layer = QgsVectorLayer("Point", "ties", "memory")
    layer.setCrs(QgsCoordinateReferenceSystem(crs) if crs else QgsCoordinateReferenceSystem())
    layer.dataProvider().addAttributes(fields_of(TIE_POINT_FIELDS).toList())
    layer.updateFields()
    for number, (pixel, place) in enumerate(zip(PIXELS, PLACES)):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(*place)))
        for name, value in (("id", number + 1), ("enabled", int(number < 8)), ("sensed_x", pixel[0])):
            feature[name] = float(value) if name == "sensed_x" else int(value)
        feature["sensed_y"] = float(pixel[1])
        layer.dataProvider().addFeature(feature)
    return layer


def export(layer, sensed, **files):
    wanted = {name: str(path) for name, path in files.items()}
    return processing.run("ltformer:exportgcps", {"TIE_POINTS": layer, "SENSED": str(sensed), **wanted})


def grid(path):
    return grid_of(open_raster(RasterSource(path)))


@pytest.mark.parametrize("kind", ["plain", "georeferenced", "geotransform_only", "south_up"])
def test_points_come_back_from_the_file(tmp_path, kind):
    sensed = VARIANTS[kind](tmp_path / "sensed.tif")
    results = export(tie_points(), sensed, POINTS_FILE=tmp_path / "a.points")
    assert results == {"POINTS_FILE": str(tmp_path / "a.points"), "COUNT": 9, "ENABLED": 8}
    found = read_points(tmp_path / "a.points", grid(sensed))
    np.testing.assert_allclose(found.source_xy(), PIXELS, atol=1e-6)
    np.testing.assert_allclose(found.map_xy(), PLACES, atol=1e-6)
    assert [gcp.enabled for gcp in found.gcps] == [True] * 8 + [False]
    assert QgsCoordinateReferenceSystem.fromWkt(found.crs_wkt).authid() == "EPSG:32633"


def test_a_layer_without_crs_gives_a_file_without_one(tmp_path):
    sensed = VARIANTS["plain"](tmp_path / "sensed.tif")
    export(tie_points(crs=""), sensed, POINTS_FILE=tmp_path / "a.points")
    assert not (tmp_path / "a.points").read_text().startswith("#CRS")


def test_a_rotated_raster_is_refused_with_the_reason_and_its_copy_offered(tmp_path):
    sensed = VARIANTS["rotated"](tmp_path / "sensed.tif")
    with pytest.raises(QgsProcessingException, match=r"rotated geotransform.*Set 'Copy without geotransform'"):
        export(tie_points(), sensed, POINTS_FILE=tmp_path / "a.points")
    assert [path.name for path in tmp_path.iterdir()] == ["sensed.tif"]
    export(tie_points(), sensed, POINTS_FILE=tmp_path / "a.points", COPY=tmp_path / "copy.tif")
    assert gdal.Open(str(tmp_path / "copy.tif")).GetGeoTransform(can_return_null=True) is None
    np.testing.assert_allclose(read_points(tmp_path / "a.points", grid(tmp_path / "copy.tif")).source_xy(), PIXELS)


def test_the_vrt_of_a_rotated_raster_needs_no_copy(tmp_path):
    sensed = VARIANTS["rotated"](tmp_path / "sensed.tif")
    export(tie_points(), sensed, VRT=tmp_path / "out" / "a.vrt", CSV=tmp_path / "out" / "a.csv")
    vrt = gdal.Open(str(tmp_path / "out" / "a.vrt"))
    assert vrt.GetGCPCount() == 8
    np.testing.assert_array_equal(vrt.ReadAsArray(), gdal.Open(str(sensed)).ReadAsArray())
    assert str(tmp_path) not in (tmp_path / "out" / "a.vrt").read_text()
    with (tmp_path / "out" / "a.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 9


def test_only_selected_points_when_the_user_says_so(tmp_path, qgis_new_project):
    sensed, layer = VARIANTS["plain"](tmp_path / "sensed.tif"), tie_points()
    QgsProject.instance().addMapLayer(layer)
    layer.selectByExpression('"id" <= 4')
    selected = QgsProcessingFeatureSourceDefinition(layer.id(), selectedFeaturesOnly=True)
    assert export(selected, sensed, CSV=tmp_path / "a.csv")["COUNT"] == 4


def test_a_point_drawn_by_hand_is_refused_by_its_number(tmp_path):
    sensed, layer = VARIANTS["plain"](tmp_path / "sensed.tif"), tie_points()
    drawn = QgsFeature(layer.fields())
    drawn.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(1, 1)))
    layer.dataProvider().addFeature(drawn)
    with pytest.raises(QgsProcessingException, match="Point 10 has no position in both images"):
        export(layer, sensed, CSV=tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


BAD = {
    "other layer": ({"TIE_POINTS": "roads"}, r"is no layer of tie points: it has no field sensed_x, sensed_y, enabled"),
    "missing layer": ({"TIE_POINTS": "/none.gpkg"}, r"'/none\.gpkg' are no vector layer"),
    "missing raster": ({"SENSED": "/none.tif"}, r"The sensed raster '/none\.tif' does not exist"),
    "nothing to write": ({"CSV": None}, r"Choose at least one file"),
    "ending": ({"VRT": "/tmp/a.xml"}, r"must end in \.vrt"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused(tmp_path, case):
    changes, sentence = BAD[case]
    sensed = VARIANTS["plain"](tmp_path / "sensed.tif")
    wanted = {"TIE_POINTS": tie_points(), "SENSED": str(sensed), "CSV": str(tmp_path / "a.csv"), **changes}
    if wanted["TIE_POINTS"] == "roads":
        wanted["TIE_POINTS"] = QgsVectorLayer("Point?field=name:string", "roads", "memory")
    with pytest.raises(QgsProcessingException, match=sentence):
        processing.run("ltformer:exportgcps", {name: value for name, value in wanted.items() if value is not None})
    assert [path.name for path in tmp_path.iterdir()] == ["sensed.tif"]


def test_points_of_another_raster_are_refused(tmp_path):
    with pytest.raises(QgsProcessingException, match=r"not found on 'small\.tif'"):
        export(tie_points(), make_raster(tmp_path / "small.tif", size=(32, 32)), CSV=tmp_path / "a.csv")
