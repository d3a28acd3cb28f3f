"""Layers as paths the engine can open, and sentences about those it cannot."""

from __future__ import annotations

import zipfile

import pytest
from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from ltformer_qgis.algorithms.match_layers import MatchLayers
from ltformer_qgis.layers import InputProblem, check_band, check_pair, raster_input, subdatasets
from tests.data.make_rasters import NORTH_UP, UTM_33N, VARIANTS, make_raster

FAR = (900_000.0, 2.0, 0.0, 5_600_000.0, 0.0, -2.0)


def facts(path):
    layer = QgsRasterLayer(str(path), "layer")
    assert layer.isValid()
    return raster_input(layer)


def check(reference, sensed, project, bands=(1, 1)):
    check_pair(reference, sensed, bands, project.transformContext())


@pytest.fixture
def geo(tmp_path):
    return VARIANTS["georeferenced"](tmp_path / "geo.tif")


def test_a_file_is_its_absolute_path(geo, monkeypatch):
    monkeypatch.chdir(geo.parent)
    found = facts("geo.tif")
    assert found.path == str(geo)
    assert found.is_georeferenced
    assert found.warnings() == []


def test_open_options_are_cut_off_and_mentioned(geo):
    found = facts(f"{geo}|option:NUM_THREADS=2")
    assert found.path == str(geo)
    assert "open options" in found.warnings()[0]


def test_a_table_of_a_geopackage_keeps_its_name(geo, tmp_path):
    path = tmp_path / "rasters.gpkg"
    for table in ("first", "second"):
        gdal.Translate(
            str(path), str(geo), format="GPKG", creationOptions=[f"RASTER_TABLE={table}", "APPEND_SUBDATASET=YES"]
        )
    found = facts(f"GPKG:{path}:second")
    assert found.path == f"GPKG:{path}:second"
    assert gdal.Open(found.path) is not None


def test_a_table_named_from_the_current_folder_is_absolute(geo, tmp_path, monkeypatch):
    gdal.Translate(str(tmp_path / "one.gpkg"), str(geo), format="GPKG", creationOptions=["RASTER_TABLE=table"])
    monkeypatch.chdir(tmp_path)
    assert facts("GPKG:one.gpkg:table").path == f"GPKG:{tmp_path}/one.gpkg:table"


def test_virtual_rasters_and_archives_are_paths_too(geo, tmp_path):
    gdal.BuildVRT(str(tmp_path / "a.vrt"), [str(geo)])
    assert facts(tmp_path / "a.vrt").path == str(tmp_path / "a.vrt")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(geo, "geo.tif")
    assert facts(f"/vsizip/{tmp_path}/a.zip/geo.tif").path == f"/vsizip/{tmp_path}/a.zip/geo.tif"


def test_memory_and_web_layers_are_refused(geo):
    gdal.Translate("/vsimem/in-memory.tif", str(geo))
    with pytest.raises(InputProblem, match="only in QGIS's memory"):
        facts("/vsimem/in-memory.tif")
    web = QgsRasterLayer("type=xyz&url=http://localhost/{z}/{x}/{y}.png&zmax=1", "tiles", "wms")
    with pytest.raises(
        InputProblem,
        match=r"'tiles' is a web map \(WMS, WMTS or XYZ tiles\), .* export the part you need",
    ):
        raster_input(web)


def test_a_subset_of_bands_is_what_the_layer_shows(tmp_path):
    four = VARIANTS["uint16"](tmp_path / "four.tif")
    gdal.Translate(str(tmp_path / "two.vrt"), str(four), bandList=[4, 1])
    assert facts(tmp_path / "two.vrt").band_count == 2
    view = facts(f"vrt://{four}?bands=4,1")  # it exists by its name only, which the engine could not open
    assert view.band_count == 2
    whole, seen = gdal.Open(str(four)), gdal.Open(view.path)
    assert (seen.GetRasterBand(1).ReadAsArray() == whole.GetRasterBand(4).ReadAsArray()).all()


def test_a_layer_of_an_expression_is_refused(geo, qgis_new_project):
    calculated = QgsRasterLayer(
        "?crs=EPSG:32633&extent=500000,5599904,500128,5600000&width=64&height=48&formula=%22geo@1%22"
        f"&geo:uri={geo}&geo:provider=gdal", "sum", "virtualraster",
    )  # fmt: skip
    with pytest.raises(InputProblem, match=r"'sum' is an expression over other rasters.*Export"):
        raster_input(calculated)


def test_a_file_of_several_rasters_names_them(geo, tmp_path):
    for table in ("first", "second"):
        gdal.Translate(
            str(tmp_path / "two.gpkg"), str(geo), format="GPKG",
            creationOptions=[f"RASTER_TABLE={table}", "APPEND_SUBDATASET=YES"],
        )  # fmt: skip
    assert subdatasets(str(tmp_path / "two.gpkg")) == [
        f"GPKG:{tmp_path}/two.gpkg:{name}" for name in ("first", "second")
    ]
    assert subdatasets(str(geo)) == []


# The area of interest, from layers of every kind.


