"""Story: a user matches two layers in the dock and mends the points with mouse and keyboard."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.environ["STORIES"])

import qgis.utils
from dock_user import DockUser
from player import PLAIN, Player, install
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt


def story(seen):
    install(os.environ["ZIP"])
    seen["load_ms"] = float(qgis.utils.plugin_times["ltformer"].rstrip("s")) * 1000
    provider = QgsApplication.processingRegistry().providerById("ltformer")
    seen["algorithms"] = sorted(algorithm.id() for algorithm in provider.algorithms())
    user = DockUser(os.environ["REFERENCE"], os.environ["SENSED"])
    yield user.dock.isVisible
    yield from user.run()
    seen["rows"], seen["numbers"] = [user.rows()], [user.numbers()]
    user.pick_worst()
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    edits = (Qt.Key.Key_Delete, PLAIN), (Qt.Key.Key_Z, ctrl), (Qt.Key.Key_Z, ctrl | shift)
    seen["edit_ms"] = []
    for edit in edits:
        seen["edit_ms"].append(user.press_timed(*edit))
        seen["rows"].append(user.rows())
        seen["numbers"].append(user.numbers())
        yield None


player = Player(story)
