"""Story: a user matches two layers in the dock, mends points, hands them on, saves the project and opens it again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["STORIES"])

import qgis.utils
from dock_user import DockUser
from player import PLAIN, Player, install, seconds
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.utils import iface

OUT = Path(os.environ["OUT"])
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
UNDO, REDO = (Qt.Key.Key_Z, CTRL), (Qt.Key.Key_Z, CTRL | SHIFT)


def edits(user, seen):
    """Deletes the worst point, undoes and redoes it; the last two once more while the overlay is shown."""
    user.pick_worst()
    for keys in ((Qt.Key.Key_Delete, PLAIN), UNDO, REDO):
        seen["edit_ms"].append(user.press_timed(*keys))
        seen["rows"].append(user.rows())
        seen["numbers"].append(user.numbers())
        yield None
    user.show_overlay("blend")
    yield seconds(2)
    for keys in (UNDO, REDO):
        seen["edit_with_overlay_ms"].append(user.press_timed(*keys))
        yield None


def exports(user, seen):
    for action, name in ((user.dock.export_menu.gcps, "gcps.points"), (user.dock.export_menu.warp, "warped.tif")):
        user.save_as(action, OUT / name)
        yield lambda path=OUT / name: path.is_file() and user.is_idle()
    seen["layers"] = sorted(layer.name() for layer in QgsProject.instance().mapLayers().values())


def project(user, seen):
    """Saves the project, begins another one, opens the first again."""
    QgsProject.instance().setFileName(str(OUT / "session.qgz"))
    iface.actionSaveProject().trigger()
    yield (OUT / "session.qgz").is_file
    iface.newProject()
    yield lambda: user.rows() == 0
    iface.addProject(str(OUT / "session.qgz"))
    yield lambda: user.rows() and user.is_idle() and user.has_verdict()
    seen["reopened"] = {"rows": user.rows(), "numbers": user.numbers()}


def story(seen):
    install(os.environ["ZIP"])
    seen["load_ms"] = float(qgis.utils.plugin_times["ltformer"].rstrip("s")) * 1000
    provider = QgsApplication.processingRegistry().providerById("ltformer")
    seen["algorithms"] = sorted(algorithm.id() for algorithm in provider.algorithms())
    user = DockUser(os.environ["REFERENCE"], os.environ["SENSED"])
    yield user.dock.isVisible
    yield from user.run()
    seen.update(rows=[user.rows()], numbers=[user.numbers()], edit_ms=[], edit_with_overlay_ms=[])
    for part in (edits, exports, project):
        yield from part(user, seen)


player = Player(story)
