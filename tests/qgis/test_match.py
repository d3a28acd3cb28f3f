"""ltformer:match through processing.run, with the real engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import processing
import pytest
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpression,
    QgsExpressionContext,
    QgsFeature,
    QgsGeometry,
    QgsProcessingAlgRunnerTask,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QEventLoop, QTimer

from ltformer_qgis.result_layers import ResultLayer
from tests.qgis.profiles import ROOT

pytestmark = pytest.mark.usefixtures("provider")

TRUTH = json.loads((ROOT / "samples/georeferenced/truth.json").read_text())["sensed_to_reference"]
WINDOW = np.array([120, 100])  # of the `pair` fixture in the sample


def parameters(pair, folder, **changes):
    """Parameters of a quick run with every output."""
    values = {
        "REFERENCE": str(pair[0]), "SENSED": str(pair[1]), "DESCRIPTOR": "rootsift", "DEVICE": "cpu",
        "TIE_POINTS": str(folder / "ties.gpkg"), "WARPED": str(folder / "warped.tif"),
        "POINTS_FILE": str(folder / "gcps.points"), "REPORT": str(folder / "report.html"),
        "RECORD": str(folder / "record.json"), **changes,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}


def engine_folders():
    return list(Path(QgsProcessingUtils.tempFolder()).glob("ltformer_*"))


@pytest.fixture(scope="module")
def run(provider, pair, tmp_path_factory):
    """One run with all outputs: (results, folder)."""
    folder = tmp_path_factory.mktemp("run")
    return processing.run("ltformer:match", parameters(pair, folder)), folder


def test_numbers_and_verdict_come_back(run):
    results, _ = run
    assert results["VERDICT"] == "PASS"
    assert results["MODEL"] in ("shift", "similarity", "affine", "projective")
    assert results["INLIERS"] > 50
    assert 0 < results["RMSE_PX"] < 1
    assert results["RMSE_MAP"] == pytest.approx(results["RMSE_PX"], rel=0.01)  # pixels of 1 m
    assert 0 < results["HELDOUT_RMSE_PX"] < 1
    assert 0 < results["CE90_PX"] < 2
    assert 0.5 < results["COVERAGE"] <= 1


def test_every_output_is_where_it_was_asked_for_and_nothing_else(run):
    _, folder = run
    names = {path.name for path in folder.iterdir()}
    assert names == {"ties.gpkg", "warped.tif", "gcps.points", "report.html", "record.json"}
    assert not engine_folders()
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    assert json.loads((folder / "record.json").read_text(encoding="utf-8"))["quality"]


def test_tie_points_lie_at_the_reference_position_in_its_crs(run, pair):
    _, folder = run
    layer = QgsVectorLayer(str(folder / "ties.gpkg"), "", "ogr")
    geotransform = gdal.Open(str(pair[0])).GetGeoTransform()
    assert layer.crs().authid() == "EPSG:26917"
    wanted = {
        "id", "enabled", "sensed_x", "sensed_y", "reference_x", "reference_y",
        "residual_px", "dx_px", "dy_px", "heldout_px", "score",
    }  # fmt: skip
    assert wanted <= set(layer.fields().names())
    assert sum(feature["enabled"] for feature in layer.getFeatures()) == run[0]["INLIERS"]
    for feature in layer.getFeatures():
        x, y = gdal.ApplyGeoTransform(geotransform, feature["reference_x"], feature["reference_y"])
        assert feature.geometry().asPoint().distance(x, y) < 1e-6


def test_tie_points_agree_with_the_known_offset(run):
    layer = QgsVectorLayer(str(run[1] / "ties.gpkg"), "", "ogr")
    rows = [[f["sensed_x"], f["sensed_y"], f["reference_x"], f["reference_y"]]
            for f in layer.getFeatures() if f["enabled"]]  # fmt: skip
    rows = np.array(rows)
    sensed = np.column_stack([rows[:, :2] + WINDOW, np.ones(len(rows))])
    expected = (sensed @ np.array(TRUTH).T)[:, :2] - WINDOW
    assert np.sqrt(np.mean((expected - rows[:, 2:]) ** 2)) < 0.5


def test_the_warped_raster_has_the_grid_of_the_reference_and_the_pixels_of_the_sensed(run, pair):
    warped, reference, sensed = (gdal.Open(str(path)) for path in (run[1] / "warped.tif", *pair))
    assert warped.GetGeoTransform() == reference.GetGeoTransform()
    assert (warped.RasterXSize, warped.RasterYSize) == (reference.RasterXSize, reference.RasterYSize)
    assert warped.RasterCount == sensed.RasterCount
    assert warped.GetRasterBand(1).DataType == sensed.GetRasterBand(1).DataType


def test_only_wanted_outputs_are_written_and_choices_go_by_number_too(pair, tmp_path):
    wanted = parameters(pair, tmp_path, TRANSFORM=3, DESCRIPTOR=1, TIE_POINTS=None, WARPED=None, POINTS_FILE=None,
                        REPORT=None)  # fmt: skip
    results = processing.run("ltformer:match", wanted)
    assert results["MODEL"] == "affine"
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
    assert "WARPED" not in results


def test_an_earlier_output_is_replaced(pair, tmp_path):
    (tmp_path / "record.json").write_text("old")
    wanted = parameters(pair, tmp_path, TIE_POINTS=None, WARPED=None, POINTS_FILE=None, REPORT=None)
    processing.run("ltformer:match", wanted)
    assert (tmp_path / "record.json").read_text() != "old"


def test_bands_and_layers_of_the_project(pair, tmp_path, qgis_new_project):

    layer = QgsRasterLayer(str(pair[0]), "visible")
    QgsProject.instance().addMapLayer(layer)
    wanted = parameters(pair, tmp_path, REFERENCE=layer.id(), REFERENCE_BAND=2, WARPED=None, REPORT=None)
    processing.run("ltformer:match", wanted)
    record = (tmp_path / "record.json").read_text()
    assert '"band": 2' in record


def test_folders_with_spaces_and_foreign_letters(pair, tmp_path):
    folder = tmp_path / "Möhne see" / "çöp & 日本"
    folder.mkdir(parents=True)
    copies = [Path(shutil.copy(path, folder / f"{path.stem} ä.tif")) for path in pair]
    results = processing.run("ltformer:match", parameters(copies, folder / "out"))
    assert results["VERDICT"] == "PASS"
    assert {path.name for path in (folder / "out").iterdir()} >= {"warped.tif", "gcps.points", "report.html"}


def test_plain_images_get_points_where_qgis_draws_them(pair, tmp_path):
    plain = [tmp_path / f"{path.stem}.png" for path in pair]
    for source, target in zip(pair, plain):
        gdal.Translate(str(target), str(source), format="PNG")
        target.with_name(target.name + ".aux.xml").unlink(missing_ok=True)
    layer = processing.run("ltformer:match", parameters(plain, tmp_path / "out", TIE_POINTS="memory:"))["TIE_POINTS"]
    assert layer.featureCount() > 50
    for feature in layer.getFeatures():
        point = feature.geometry().asPoint()
        assert (point.x(), -point.y()) == pytest.approx((feature["reference_x"], feature["reference_y"]))


def test_without_a_band_the_luminance_of_a_colour_image_is_matched(run):
    assert '"band": "luminance"' in (run[1] / "record.json").read_text()


def test_an_area_of_interest_in_another_crs_limits_the_tie_points(pair, tmp_path):
    reference = gdal.Open(str(pair[0]))
    x0, pixel, _, y0, _, _ = reference.GetGeoTransform()
    half = QgsRectangle(x0, y0 - reference.RasterYSize * pixel, x0 + reference.RasterXSize / 2 * pixel, y0)
    area = QgsGeometry.fromRect(half)
    utm, wgs84 = QgsCoordinateReferenceSystem("EPSG:26917"), QgsCoordinateReferenceSystem("EPSG:4326")

    area.transform(QgsCoordinateTransform(utm, wgs84, QgsProject.instance()))
    layer = QgsVectorLayer("Polygon?crs=EPSG:4326", "area", "memory")
    feature = QgsFeature()
    feature.setGeometry(area)
    layer.dataProvider().addFeature(feature)
    wanted = parameters(pair, tmp_path, AOI=layer, WARPED=None, REPORT=None, MIN_VERDICT="fail")
    processing.run("ltformer:match", wanted)
    points = QgsVectorLayer(str(tmp_path / "ties.gpkg"), "", "ogr")
    assert points.featureCount() > 20
    assert all(half.buffered(1).contains(point.geometry().asPoint()) for point in points.getFeatures())


def test_a_fail_without_a_warped_raster_returns_its_verdict(unrelated, tmp_path):
    results = processing.run("ltformer:match", parameters(unrelated, tmp_path, WARPED=None))
    assert results["VERDICT"] == "FAIL"
    assert (tmp_path / "report.html").is_file()


def test_a_fail_with_a_warped_raster_is_an_error_that_keeps_the_evidence(unrelated, tmp_path):
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("ltformer:match", parameters(unrelated, tmp_path))
    message = str(caught.value)
    assert "FAIL" in message
    assert str(tmp_path / "report.html") in message
    assert {path.name for path in tmp_path.iterdir()} >= {"report.html", "record.json"}
    assert not (tmp_path / "warped.tif").exists()


def test_a_destination_that_cannot_be_written_leaves_nothing(pair, tmp_path):
    (tmp_path / "file").write_text("")
    wanted = parameters(pair, tmp_path, RECORD=str(tmp_path / "file" / "record.json"))
    with pytest.raises(QgsProcessingException, match="could not be written"):
        processing.run("ltformer:match", wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert not engine_folders()


def test_loaded_tie_points_are_styled_by_residual(run):
    layer = QgsVectorLayer(str(run[1] / "ties.gpkg"), "", "ogr")
    ResultLayer("tie_points", "").postProcessLayer(layer, None, None)
    assert layer.crs().authid() == "EPSG:26917"
    renderer = layer.renderer()
    assert isinstance(renderer, QgsRuleBasedRenderer)
    expressions = [QgsExpression(rule.filterExpression()) for rule in renderer.rootRule().children()]
    scope = QgsExpressionContext()
    scope.setFields(layer.fields())
    for feature in layer.getFeatures():
        scope.setFeature(feature)
        assert sum(bool(expression.evaluate(scope)) for expression in expressions) == 1
    ResultLayer("tie_points", "", has_crs=False).postProcessLayer(layer, None, None)
    assert not layer.crs().isValid()


def test_a_run_in_the_background_loads_styled_layers_into_the_project(match, context, feedback, pair, qgis_new_project):
    from processing.gui.Postprocessing import handleAlgorithmResults  # noqa: PLC0415 - QGIS's, once it is initialised

    results, loop = {}, QEventLoop()
    wanted = parameters(pair, Path("unused"), TIE_POINTS="TEMPORARY_OUTPUT", WARPED="TEMPORARY_OUTPUT",
                        POINTS_FILE=None, REPORT=None, RECORD=None)  # fmt: skip
    for name, label in (("TIE_POINTS", "points"), ("WARPED", "aligned")):
        definition = QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", qgis_new_project)
        definition.destinationName = label
        wanted[name] = definition
    task = QgsProcessingAlgRunnerTask(match, wanted, context, feedback)
    task.executed.connect(lambda ok, values: (results.update(values), loop.quit()))
    QgsApplication.taskManager().addTask(task)
    QTimer.singleShot(60_000, loop.quit)
    loop.exec_() if hasattr(loop, "exec_") else loop.exec()
    assert results["VERDICT"] == "PASS"
    assert len(context.layersToLoadOnCompletion()) == 2
    assert handleAlgorithmResults(match, context, feedback, parameters=wanted)
    layers = {layer.name(): layer for layer in qgis_new_project.mapLayers().values()}
    assert set(layers) == {"points", "aligned"}
    assert isinstance(layers["points"].renderer(), QgsRuleBasedRenderer)
    assert layers["aligned"].isValid()
    group = qgis_new_project.layerTreeRoot().findGroup("LTFormer: nir → visible")
    assert {node.layer().name() for node in group.findLayers()} == {"points", "aligned"}
    assert len(feedback.progress) > 3
