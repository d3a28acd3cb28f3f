"""A histogram of residuals, drawn in the colours of their classes."""

# ruff: noqa: D102 - Qt calls these methods, and its documentation says what they return

from __future__ import annotations

import numpy as np
from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..texts import tr
from .colours import class_colour, classes_of, ink

_BINS = 24


def binned(residuals: np.ndarray, bins: int = _BINS) -> tuple[np.ndarray, float]:
    """Returns counts of residuals in `bins` equal steps from 0, and the width of a step, px; no residuals: zeros.

    The last step holds everything beyond: one far outlier must not squeeze the others into one bar.
    """
    finite = residuals[np.isfinite(residuals)]
    if not len(finite):
        return np.zeros(bins, dtype=int), 0.0
    reach = max(float(np.percentile(finite, 98)) * 1.25, 1e-3)
    counts, _ = np.histogram(np.minimum(finite, reach), bins, (0.0, reach))
    return counts, reach / bins


class Histogram(QWidget):
    """Bars of the residuals of the points that are on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts, self._step = binned(np.zeros(0))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Histogram of residuals"))

    def sizeHint(self) -> QSize:
        return QSize(180, 5 * self.fontMetrics().height())

    def show_residuals(self, residuals: np.ndarray) -> None:
        """Shows (K,) residuals, px."""
        self._counts, self._step = binned(residuals)
        self.setToolTip(
            tr("Residuals of the points that are on; the last bar holds all over {limit:.2f} px").format(
                limit=self._step * (_BINS - 1)
            )
        )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        line = self.fontMetrics().height()
        area = QRectF(self.rect()).adjusted(1, 2, -1, -line - 1)
        painter.setPen(ink())
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        below = QRectF(area.left(), area.bottom(), area.width(), line + 1)
        if not self._counts.any():
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, tr("no residuals"))
            return
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{self._step * _BINS:.2f} px")
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, tr("residuals"))
        middles = (np.arange(_BINS) + 0.5) * self._step
        width, tallest = area.width() / _BINS, self._counts.max()
        for number, (count, group) in enumerate(zip(self._counts, classes_of(middles))):
            height = area.height() * count / tallest
            bar = QRectF(area.left() + number * width, area.bottom() - height, max(1.0, width - 1), height)
            painter.fillRect(bar, class_colour(int(group)))
