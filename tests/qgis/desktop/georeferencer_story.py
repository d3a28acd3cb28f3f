"""Story: tie points go from the dock into QGIS's own Georeferencer, which opens the sensed raster with them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, os.environ["STORIES"])

from dock_user import DockUser
from player import Player, click, install, seconds
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QAction,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QMessageBox,
    QTableView,
)
from qgis.utils import iface

OUT = Path(os.environ["OUT"])
AGAIN_MS = 200


def georeferencer():
    """Returns the window of the Georeferencer once it is open, else None."""
    windows = (w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow) and w is not iface.mainWindow())
    return next((w for w in windows if w.isVisible() and w.findChild(QAction, "mActionOpenRaster")), None)


def answer(is_wanted, fill):
    """Fills the dialog that is wanted in, once it is open, and presses its first button."""
    dialog = next((w for w in QApplication.topLevelWidgets() if w.isVisible() and is_wanted(w)), None)
    if dialog is None:
        QTimer.singleShot(AGAIN_MS, lambda: answer(is_wanted, fill))
        return
    fill(dialog)
    click(dialog.findChild(QDialogButtonBox).buttons()[0])


def open_raster(window, path):
    def name_file(dialog):
        dialog.findChild(QLineEdit, "fileNameEdit").setText(path)

    QTimer.singleShot(AGAIN_MS, lambda: answer(lambda w: isinstance(w, QFileDialog), name_file))
    window.findChild(QAction, "mActionOpenRaster").trigger()


def choose_transform(window, name):
    def chooser(dialog):
        return dialog.findChild(QComboBox, "cmbTransformType")

    def choose(dialog):
        chooser(dialog).setCurrentIndex(chooser(dialog).findText(name))

    QTimer.singleShot(AGAIN_MS, lambda: answer(lambda w: isinstance(w, QDialog) and chooser(w), choose))
    window.findChild(QAction, "mActionTransformSettings").trigger()


def residuals(window):
    """Returns the last column of the table of GCPs as texts."""
    model = window.findChild(QTableView).model()
    return [str(model.index(row, model.columnCount() - 1).data()) for row in range(model.rowCount())]


def story(seen):
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    install(os.environ["ZIP"])
    pair = [shutil.copy(os.environ[name], OUT) for name in ("REFERENCE", "SENSED")]  # .points are written beside
    user = DockUser(*pair)
    yield from user.run()
    seen["dock"] = user.numbers()
    asked = QMessageBox.question
    QMessageBox.question = staticmethod(lambda *_args: QMessageBox.StandardButton.Yes)
    user.dock.export_menu.georeferencer.trigger()
    QMessageBox.question = asked
    yield lambda: georeferencer() is not None
    window = georeferencer()
    window.resize(1100, 800)
    open_raster(window, pair[1])
    yield lambda: residuals(window)
    choose_transform(window, "Helmert")
    yield lambda: residuals(window)[0] != "n/a"
    yield seconds(2)
    seen["residuals"] = residuals(window)
    assert window.grab().save(str(OUT / "georeferencer.png"))


player = Player(story)
