"""The mouse in the two views: drag to move, click to pick a tie point or to set a new one."""

# ruff: noqa: D102 - QGIS calls these methods, and its documentation says what they return

from __future__ import annotations

from qgis.core import QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapToolPan
from qgis.PyQt.QtCore import QPoint, Qt, pyqtSignal

_STILL_PX = 4  # a press and release this near each other are a click


class PointTool(QgsMapToolPan):
    """Pans like QGIS's own hand, and tells of clicks and of the mouse's place.

    Signals:
        clicked: layer coordinates, and whether Ctrl was held.
        moved: layer coordinates.
        dragged: the view was moved.
    """

    clicked = pyqtSignal(QgsPointXY, bool)
    moved = pyqtSignal(QgsPointXY)
    dragged = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._pressed: QPoint | None = None

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        self._pressed = event.pos()
        super().canvasPressEvent(event)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        super().canvasMoveEvent(event)
        self.moved.emit(event.mapPoint())

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        start, self._pressed = self._pressed, None
        is_click = start is not None and (event.pos() - start).manhattanLength() <= _STILL_PX
        if is_click and event.button() == Qt.MouseButton.LeftButton:
            self.deactivate()  # ends the drag without moving the view
            self.activate()
            with_ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self.clicked.emit(event.mapPoint(), with_ctrl)
            return
        super().canvasReleaseEvent(event)
        self.dragged.emit()
