"""Fixtures of the tests in real QGIS: the provider, small pairs, the engine's Python."""

from __future__ import annotations

import os
import sys

import pytest
from osgeo import gdal
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject

from ltformer_qgis import engine
from ltformer_qgis.provider import LTFormerProvider
from tests.data.make_rasters import make_raster, texture, to_bytes
from tests.qgis.profiles import ROOT, Profile

SAMPLES = ROOT / "samples"


@pytest.fixture(autouse=True, scope="session")
def engine_python():
    """The engine runs in the Python of the tests."""
    before = os.environ.get("LTFORMER_PYTHON")
    os.environ["LTFORMER_PYTHON"] = sys.executable
    yield
    engine.stop_all()
    if before is None:
        del os.environ["LTFORMER_PYTHON"]
    else:
        os.environ["LTFORMER_PYTHON"] = before


@pytest.fixture(scope="module")
def provider(qgis_processing):
    provider = LTFormerProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    yield provider
    QgsApplication.processingRegistry().removeProvider(provider)


@pytest.fixture
def match(provider):
    """A fresh ltformer:match."""
    return QgsApplication.processingRegistry().createAlgorithmById("ltformer:match")


@pytest.fixture
def feedback():
    return RecordingFeedback()


@pytest.fixture
def context():
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    yield context
    # pytest lets go of the context only after QGIS has ended, and no layer may outlive QGIS.
    context.temporaryLayerStore().removeAllMapLayers()


class RecordingFeedback(QgsProcessingFeedback):
    """Feedback that keeps what it is told."""

    def __init__(self):
        super().__init__(False)
        self.progress, self.texts, self.warnings, self.errors = [], [], [], []
        self.progressChanged.connect(self.progress.append)

    def setProgressText(self, text):
        self.texts.append(text)

    def pushWarning(self, text):
        self.warnings.append(text)

    def reportError(self, text, _is_fatal=False):
        self.errors.append(text)


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """A window of the georeferenced sample: (visible with 3 bands, nir), 300 x 260 px."""
    folder = tmp_path_factory.mktemp("pair")
    for name in ("visible", "nir"):
        source = str(SAMPLES / "georeferenced" / f"{name}.tif")
        gdal.Translate(str(folder / f"{name}.tif"), source, srcWin=[120, 100, 300, 260])
    return folder / "visible.tif", folder / "nir.tif"


@pytest.fixture(scope="session")
def unrelated(tmp_path_factory):
    """Two rasters that show different things."""
    folder = tmp_path_factory.mktemp("unrelated")
    paths = [make_raster(folder / f"{seed}.tif", to_bytes(texture(220, 180, seed))) for seed in (1, 2)]
    return tuple(paths)


@pytest.fixture(scope="session")
def profile(tmp_path_factory):
    """A QGIS profile that runs the plugin from the working tree."""
    profile = Profile(tmp_path_factory.mktemp("profile"))
    profile.link_working_tree()
    return profile
