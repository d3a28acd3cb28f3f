"""Runs inside the real QGIS Desktop (`qgis --code`): installs $ZIP as a user does, looks, unloads, writes $ANSWER."""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path

import pyplugin_installer
import qgis.utils
from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QMessageBox
from qgis.utils import iface


def provider_ids():
    return [provider.id() for provider in QgsApplication.processingRegistry().providers()]


def menu_entries():
    return [action.objectName() for action in iface.mainWindow().findChildren(type(iface.actionExit()))
            if action.objectName().startswith("ltformer_")]  # fmt: skip


def look():
    """Installs, unloads and loads again; returns what was seen."""
    # Some versions ask whether a ZIP may be trusted.
    for name in ("warning", "information", "critical", "question"):
        setattr(QMessageBox, name, staticmethod(lambda *_args, **_more: QMessageBox.StandardButton.Yes))
    pyplugin_installer.instance().installFromZipFile(os.environ["ZIP"])
    plugin = qgis.utils.plugins["ltformer"]
    seen = {
        "file": plugin.__class__.__module__,
        "provider": "ltformer" in provider_ids(),
        "entries": sorted(action.objectName() for action in plugin._actions),
        "in_menu": len(menu_entries()),
        "enabled": str(QgsSettings().value("PythonPlugins/ltformer")).lower(),
    }
    qgis.utils.unloadPlugin("ltformer")
    QgsApplication.processEvents()
    seen["provider_after"] = "ltformer" in provider_ids()
    QgsApplication.sendPostedEvents(None, 52)  # 52: deferred deletions, which wait for the event loop
    seen["in_menu_after"] = len(menu_entries())
    qgis.utils.loadPlugin("ltformer")
    seen["loads_again"] = qgis.utils.startPlugin("ltformer") and "ltformer" in provider_ids()
    return seen


def step():
    try:
        answer = look()
    except Exception:  # noqa: BLE001 - the test shows it
        answer = {"error": traceback.format_exc()}
    Path(os.environ["ANSWER"]).write_text(json.dumps(answer), encoding="utf-8")
    QgsSettings().sync()
    os._exit(0)  # QGIS would ask about unsaved changes


iface.initializationCompleted.connect(lambda: QTimer.singleShot(500, step))
