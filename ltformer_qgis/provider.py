"""The Processing provider `ltformer`: the plain list of its algorithms."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

import contextlib

from qgis.core import QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from . import settings
from .algorithms.assess_pair import AssessPair
from .algorithms.check_environment import CheckEnvironment
from .algorithms.export_gcps import ExportGcps
from .algorithms.match_layers import MatchLayers
from .algorithms.warp_rasters import WarpRasters
from .texts import PLUGIN_FOLDER, tr, version


def icon() -> QIcon:
    """Returns the icon of the plugin."""
    return QIcon(str(PLUGIN_FOLDER / "icon.svg"))


class LTFormerProvider(QgsProcessingProvider):
    """Algorithms that co-register visible and near-infrared rasters."""

    def load(self) -> bool:
        settings.add_options(self.name(), tr("Python of the LTFormer engine (empty: found by itself)"))
        # The example models know their steps only once these are registered: then all are read again.
        QgsApplication.processingRegistry().providerAdded.connect(self._read_models)
        self.refreshAlgorithms()
        return True

    def _read_models(self, provider_id: str) -> None:
        if provider_id in (self.id(), "gdal"):
            self.refreshAlgorithms()

    def unload(self) -> None:
        registry = QgsApplication.processingRegistry()  # None where QGIS 3.44 ends
        with contextlib.suppress(RuntimeError, TypeError):  # the registry itself ends, or never heard of this one
            if registry is not None:
                registry.providerAdded.disconnect(self._read_models)
        settings.remove_options()

    def loadAlgorithms(self) -> None:
        for algorithm in (MatchLayers(), WarpRasters(), ExportGcps(), AssessPair(), CheckEnvironment()):
            self.addAlgorithm(algorithm)
        for path in sorted((PLUGIN_FOLDER / "models").glob("*.model3")):
            model = QgsProcessingModelAlgorithm()
            if model.fromFile(str(path)):
                self.addAlgorithm(model)

    def id(self) -> str:
        return "ltformer"

    def name(self) -> str:
        return "LTFormer"

    def longName(self) -> str:
        return tr("LTFormer Co-registration")

    def versionInfo(self) -> str:
        return version()

    def icon(self) -> QIcon:
        return icon()

    def svgIconPath(self) -> str:
        return str(PLUGIN_FOLDER / "icon.svg")

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        return ["tif", "tiff"]  # the worker writes GeoTIFF

    def defaultRasterFileExtension(self, _format: object = None) -> str:
        return "tif"
