"""The verdict with its reasons, the numbers behind it, and the histogram of residuals."""

from __future__ import annotations

import numpy as np
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QWidget

from ..core import ALL_MODELS
from ..texts import tr
from .colours import verdict_colour
from .histogram import Histogram
from .session import Session


class VerdictStrip(QWidget):
    """The verdict and its reasons in words."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.verdict, self.reasons = QLabel(), QLabel()
        font = self.verdict.font()
        font.setPointSizeF(1.4 * font.pointSizeF())
        font.setBold(True)
        self.verdict.setFont(font)
        self.verdict.setAccessibleName(tr("Verdict"))
        self.reasons.setWordWrap(True)
        self.reasons.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addWidget(self.verdict)
        layout.addWidget(self.reasons, 1)
        session.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        quality = self._session.quality
        self.setVisible(self._session.pair is not None)
        if quality is None:
            self.verdict.setText("…")
            self.verdict.setStyleSheet("")
            self.reasons.setText(tr("The images have not been compared under this transform yet."))
            return
        self.verdict.setText(quality.verdict)
        self.verdict.setStyleSheet(f"color: {verdict_colour(quality.verdict).name()}")
        self.reasons.setText(" ".join(quality.reasons))


class NumbersBox(QWidget):
    """The numbers of a fit and the histogram of its residuals; the model can be changed here."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = QComboBox()
        for name in ALL_MODELS:
            self.model.addItem(name, name)
        self.model.setToolTip(tr("Family of the transform fitted to the points that are on"))
        self.model.setAccessibleName(tr("Fitted transform"))
        self.model.activated.connect(lambda _row: session.set_model(self.model.currentData()))
        self.histogram = Histogram()
        self._numbers: dict[str, QLabel] = {}
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(2)
        form.addRow(tr("&Fitted"), self.model)
        for key, label, help_text in _rows():
            value = QLabel()
            value.setToolTip(help_text)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._numbers[key] = value
            form.addRow(label, value)
        form.addRow(self.histogram)
        session.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        session = self._session
        self.model.setCurrentIndex(self.model.findData(session.state.model))
        fit = session.fit
        fitted = session.transform is not None
        residuals = np.hypot(*fit.residuals_px[fit.inliers].T) if fitted else np.zeros(0)
        self.histogram.show_residuals(residuals)
        for key, text in _texts(session, residuals).items():
            self._numbers[key].setText(text)


def _rows() -> tuple[tuple[str, str, str], ...]:
    """Returns key, label and help of each number."""
    return (
        ("points", tr("Points on"), tr("Points that the transform rests on, of all")),
        ("rmse", tr("RMSE"), tr("Root mean square of their residuals")),
        ("heldout", tr("Held out"), tr("Root mean square at points left out of the fit")),
        ("ce90", tr("CE90"), tr("Radius that holds 90 % of the residuals")),
        ("coverage", tr("Coverage"), tr("Share of the overlap's cells that hold a point")),
        ("structure", tr("Structure"), tr("How far the images agree beyond chance, standard deviations")),
    )


def _texts(session: Session, residuals: np.ndarray) -> dict[str, str]:
    quality, table = session.quality, session.table
    if not len(residuals):
        return {**dict.fromkeys((key for key, _, _ in _rows()), "-"), "points": f"0 / {len(table)}"}
    heldout = session.fit.heldout_px[session.fit.inliers]
    size = session.judge.answer["pixel_size_map"] if session.judge is not None else None

    def length(value: float) -> str:
        if not np.isfinite(value):
            return "-"
        return f"{value:.3f} px" + ("" if size is None else f"  =  {value * size:.3g} {session.pair.map_unit}")

    return {
        "points": f"{int(table.enabled.sum())} / {len(table)}",
        "rmse": length(float(np.sqrt(np.mean(residuals**2)))),
        "heldout": length(float(np.sqrt(np.mean(heldout**2)))),
        "ce90": length(float(np.percentile(residuals, 90))),
        "coverage": "-" if quality is None else f"{quality.coverage:.0%}",
        "structure": "-" if quality is None or quality.structure is None else f"{quality.structure:.1f}",
    }
