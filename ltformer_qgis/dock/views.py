"""The two views side by side: reference and sensed, moved and zoomed together through the transform."""

# ruff: noqa: D102 - Qt calls these methods, and its documentation says what they return

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.core import QgsMapLayer, QgsPointXY, QgsProject, QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from ..texts import tr
from .linking import Look, followed
from .match_overlay import MatchOverlay
from .pixel_frame import PixelFrame
from .point_tool import PointTool
from .session import Session

_NEAR_PX = 9.0  # of the mouse, within which a point is meant
_CLOSE_UP_PX = 300.0  # pixels of the reference across the view that shows one point


class PairView(QWidget):
    """Reference on the left, sensed raster on the right, tie points over both.

    Signals:
        clicked: side (0 reference, 1 sensed) and pixel-edge px of that raster, as an array.
    """

    clicked = pyqtSignal(int, object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._follows = session, False
        self._shows_whole = False  # so that it does after a resize, too
        self.takes_points = False  # whether clicks set a new point instead of picking one
        names = tr("Reference"), tr("Sensed")
        self.canvases = tuple(self._new_canvas(side, name) for side, name in enumerate(names))
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for side, name in enumerate(names):
            title = QLabel(name)
            title.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(title, 0, side)
            layout.addWidget(self.canvases[side], 1, side)
            layout.setColumnStretch(side, 1)
        layout.setRowStretch(1, 1)
        self.overlay = MatchOverlay(session, self.canvases, self)
        session.reset.connect(self._show_pair)
        session.changed.connect(self._relink)

    def _new_canvas(self, side: int, name: str) -> QgsMapCanvas:
        canvas = QgsMapCanvas(self)
        canvas.setObjectName(f"ltformer_view_{side}")
        canvas.setAccessibleName(name)
        canvas.setCanvasColor(self.palette().base().color())
        canvas.enableAntiAliasing(True)
        canvas.setMinimumSize(120, 100)
        canvas.setFrameShape(QFrame.Shape.NoFrame)  # its size is that of its picture
        tool = PointTool(canvas)
        tool.clicked.connect(lambda point, ctrl, side=side: self._on_click(side, point, ctrl))
        tool.moved.connect(lambda point, side=side: self._on_move(side, point))
        tool.dragged.connect(self._leave_whole)
        canvas.setMapTool(tool)
        canvas.viewport().installEventFilter(self)
        canvas.extentsChanged.connect(lambda side=side: self._on_extent(side))
        canvas.rotationChanged.connect(lambda _degrees: self.overlay.update())
        canvas.ltformer_tool = tool  # the canvas does not keep Python's part of its tool alive
        return canvas

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.overlay.setGeometry(self.rect())
        self.overlay.raise_()
        if self._shows_whole:
            QTimer.singleShot(0, self.show_all)

    def close_views(self) -> None:
        """Stops drawing; for the end of the dock."""
        for canvas in self.canvases:
            canvas.stopRendering()
            canvas.setLayers([])

    # What is shown

    def _layer(self, side: int) -> QgsMapLayer | None:
        pair = self._session.pair
        return pair and QgsProject.instance().mapLayer((pair.reference_layer, pair.sensed_layer)[side])

    def _frame(self, side: int) -> PixelFrame:
        return (self._session.pair.reference, self._session.pair.sensed)[side]

    def _show_pair(self) -> None:
        for side, canvas in enumerate(self.canvases):
            layer = self._layer(side)
            canvas.setLayers([layer] if layer else [])
            if layer:
                canvas.setDestinationCrs(layer.crs())
        if self._session.pair is not None:
            QTimer.singleShot(0, self.show_all)
        self.overlay.update()

    def show_all(self) -> None:
        """Shows the whole reference, and with it what the sensed raster has there."""
        if self._session.pair is None:
            return
        self._follows = True  # neither moves the other here
        for side, canvas in enumerate(self.canvases):
            frame = self._frame(side)
            corners = frame.to_layer([[0, 0], [frame.width, 0], [0, frame.height], [frame.width, frame.height]])
            extent = QgsRectangle(*corners.min(axis=0), *corners.max(axis=0))
            extent.scale(1.02)
            canvas.setRotation(0)
            canvas.setExtent(extent)
        self._follows = False
        self._relink()
        self._shows_whole = True
        self.refresh()

    def refresh(self) -> None:
        """Draws both views anew."""
        for canvas in self.canvases:
            canvas.refresh()

    def show_points(self, ids: list[int]) -> None:
        """Brings tie points into the middle of both views, close up."""
        rows = self._session.table.rows_of(ids)
        if self._session.pair is None or not len(rows):
            return
        xy = self._session.table.points.reference_xy[rows]
        frame = self._frame(0)
        self._leave_whole()
        low, high = xy.min(axis=0), xy.max(axis=0)
        across = max(_CLOSE_UP_PX, 1.3 * float((high - low).max()))
        middle = frame.to_layer([(low + high) / 2])[0]
        size = across * frame.pixel_size
        self.canvases[0].setExtent(QgsRectangle.fromCenterAndSize(QgsPointXY(*middle), size, size))
        self.refresh()

    def _leave_whole(self) -> None:
        self._shows_whole = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:
            self._leave_whole()
        return super().eventFilter(watched, event)

    # Linked

    def _across(self, side: int) -> Any:
        """Returns the map px of this side -> px of the other side, or None."""
        transform = self._session.transform
        if transform is None:
            return None
        return transform.inverse() if side == 0 else transform

    def _relink(self) -> None:
        """The right view follows the left one again: the transform changed."""
        if self._session.pair is not None:
            self._on_extent(0)

    def _on_extent(self, side: int) -> None:
        self.overlay.update()
        if self._follows or self._session.pair is None:
            return
        try:
            across = self._across(side)
        except np.linalg.LinAlgError:
            return
        if across is None:
            return
        canvas, other = self.canvases[side], self.canvases[1 - side]
        middle = canvas.extent().center()
        look = Look(middle.x(), middle.y(), canvas.mapUnitsPerPixel(), canvas.rotation())
        there = followed(look, self._frame(side), self._frame(1 - side), across)
        if there is None:
            return
        if _is_shown(other, there):
            return
        self._follows = True
        try:
            other.setRotation(there.rotation_deg)
            width, height = (there.units_a_pixel * length for length in (other.width(), other.height()))
            other.setExtent(QgsRectangle.fromCenterAndSize(QgsPointXY(there.x, there.y), width, height))
            other.refresh()
        finally:
            self._follows = False
        self.overlay.update()

    # The mouse

    def _on_click(self, side: int, point: QgsPointXY, with_ctrl: bool) -> None:
        if self._session.pair is None:
            return
        if self.takes_points:
            self.clicked.emit(side, self._frame(side).to_pixel([[point.x(), point.y()]])[0])
            return
        found = self._near(side, point)
        chosen = set(self._session.selection) if with_ctrl else set()
        if found is not None:
            chosen ^= {found}
        self._session.select(chosen)

    def _on_move(self, side: int, point: QgsPointXY) -> None:
        if self._session.pair is not None and not self.takes_points:
            self._session.hover(self._near(side, point))

    def _near(self, side: int, point: QgsPointXY) -> int | None:
        """Returns the id of the point under the mouse, or None."""
        table = self._session.table
        seen = np.ones(len(table), bool) if self.overlay.shown.disabled else table.enabled
        if not seen.any():
            return None
        own = (table.points.reference_xy, table.points.sensed_xy)[side]
        distance = np.linalg.norm(self._frame(side).to_layer(own) - [point.x(), point.y()], axis=1)
        distance = np.where(seen, distance, np.inf) / self.canvases[side].mapUnitsPerPixel()
        nearest = int(np.argmin(distance))
        return int(table.ids[nearest]) if distance[nearest] <= _NEAR_PX else None


def _is_shown(canvas: QgsMapCanvas, look: Look) -> bool:
    """Returns whether a view shows that already, to half a screen pixel: edits move the fit by less, mostly."""
    middle, units = canvas.extent().center(), canvas.mapUnitsPerPixel()
    near = np.hypot(middle.x() - look.x, middle.y() - look.y) < 0.5 * units
    turned = abs(canvas.rotation() - look.rotation_deg)
    alike = abs(look.units_a_pixel / units - 1) * max(canvas.width(), canvas.height()) < 1.0
    return bool(near and alike and turned < 0.05)
