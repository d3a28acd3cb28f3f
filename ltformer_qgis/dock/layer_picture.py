"""Pictures of a layer drawn by QGIS in the background, with the layer's own style."""

from __future__ import annotations

import numpy as np
from qgis.core import QgsMapLayer, QgsMapRendererParallelJob, QgsMapSettings, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import QObject, QSize, pyqtSignal
from qgis.PyQt.QtGui import QColor, QImage

from .warping import Picture

_MOST_PX = 2400  # a side
_MARGIN = 0.25  # of the rectangle asked for, drawn beyond each side: small moves need no new picture
_COARSE = 1.6  # a picture coarser than wanted by this factor is drawn anew


class LayerPicture(QObject):
    """Keeps the newest picture of a layer's part.

    Signals:
        ready: there is a new picture.
    """

    ready = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self._layer = ""
        self._job: QgsMapRendererParallelJob | None = None

    def show_layer(self, layer_id: str) -> None:
        """Begins with another layer; '' for none."""
        self.stop()
        self._layer, self.picture = layer_id, None

    def stop(self) -> None:
        """Gives up the picture being drawn."""
        if self._job is not None:
            self._job.finished.disconnect(self._take)
            self._job.cancelWithoutBlocking()
            self._job = None

    def want(self, bounds: tuple[float, float, float, float], units_a_pixel: float) -> None:
        """Has a rectangle (left, bottom, right, top) drawn at that resolution, unless the picture shows it already."""
        layer = QgsProject.instance().mapLayer(self._layer)
        wanted = QgsRectangle(*bounds).intersect(layer.extent()) if layer else QgsRectangle()
        if self._job is not None or wanted.isEmpty() or self._suffices(wanted, units_a_pixel):
            return
        wanted.grow(_MARGIN * max(wanted.width(), wanted.height()))
        wanted = wanted.intersect(layer.extent())
        units = max(units_a_pixel, max(wanted.width(), wanted.height()) / _MOST_PX)
        self._job = QgsMapRendererParallelJob(_settings(layer, wanted, units))
        self._job.finished.connect(self._take)
        self._job.start()

    def _suffices(self, wanted: QgsRectangle, units_a_pixel: float) -> bool:
        if self.picture is None or not self.picture.holds(
            (wanted.xMinimum(), wanted.yMinimum(), wanted.xMaximum(), wanted.yMaximum())
        ):
            return False
        finest = max(wanted.width(), wanted.height()) / _MOST_PX
        return self.picture.units_a_pixel <= _COARSE * max(units_a_pixel, finest)

    def _take(self) -> None:
        job, self._job = self._job, None
        settings, image = job.mapSettings(), job.renderedImage()
        image = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        bits = image.constBits()
        bits.setsize(image.sizeInBytes())
        argb = np.frombuffer(bits, np.uint32).reshape(image.height(), image.width()).copy()
        extent = settings.visibleExtent()
        self.picture = Picture(argb, extent.xMinimum(), extent.yMaximum(), settings.mapUnitsPerPixel())
        self.ready.emit()


def _settings(layer: QgsMapLayer, extent: QgsRectangle, units: float) -> QgsMapSettings:
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setTransformContext(QgsProject.instance().transformContext())
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    settings.setOutputSize(QSize(max(1, round(extent.width() / units)), max(1, round(extent.height() / units))))
    settings.setExtent(extent)
    return settings
