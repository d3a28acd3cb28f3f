"""Colours of tie points by residual: blue (good) to red (bad), safe for colour-blind eyes; grey ones are off."""

from __future__ import annotations

import numpy as np
from qgis.core import QgsApplication
from qgis.PyQt.QtGui import QColor, QIcon, QPalette
from qgis.PyQt.QtWidgets import QApplication

# Upper limits (px) of the classes and their colours, as in the layer of tie points (ColorBrewer RdYlBu).
_LIMITS = (0.5, 1.0, 2.0)
_COLOURS = ("#2c7bb6", "#abd9e9", "#fdae61", "#d7191c")
_DISABLED = "#9a9a9a"
_VERDICTS = {"PASS": ("#1a7a2e", "#7fd08f"), "WARN": ("#8a5a00", "#f0b94d"), "FAIL": ("#b00020", "#ff8f8f")}


def classes_of(residuals: np.ndarray) -> np.ndarray:
    """Returns the (K,) class, 0 to 3, of residuals in px; one that is not finite is in the worst."""
    return np.searchsorted(_LIMITS, np.nan_to_num(residuals, nan=np.inf), side="right")


def class_colour(number: int) -> QColor:
    """Returns the colour of a class."""
    return QColor(_COLOURS[number])


def disabled_colour() -> QColor:
    """Returns the colour of points that the fit does not rest on."""
    return QColor(_DISABLED)


def theme_icon(name: str) -> QIcon:
    """Returns an icon of QGIS's own theme, light or dark."""
    return QgsApplication.getThemeIcon(f"/{name}.svg")


def verdict_colour(verdict: str) -> QColor:
    """Returns the colour of a verdict's word, readable on the window's own colour."""
    return QColor(_VERDICTS[verdict][int(_is_dark())])


def ink() -> QColor:
    """Returns a colour to write with on the window's own: themes by style sheet leave the palette's ink as it was."""
    return QColor("#e0e0e0" if _is_dark() else "#202020")


def _is_dark() -> bool:
    return QApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128
