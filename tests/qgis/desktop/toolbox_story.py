"""Story: a user installs the ZIP, runs ltformer:match from its dialog and closes QGIS."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.environ["STORIES"])

import processing
import qgis.utils
from player import Player, Pulse, click, install, seconds
from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QPushButton
from qgis.utils import iface


def layers():
    return sorted(layer.name() for layer in QgsProject.instance().mapLayers().values())


def story(seen):
    install(os.environ["ZIP"])
    seen["load_ms"] = float(qgis.utils.plugin_times["ltformer"].rstrip("s")) * 1000
    dialog = processing.createAlgorithmDialog(
        "ltformer:match",
        {"REFERENCE": os.environ["REFERENCE"], "SENSED": os.environ["SENSED"], "DESCRIPTOR": 1},
    )
    dialog.show()
    yield dialog.isVisible
    run = next(button for button in dialog.findChildren(QPushButton) if button.text().replace("&", "") == "Run")
    pulse = Pulse()
    click(run)
    yield lambda: not run.isEnabled()
    yield run.isEnabled
    seen["longest_freeze_ms"], seen["layers"] = pulse.longest_ms, layers()
    dialog.close()
    iface.messageBar().clearWidgets()
    iface.zoomFull()
    yield seconds(2)
    assert iface.mainWindow().grab().save(os.environ["OUT"] + "/map.jpg", quality=88)
    iface.newProject()
    yield lambda: not layers()


player = Player(story)
