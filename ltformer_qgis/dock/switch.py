"""The menu entry that shows and hides the dock; the dock is made when it is first shown: QGIS starts without it."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon

from ..compat import QAction
from ..texts import tr


class DockSwitch:
    """Owns the action and, once it was shown, the dock."""

    def __init__(self, iface: Any, icon: QIcon) -> None:
        self._iface = iface
        self.dock: Any = None
        self.action = QAction(icon, tr("LTFormer matches"), iface.mainWindow())
        self.action.setObjectName("ltformer_dock")
        self.action.setCheckable(True)
        self.action.setToolTip(tr("Look at the tie points of two rasters and mend them"))
        self.action.toggled.connect(self._show)

    def close(self) -> None:
        """Takes the dock away and ends what it runs."""
        if self.dock is None:
            return
        QgsApplication.instance().aboutToQuit.disconnect(self.dock.shut_down)
        self.dock.visibilityChanged.disconnect(self._follow)
        self.dock.shut_down()
        self._iface.removeDockWidget(self.dock)
        self.dock.deleteLater()
        self.dock = None

    def _show(self, shown: bool) -> None:
        if self.dock is None and shown:
            from .panel import MatchesDock  # noqa: PLC0415 - numpy and the library load when they are needed

            self.dock = MatchesDock(self._iface)
            self._iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
            self._iface.mainWindow().resizeDocks([self.dock], [380], Qt.Orientation.Vertical)
            self.dock.visibilityChanged.connect(self._follow)
            QgsApplication.instance().aboutToQuit.connect(self.dock.shut_down)
        if self.dock is not None:
            self.dock.setUserVisible(shown)

    def _follow(self, _visible: bool) -> None:
        """Ticks the action as the dock is shown, whoever closed it."""
        self.action.blockSignals(True)
        self.action.setChecked(self.dock.isUserVisible())
        self.action.blockSignals(False)