def polygons(source, provider, crs="EPSG:4326"):
    layer = QgsVectorLayer(source, "area", provider)
    if provider == "memory":
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(15, 50, 15.01, 50.01)))
        layer.dataProvider().addFeatures([feature, feature])
    layer.setCrs(QgsCoordinateReferenceSystem(crs))
    return layer


@pytest.fixture
def aoi_file(tmp_path, context):
    """What the engine gets for an AOI."""
    algorithm = MatchLayers()
    algorithm.initAlgorithm()
    algorithm._folder = tmp_path / "run"
    return lambda value: algorithm._aoi_file({"AOI": value}, context)


def written(layer, path):
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", "area"
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsProject.instance().transformContext(), options)
    return path


def test_an_area_in_a_file_is_that_file(aoi_file, tmp_path):
    path = written(polygons("Polygon?crs=EPSG:4326", "memory"), tmp_path / "area.gpkg")
    assert aoi_file(QgsVectorLayer(str(path), "area", "ogr")) == str(path)
    assert aoi_file(None) is None


@pytest.mark.parametrize("change", ["memory", "filter", "crs", "edit", "selection"])
def test_an_area_that_no_file_holds_is_written(aoi_file, tmp_path, qgis_new_project, change):
    layer = value = polygons("Polygon?crs=EPSG:4326", "memory")
    if change != "memory":
        layer = value = QgsVectorLayer(str(written(layer, tmp_path / "area.gpkg")), "area", "ogr")
    if change == "filter":
        layer.setSubsetString('"fid" = 1')
    if change == "crs":
        layer.setCrs(QgsCoordinateReferenceSystem("EPSG:4258"))
    if change == "edit":
        layer.startEditing()
        layer.deleteFeature(1)
    if change == "selection":
        QgsProject.instance().addMapLayer(layer)
        layer.selectByIds([1])
        value = QgsProcessingFeatureSourceDefinition(layer.id(), selectedFeaturesOnly=True)
    found = QgsVectorLayer(aoi_file(value), "found", "ogr")
    assert found.source().startswith(str(tmp_path / "run"))
    assert found.featureCount() == (2 if change in ("memory", "crs") else 1)
    assert found.crs().authid() == ("EPSG:4258" if change == "crs" else "EPSG:4326")
    layer.rollBack()


@pytest.mark.parametrize(
    ("kind", "georeferenced"),
    [("plain", False), ("geotransform_only", False), ("georeferenced", True), ("south_up", True), ("rotated", True)],
)
def test_georeference_is_what_the_file_says(tmp_path, kind, georeferenced):
    assert facts(VARIANTS[kind](tmp_path / "a.tif")).is_georeferenced == georeferenced


def test_a_crs_that_only_qgis_knows_is_mentioned(tmp_path):
    layer = QgsRasterLayer(str(VARIANTS["geotransform_only"](tmp_path / "a.tif")), "layer")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32633"))
    found = raster_input(layer)
    assert not found.is_georeferenced
    assert "has no CRS of its own" in found.warnings()[0]


def test_bands_are_counted(tmp_path, geo):
    with pytest.raises(InputProblem, match=r"Band 4 was requested but 'geo.tif' has 1 band\."):
        check_band(facts(geo), 4)
    with pytest.raises(InputProblem, match="has 4 bands"):
        check_band(facts(VARIANTS["uint16"](tmp_path / "four.tif")), 5)
    check_band(facts(geo), 1)
    check_band(facts(geo), "luminance")


def test_rasters_far_apart_are_refused_with_the_distance(tmp_path, geo, qgis_new_project):
    far = make_raster(tmp_path / "far.tif", geotransform=FAR, epsg=UTM_33N)
    with pytest.raises(InputProblem, match=r"do not overlap: their extents are 399\.9 km apart"):
        check(facts(geo), facts(far), qgis_new_project)


def test_overlap_is_judged_across_crs(tmp_path, geo, qgis_new_project):
    near = gdal.Warp(str(tmp_path / "near.tif"), str(geo), dstSRS="EPSG:4326")
    del near
    check(facts(geo), facts(tmp_path / "near.tif"), qgis_new_project)
    degrees = make_raster(tmp_path / "deg.tif", geotransform=(-60.0, 1e-5, 0.0, 10.0, 0.0, -1e-5), epsg=4326)
    with pytest.raises(InputProblem, match="degrees apart"):
        check(facts(degrees), facts(geo), qgis_new_project)


def test_without_georeference_nothing_is_known_about_overlap(tmp_path, geo, qgis_new_project):
    check(facts(geo), facts(VARIANTS["plain"](tmp_path / "plain.tif")), qgis_new_project)
    same_numbers = make_raster(tmp_path / "no_crs.tif", geotransform=FAR)
    check(facts(geo), facts(same_numbers), qgis_new_project)
    assert NORTH_UP != FAR


def test_one_band_of_one_file_is_no_pair_but_two_are(tmp_path, qgis_new_project):
    four = facts(VARIANTS["uint16"](tmp_path / "four.tif"))
    with pytest.raises(InputProblem, match="same band"):
        check(four, four, qgis_new_project, (2, 2))
    check(four, four, qgis_new_project, (1, 4))
