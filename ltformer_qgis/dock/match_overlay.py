"""Tie points drawn over both views, and lines across from one to the other."""

# ruff: noqa: D102 - Qt calls these methods, and its documentation says what they return

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QLineF, QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QWidget

from .colours import class_colour, classes_of, disabled_colour
from .session import Session

_LARGEST_PX, _SMALLEST_PX = 7.0, 3.0  # of a dot: many must not hide the picture ...
_ROOM_PX2 = 100.0  # ... and of the best class only so many are drawn that each has this room
_PICKED_PX = 15.0
_MOST_LINES = 150  # more lines across hide the pictures


@dataclass
class Shown:
    """What the user wants to see."""

    disabled: bool = True
    lines: bool = True


class MatchOverlay(QWidget):
    """Lies over both canvases and lets the mouse through."""

    def __init__(self, session: Session, canvases: tuple[QgsMapCanvas, QgsMapCanvas], parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._canvases = session, canvases
        self.shown = Shown()
        self._pending: np.ndarray | None = None  # px of the reference where a point is being set
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        session.changed.connect(self.update)
        session.selected.connect(self.update)

    def show_pending(self, reference_xy: np.ndarray | None) -> None:
        """Marks a place of the reference, px, whose other half is still to be clicked; None: nothing."""
        self._pending = reference_xy
        self.update()

    def screen_xy(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the (K, 2) places of all tie points on this widget, in the left and in the right view."""
        pair, points = self._session.pair, self._session.table.points
        left = self._on_screen(0, pair.reference.to_layer(points.reference_xy))
        return left, self._on_screen(1, pair.sensed.to_layer(points.sensed_xy))

    def _on_screen(self, side: int, layer_xy: np.ndarray) -> np.ndarray:
        canvas = self._canvases[side]
        matrix = canvas.getCoordinateTransform().transform()
        x, y = layer_xy.T
        offset = canvas.geometry().topLeft()
        return np.column_stack(
            [
                matrix.m11() * x + matrix.m21() * y + matrix.dx() + offset.x(),
                matrix.m12() * x + matrix.m22() * y + matrix.dy() + offset.y(),
            ]
        )

    def _frame(self, side: int) -> QRectF:
        return QRectF(self._canvases[side].geometry())

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._session.pair is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = self.screen_xy()
        frames = self._frame(0), self._frame(1)
        visible = [_inside(frame, xy) for frame, xy in zip(frames, places)]
        enabled = self._session.table.enabled
        groups = self._groups()
        picked = self._picked()
        if self.shown.lines:
            self._draw_lines(painter, places, visible[0] & visible[1] & enabled, groups)
        for frame, xy, inside in zip(frames, places, visible):
            painter.setClipRect(frame)
            seen = _thinned(inside, enabled & (groups == 0), xy)
            room = _area(xy[seen]) / max(1, int(seen.sum()))
            size = float(np.clip(np.sqrt(room) / 4, _SMALLEST_PX, _LARGEST_PX))
            for group in range(4):
                _draw_points(painter, xy[seen & enabled & (groups == group)], class_colour(group), size)
            if self.shown.disabled:
                _draw_crosses(painter, xy[seen & ~enabled], disabled_colour())
        painter.setClipping(False)
        self._draw_picked(painter, places, visible, picked)
        if self._pending is not None:
            place = self._on_screen(0, self._session.pair.reference.to_layer(self._pending))
            _draw_crosses(painter, place, self.palette().highlight().color())

    def _groups(self) -> np.ndarray:
        fit, count = self._session.fit, len(self._session.table)
        if self._session.transform is None or len(fit.inliers) != count:
            return np.zeros(count, dtype=int)
        return classes_of(np.hypot(*fit.residuals_px.T))

    def _picked(self) -> np.ndarray:
        ids = set(self._session.selection)
        if self._session.hovered is not None:
            ids.add(self._session.hovered)
        return self._session.table.rows_of(ids)

    @staticmethod
    def _draw_lines(
        painter: QPainter, places: tuple[np.ndarray, np.ndarray], seen: np.ndarray, groups: np.ndarray
    ) -> None:
        rows = np.flatnonzero(seen)
        rows = rows[:: max(1, -(-len(rows) // _MOST_LINES))]
        for group in range(4):
            colour = QColor(class_colour(group))
            colour.setAlpha(110)
            painter.setPen(QPen(colour, 1.0))
            chosen = rows[groups[rows] == group]
            painter.drawLines([QLineF(*places[0][row], *places[1][row]) for row in chosen])

    def _draw_picked(
        self, painter: QPainter, places: tuple[np.ndarray, np.ndarray], visible: list[np.ndarray], picked: np.ndarray
    ) -> None:
        few = picked[:_MOST_LINES]
        for width, colour in ((4.0, QColor("#000000")), (2.0, QColor("#ffee33"))):  # readable on every image
            painter.setPen(QPen(colour, width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            both = [row for row in few if visible[0][row] and visible[1][row]]
            painter.drawLines([QLineF(*places[0][row], *places[1][row]) for row in both])
            for side in (0, 1):
                for row in picked[visible[side][picked]]:
                    painter.drawEllipse(QPointF(*places[side][row]), _PICKED_PX / 2, _PICKED_PX / 2)


def _area(xy: np.ndarray) -> float:
    """Returns the area, px^2, of the box around (N, 2) places."""
    return float(np.ptp(xy, axis=0).prod()) if len(xy) else 0.0


def _thinned(seen: np.ndarray, best: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Returns the (K,) mask of points to draw: all of those seen but for some of the best where they crowd."""
    rows = np.flatnonzero(seen & best)
    step = int(np.ceil(len(rows) * _ROOM_PX2 / max(1.0, _area(xy[seen]))))
    thinned = seen.copy()
    thinned[rows] = False
    thinned[rows[:: max(1, step)]] = True
    return thinned


def _inside(frame: QRectF, xy: np.ndarray) -> np.ndarray:
    low, high = [frame.left(), frame.top()], [frame.right(), frame.bottom()]
    with np.errstate(invalid="ignore"):
        return ((xy >= low) & (xy <= high)).all(axis=1)


def _draw_points(painter: QPainter, xy: np.ndarray, colour: QColor, size: float) -> None:
    """Draws dots with a dark rim."""
    dots = QPolygonF([QPointF(x, y) for x, y in xy])
    for width, ink in ((1.3 * size, QColor("#202020")), (size, colour)):
        painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(dots)


def _draw_crosses(painter: QPainter, xy: np.ndarray, colour: QColor) -> None:
    half = _LARGEST_PX / 2
    for size, ink in ((3.5, QColor("#202020")), (1.8, colour)):
        painter.setPen(QPen(ink, size))
        for x, y in xy:
            painter.drawLine(QLineF(x - half, y - half, x + half, y + half))
            painter.drawLine(QLineF(x - half, y + half, x + half, y - half))
