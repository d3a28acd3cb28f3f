"""Story of script/make-screenshots: the dock before and after an outlier is deleted, the overlay, a dialog."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["STORIES"])

import processing
from dock_user import DockUser
from player import Player, install, seconds
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

PICTURES = Path(os.environ["PICTURES"])


def grab(widget, name):
    assert widget.grab().save(str(PICTURES / name), quality=88)


def story(seen):
    install(os.environ["ZIP"])
    window = iface.mainWindow()
    for name in ("Browser", "Layers"):
        window.findChild(QDockWidget, name).hide()
    user = DockUser(os.environ["REFERENCE"], os.environ["SENSED"], "ltformer")
    window.resizeDocks([user.dock], [560], Qt.Orientation.Vertical)
    yield from user.run()
    user.pick_worst()
    yield seconds(3)
    grab(user.dock, "dock-before.jpg")
    seen["edit_ms"] = user.press_timed(Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier)
    user.pick_worst()
    yield seconds(3)
    grab(user.dock, "dock-after.jpg")
    sensed = QgsProject.instance().layerTreeRoot().findLayer(user.dock.session.pair.sensed_layer)
    sensed.setItemVisibilityChecked(False)
    window.resizeDocks([user.dock], [300], Qt.Orientation.Vertical)
    iface.messageBar().clearWidgets()
    yield seconds(2)
    iface.zoomFull()
    for mode in ("swipe", "blend"):
        user.show_overlay(mode)
        yield seconds(3)
        grab(window, f"overlay-{mode}.jpg")
    seen["edit_with_overlay_ms"] = user.press_timed(Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier)
    dialog = processing.createAlgorithmDialog("ltformer:match", {"REFERENCE": user.dock.session.pair.reference_layer})
    dialog.resize(1000, 760)
    dialog.show()
    yield seconds(2)
    grab(dialog, "dialog-match.png")
    dialog.close()


player = Player(story)
