"""The plugin as QGIS sees it: a Processing provider, and with a main window two menu entries."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication

from . import engine
from .compat import QAction
from .dock.switch import DockSwitch
from .provider import LTFormerProvider, icon
from .texts import installed_translator, marked, tr

MENU = "LTFormer Co-registration"
_ENTRIES = (
    ("ltformer:match", marked("Match visible/NIR layers…")),
    ("ltformer:checkenvironment", marked("Check and set up environment…")),
)


class LTFormerPlugin:
    """Wires provider and menu; `iface` is None in qgis_process."""

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._provider: LTFormerProvider | None = None
        self._actions: list[QAction] = []
        self._dock: DockSwitch | None = None
        self._translator = installed_translator(QgsApplication.locale())
        self._options: Any = None

    def initProcessing(self) -> None:
        """Registers the provider; called alone by qgis_process."""
        self._provider = LTFormerProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self) -> None:
        """Registers the provider and, with a main window, the menu entries."""
        self.initProcessing()
        if self._iface is None:
            return
        for algorithm_id, label in _ENTRIES:
            action = QAction(icon(), tr(label), self._iface.mainWindow())
            action.setObjectName(algorithm_id.replace(":", "_"))
            action.triggered.connect(lambda _checked=False, name=algorithm_id: self._open(name))
            self._iface.addPluginToRasterMenu(MENU, action)
            self._actions.append(action)
        self._dock = DockSwitch(self._iface, icon())
        self._iface.addPluginToRasterMenu(MENU, self._dock.action)
        self._iface.addRasterToolBarIcon(self._dock.action)
        self._actions.append(self._dock.action)
        from .options import LTFormerOptions  # noqa: PLC0415 - widgets load where there is a window

        self._options = LTFormerOptions(icon())
        self._iface.registerOptionsWidgetFactory(self._options)

    def unload(self) -> None:
        """Takes everything back: dock, menu entries, options, provider, translator, the running engine."""
        if self._dock is not None:
            self._iface.removeRasterToolBarIcon(self._dock.action)
            self._dock.close()
            self._dock = None
        for action in self._actions:
            self._iface.removePluginRasterMenu(MENU, action)
            action.deleteLater()
        self._actions = []
        if self._options is not None:
            self._iface.unregisterOptionsWidgetFactory(self._options)
            self._options = None
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None
        engine.stop_all()

    def _open(self, algorithm_id: str) -> None:
        import processing  # noqa: PLC0415 - the Processing plugin may load after this one

        processing.execAlgorithmDialog(algorithm_id, {})
