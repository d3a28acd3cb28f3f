"""Story of the guide's pictures: the dialogs it shows, and the menus of QGIS it names."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, os.environ["STORIES"])

import processing
from player import Player, install, seconds
from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog
from processing.modeler.ModelerDialog import ModelerDialog
from qgis.core import QgsApplication, QgsProcessingContext, QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QLabel
from qgis.utils import iface

OUT = Path(os.environ["OUT"])
STATE_LIMIT = 200  # tenths of a second


def grab(widget, name):
    assert widget.grab().save(str(OUT / name), quality=88)


def algorithm(name):
    return QgsApplication.processingRegistry().algorithmById(f"ltformer:{name}")


def menu_paths(menu, path=()):
    """Yields the entries of a menu and of those under it: ("Raster", "LTFormer Co-registration", ...)."""
    for action in menu.actions():
        here = (*path, action.text().replace("&", ""))
        if action.menu() is not None:
            yield from menu_paths(action.menu(), here)
        elif action.text():
            yield here


def grab_options(left=STATE_LIMIT):
    """Waits in the modal dialog until the engine has answered, takes the picture, and closes it."""
    page = next((w for w in QApplication.allWidgets() if w.objectName() == "ltformer_options"), None)
    state = page and page.findChild(QLabel, "ltformer_state").text()
    if not state or (state.endswith("…") and left):
        QTimer.singleShot(100, lambda: grab_options(left - 1))
        return
    grab(page.window(), "options.png")
    page.window().reject()


def batch():
    """Returns the batch dialog of ltformer:match with two rows."""
    reference, *sensed = layers()
    dialog = BatchAlgorithmDialog(algorithm("match").create(), iface.mainWindow())
    panel, context = dialog.mainWidget(), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    while panel.batchRowCount() < 2:
        panel.addRow()
    for row, layer in enumerate(sensed):
        for column, value in ((0, reference), (2, layer)):
            panel.wrappers[row][column].setParameterValue(value, context)
    return dialog


def layers():
    """Returns the ids of a reference and two sensed layers, new in the project."""
    names = {"visible": "REFERENCE", "nir_may": "SENSED", "nir_july": "SENSED"}
    files = [shutil.copy(os.environ[variable], f"{OUT}/{name}.tif") for name, variable in names.items()]
    return [iface.addRasterLayer(file, name).id() for file, name in zip(files, names)]


def story(seen):
    install(os.environ["ZIP"])
    seen["menus"] = [" > ".join(path) for path in menu_paths(iface.mainWindow().menuBar())]
    dialog = processing.createAlgorithmDialog("ltformer:checkenvironment", {"ACTION": 1})
    dialog.resize(900, 520)
    dialog.show()
    yield seconds(2)
    grab(dialog, "dialog-environment.png")
    dialog.close()
    QTimer.singleShot(500, grab_options)
    iface.showOptionsDialog(iface.mainWindow(), "ltformer_options")
    dialog = batch()
    dialog.show()
    yield seconds(2)
    grab(dialog, "dialog-batch.png")
    dialog.close()
    designer = ModelerDialog.create(algorithm("align_bands_and_ndvi").create())
    designer.resize(1300, 800)
    designer.show()
    yield seconds(2)
    designer.activate()
    yield seconds(1)
    grab(designer, "model.png")
    designer.setDirty(False)
    designer.close()
    yield seconds(1)


player = Player(story)
