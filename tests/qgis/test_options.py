"""The page in the Options dialog: it shows and stores the settings, and says whether the engine runs."""

from __future__ import annotations

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtGui import QIcon

from ltformer_qgis import settings
from ltformer_qgis.algorithms.match_inputs import MatchInputs
from ltformer_qgis.algorithms.match_layers import MatchLayers
from ltformer_qgis.options import LTFormerOptions
from tests.qgis.waiting import wait_until

KEYS = ("ltformer/device", "ltformer/backend", "ltformer/weights_folder", "ltformer/threads")


@pytest.fixture(autouse=True)
def clean():
    yield
    for key in (*KEYS, "Processing/Configuration/" + settings.PYTHON_SETTING):
        QgsSettings().remove(key)


@pytest.fixture
def page(qgis_app):
    factory = LTFormerOptions(QIcon())
    assert factory.title() == "LTFormer"
    page = factory.createWidget(None)
    yield page
    wait_until(page.check.isEnabled)
    page.deleteLater()


def test_what_is_chosen_is_stored_and_shown_again(page, tmp_path):
    page.python.setFilePath("/my/python")
    page.device.setCurrentText("cuda:1")
    page.backend.setCurrentText("torch")
    page.weights_folder.setFilePath(str(tmp_path))
    page.threads.setValue(2)
    page.apply()
    found = settings.device(), settings.backend(), settings.weights_folder(), settings.threads()
    assert found == ("cuda:1", "torch", str(tmp_path), 2)
    assert settings.python_setting() == "/my/python"
    again = LTFormerOptions(QIcon()).createWidget(None)
    assert (again.device.currentText(), again.threads.value()) == ("cuda:1", 2)
    wait_until(again.check.isEnabled)
    assert "/my/python" in again.state.text()  # why the engine does not run
    again.deleteLater()


def test_the_device_and_the_reason_are_shown(page):
    wait_until(page.check.isEnabled)
    assert page.state.text().startswith(("CPU", "GPU", "cuda", "CUDA"))


def config(context, **values):
    algorithm = MatchLayers()
    algorithm.initAlgorithm()
    return MatchInputs(algorithm, values, context).config()["features"]


def test_auto_is_what_the_options_say_and_a_choice_stands(context, tmp_path):
    assert config(context)["device"] == "auto"
    settings.store(device="cpu", backend="torch", weights_folder=str(tmp_path), threads=1)
    (tmp_path / "mine.safetensors").write_bytes(b"")
    found = config(context, WEIGHTS="mine")
    assert (found["device"], found["backend"]) == ("cpu", "torch")
    assert found["weights"] == str(tmp_path / "mine.safetensors")
    assert config(context, DEVICE="cuda:1")["device"] == "cuda:1"
    assert config(context)["weights"] == "ltformer-d128"
