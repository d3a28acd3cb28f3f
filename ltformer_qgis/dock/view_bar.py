"""The tool bar over the views: load, add a point, what is drawn, and the overlay in the main canvas."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QComboBox, QMenu, QSlider, QToolBar, QToolButton, QWidget

from ..compat import QAction
from ..texts import tr
from .canvas_overlay import BLEND, OFF, SWIPE
from .colours import theme_icon


class ViewBar(QToolBar):
    """Actions on what the views show.

    Signals:
        overlay_changed: mode of the overlay and amount, 0 to 1.
    """

    overlay_changed = pyqtSignal(str, float)

    def __init__(self, export_menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)  # text where there is no icon
        self.setIconSize(QSize(20, 20))
        self.load = self._action(tr("Load…"), "Ctrl+L", tr("Load tie points: a run's record.json, or a file of points"))
        self.load.setIcon(theme_icon("mActionFileOpen"))
        self.addWidget(_menu_button(tr("Export"), tr("Hand the tie points on"), export_menu))
        self.addSeparator()
        self.add = self._action(
            tr("Add point"),
            "Ctrl+P",
            tr("Click one place in the reference, then in the sensed raster; it is found to a fraction of a pixel"),
            is_on=False,
        )
        self.lines = self._action(tr("Lines"), "Ctrl+I", tr("Draw lines across from view to view"), is_on=True)
        self.outliers = self._action(tr("Outliers"), "Ctrl+U", tr("Show points that are off, too"), is_on=True)
        self.whole = self._action(tr("Whole"), "Ctrl+0", tr("Show the whole rasters"))
        self.add.setIcon(theme_icon("mActionCapturePoint"))
        self.whole.setIcon(theme_icon("mActionZoomFullExtent"))
        self.addSeparator()
        self.overlay, self.amount = self._new_overlay()
        self.addWidget(self.overlay)
        self.addWidget(self.amount)

    def _action(self, text: str, keys: str, help_text: str, *, is_on: bool | None = None) -> QAction:
        """Returns a new action of the bar; one that can be ticked if `is_on` is given."""
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(f"{help_text} ({keys})")
        if is_on is not None:
            action.setCheckable(True)
            action.setChecked(is_on)
        self.addAction(action)
        return action

    def _new_overlay(self) -> tuple[QComboBox, QSlider]:
        mode = QComboBox()
        for key, text in ((OFF, tr("No overlay")), (BLEND, tr("Blend")), (SWIPE, tr("Swipe"))):
            mode.addItem(text, key)
        mode.setToolTip(tr("Show the sensed raster, warped as it would be now, over the map"))
        mode.setAccessibleName(tr("Overlay in the map"))
        amount = QSlider(Qt.Orientation.Horizontal)
        amount.setRange(0, 100)
        amount.setValue(50)
        amount.setMinimumWidth(60)
        amount.setMaximumWidth(140)
        amount.setEnabled(False)
        amount.setToolTip(tr("How much of it"))
        amount.setAccessibleName(tr("How much of the overlay"))

        def tell(_value: Any) -> None:
            amount.setEnabled(mode.currentData() != OFF)
            self.overlay_changed.emit(mode.currentData(), amount.value() / 100)

        mode.currentIndexChanged.connect(tell)
        amount.valueChanged.connect(tell)
        return mode, amount


def _menu_button(text: str, help_text: str, menu: QMenu) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme_icon("mActionFileSaveAs"))
    button.setText(text)
    button.setAccessibleName(text)
    button.setToolTip(help_text)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setMenu(menu)
    return button
