"""What users and models rely on: ids, names of parameters and outputs, defaults, help, options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
)
from qgis.gui import QgsGui, QgsProcessingGui

from ltformer_qgis import settings
from tests.qgis.conftest import SAMPLES

INPUTS = ["REFERENCE", "REFERENCE_BAND", "SENSED", "SENSED_BAND", "TRANSFORM", "DESCRIPTOR", "MAX_OFFSET", "AOI"]
ADVANCED = ["WEIGHTS", "DEVICE", "BACKEND", "MAX_TIE_POINTS", "SEED", "RESAMPLING", "MIN_VERDICT"]
DESTINATIONS = ["TIE_POINTS", "WARPED", "POINTS_FILE", "REPORT", "RECORD"]
NUMBERS = ["RMSE_PX", "RMSE_MAP", "CE90_PX", "HELDOUT_RMSE_PX", "INLIERS", "COVERAGE", "VERDICT", "MODEL"]
ALGORITHMS = ["assess", "checkenvironment", "exportgcps", "match", "warp"]
ADVANCED_FLAG = QgsProcessingParameterDefinition.FlagAdvanced


def algorithms(provider):
    return {algorithm.name(): algorithm for algorithm in provider.algorithms()}


def test_the_provider_offers_its_algorithms(provider):
    assert provider.id() == "ltformer"
    assert sorted(algorithms(provider)) == sorted([*ALGORITHMS, "align_bands_and_ndvi"])
    assert provider.versionInfo() == "0.1.0"
    assert Path(provider.svgIconPath()).is_file()
    assert not provider.icon().isNull()


def test_names_of_match_are_the_contract(provider):
    match = algorithms(provider)["match"]
    parameters = match.parameterDefinitions()
    assert [parameter.name() for parameter in parameters] == INPUTS + ADVANCED + DESTINATIONS
    assert [p.name() for p in parameters if p.flags() & ADVANCED_FLAG] == ADVANCED
    assert [output.name() for output in match.outputDefinitions()] == DESTINATIONS + NUMBERS


def test_names_of_the_others_are_the_contract(provider):
    names = {
        name: [p.name() for p in algorithm.parameterDefinitions()] for name, algorithm in algorithms(provider).items()
    }
    assert names["assess"] == [*INPUTS, *ADVANCED[:5], "OFFSETS", "REPORT", "RECORD"]
    assert names["warp"] == ["SENSED", "SOLUTION", "TRANSFORM", "RESAMPLING", "GRID", "LOAD", "FOLDER", "WARPED"]
    assert names["exportgcps"] == ["TIE_POINTS", "SENSED", "POINTS_FILE", "VRT", "CSV", "COPY"]


def test_choices_and_defaults_of_match(provider):
    match = algorithms(provider)["match"]
    chosen = {
        parameter.name(): (parameter.options(), parameter.options()[parameter.defaultValue()])
        for parameter in match.parameterDefinitions()
        if isinstance(parameter, QgsProcessingParameterEnum)
    }
    assert chosen["TRANSFORM"] == (
        ["auto", "shift", "similarity", "affine", "projective", "poly2", "poly3", "tps"],
        "auto",
    )
    assert chosen["DESCRIPTOR"] == (["ltformer", "rootsift"], "ltformer")
    assert chosen["BACKEND"] == (["auto", "torch", "onnx", "openvino"], "auto")
    assert chosen["MIN_VERDICT"] == (["pass", "warn", "fail"], "warn")
    assert match.parameterDefinition("MAX_OFFSET").defaultValue() == "100"
    assert match.parameterDefinition("REFERENCE_BAND").defaultValue() is None


@pytest.mark.parametrize("name", ALGORITHMS)
def test_everything_is_explained(provider, name):
    algorithm = algorithms(provider)[name]
    assert (algorithm.groupId(), algorithm.group()) == ("coregistration", "Co-registration")
    picture = re.search(r'<img src="file://([^"]+)"', algorithm.shortHelpString())
    assert picture is not None
    assert Path(picture[1]).is_file()
    assert Path(algorithm.svgIconPath()).is_file()
    assert algorithm.shortDescription()
    assert not algorithm.icon().isNull()
    for parameter in algorithm.parameterDefinitions():
        assert parameter.help(), parameter.name()
        assert parameter.description(), parameter.name()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithms_run_in_the_background_and_can_be_cancelled(provider, name):
    flags = algorithms(provider)[name].flags()
    assert not flags & QgsProcessingAlgorithm.FlagNoThreading
    assert flags & QgsProcessingAlgorithm.FlagCanCancel


def test_the_python_of_the_engine_is_an_option_of_processing(provider):
    from processing.core.ProcessingConfig import ProcessingConfig  # noqa: PLC0415 - as above

    assert settings.python_setting() == ""
    ProcessingConfig.setSettingValue(settings.PYTHON_SETTING, "/some/python")
    try:
        assert settings.python_setting() == "/some/python"
    finally:
        QgsSettings().remove("Processing/Configuration/" + settings.PYTHON_SETTING)


def offered(algorithm, name, context):
    """Returns the layer that the dialog of an algorithm begins with."""
    registry, kind = QgsGui.processingGuiRegistry(), QgsProcessingGui.WidgetType.Standard
    wrapper = registry.createParameterWidgetWrapper(algorithm.parameterDefinition(name), kind)
    widget = wrapper.createWrappedWidget(context)
    value = wrapper.parameterValue()
    widget.deleteLater()
    return value


@pytest.mark.parametrize("algorithm_id", ["ltformer:match", "ltformer:assess"])
def test_the_dialog_begins_with_two_different_layers(provider, context, qgis_new_project, algorithm_id):
    for name in ("red", "nir"):
        QgsProject.instance().addMapLayer(QgsRasterLayer(str(SAMPLES / "orchard" / f"{name}.tif"), name))
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(algorithm_id)
    rasters = [offered(algorithm, name, context) for name in ("REFERENCE", "SENSED")]
    assert set(rasters) == set(QgsProject.instance().mapLayers())
