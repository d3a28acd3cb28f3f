"""The sensed raster, warped as it would be now, over the main canvas: to blend or to swipe."""

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.core import QgsCoordinateTransform, QgsCsException, QgsLineString, QgsProject
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QLineF, QObject, QRectF
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPen
from qgis.PyQt.QtWidgets import QStyleOptionGraphicsItem, QWidget

from .layer_picture import LayerPicture
from .session import Session
from .warping import bounds_of, knot_places, warped

OFF, BLEND, SWIPE = "off", "blend", "swipe"
_STEP_PX, _BENT_STEP_PX = 16, 40  # distance of the knots: where no matrix says it, places cost more


class _Item(QgsMapCanvasItem):
    """Draws the image that its overlay made."""

    def __init__(self, canvas: QgsMapCanvas, overlay: WarpedOverlay) -> None:
        super().__init__(canvas)
        self._canvas, self._overlay = canvas, overlay
        self.setZValue(50)

    def boundingRect(self) -> QRectF:
        return QRectF(self._canvas.viewport().rect())

    def updatePosition(self) -> None:
        self._overlay.refresh()

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem | None = None, _widget: QWidget | None = None
    ) -> None:
        self._overlay.draw(painter)


class WarpedOverlay(QObject):
    """Warps the sensed layer's picture through the session's transform onto the canvas."""

    def __init__(self, session: Session, canvas: QgsMapCanvas) -> None:
        super().__init__(session)
        self._session, self._canvas = session, canvas
        self.mode, self.amount = OFF, 0.5
        self._source = LayerPicture(self)
        self._image: QImage | None = None
        self._pixels = np.zeros((0, 0), np.uint32)  # the image's memory
        self._item = _Item(canvas, self)
        self._item.hide()
        session.reset.connect(self._begin)
        session.changed.connect(self.refresh)
        self._source.ready.connect(self.refresh)

    def close(self) -> None:
        """Takes the item from the canvas."""
        self._source.stop()
        if self._item is not None:
            self._canvas.scene().removeItem(self._item)
            self._item = None

    def show(self, mode: str, amount: float) -> None:
        """Shows the overlay by OFF, BLEND (amount: opacity) or SWIPE (amount: share of the width that is covered)."""
        was_off = self.mode == OFF
        self.mode, self.amount = mode, amount
        if self._item is None:
            return
        self._item.setVisible(mode != OFF)
        if mode != OFF and was_off:
            self.refresh()
        self._item.update()

    def _begin(self) -> None:
        pair = self._session.pair
        self._source.show_layer(pair.sensed_layer if pair is not None else "")
        self._image = None

    def refresh(self) -> None:
        """Warps anew: the transform, the view or the picture changed."""
        if self.mode == OFF or self._item is None:
            return
        self._image = None
        places = self._places()
        bounds = None if places is None else bounds_of(places)
        if bounds is not None:
            size = self._size()
            span = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
            self._source.want(bounds, span / max(size))
            if self._source.picture is not None:
                self._pixels = np.ascontiguousarray(warped(self._source.picture, places, size))
                form = QImage.Format.Format_ARGB32_Premultiplied
                self._image = QImage(self._pixels.data, *size, 4 * size[0], form)
        self._item.update()

    def _size(self) -> tuple[int, int]:
        """Returns width and height of the canvas's picture, px; the canvas itself may have a frame."""
        return self._canvas.viewport().width(), self._canvas.viewport().height()

    def _places(self) -> np.ndarray | None:
        """Returns the sensed layer's coordinates at knots all over the canvas, or None without a transform."""
        pair, transform = self._session.pair, self._session.transform
        if pair is None or transform is None:
            return None
        try:
            backward = transform.inverse()
        except np.linalg.LinAlgError:
            return None

        def to_sensed(screen_xy: Any) -> np.ndarray:
            reference = self._to_reference_layer(screen_xy)
            return pair.sensed.to_layer(backward(pair.reference.to_pixel(reference)))

        step = _STEP_PX if transform.matrix is not None else _BENT_STEP_PX
        return knot_places(self._size(), step, to_sensed)

    def _to_reference_layer(self, screen_xy: np.ndarray) -> np.ndarray:
        """Returns (N, 2) coordinates of the reference's layer for (N, 2) px of the canvas; nan where there are none."""
        back, _ = self._canvas.getCoordinateTransform().transform().inverted()
        x, y = screen_xy.T
        map_xy = np.column_stack(
            [back.m11() * x + back.m21() * y + back.dx(), back.m12() * x + back.m22() * y + back.dy()]
        )
        project = QgsProject.instance()
        layer, crs = project.mapLayer(self._session.pair.reference_layer), self._canvas.mapSettings().destinationCrs()
        if layer is None or not (layer.crs().isValid() and crs.isValid()) or layer.crs() == crs:
            return map_xy
        line = QgsLineString(map_xy[:, 0].tolist(), map_xy[:, 1].tolist())
        try:
            line.transform(QgsCoordinateTransform(crs, layer.crs(), project))
        except QgsCsException:
            return np.full(map_xy.shape, np.nan)
        return np.array([(point.x(), point.y()) for point in line.points()])

    def draw(self, painter: QPainter) -> None:
        """Draws the overlay as the mode says."""
        if self._image is None:
            return
        width, height = self._image.width(), self._image.height()
        painter.save()
        if self.mode == SWIPE:
            edge = self.amount * width
            painter.setClipRect(QRectF(0, 0, edge, height))
            painter.drawImage(0, 0, self._image)
            painter.setClipping(False)
            for size, colour in ((3.0, "#202020"), (1.0, "#ffffff")):
                painter.setPen(QPen(QColor(colour), size))
                painter.drawLine(QLineF(edge, 0, edge, height))
        else:
            painter.setOpacity(self.amount)
            painter.drawImage(0, 0, self._image)
        painter.restore()
