"""The hands and eyes of a user of the dock "LTFormer matches", inside the real QGIS Desktop."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from player import LEFT, PLAIN, click, click_row, press
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QEvent, QObject, QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction, QApplication, QDockWidget, QFileDialog, QFormLayout, QLabel, QTabWidget
from qgis.utils import iface

FORM = QFormLayout.ItemRole
PAINT_LIMIT_S = 30.0
ENABLED, CHECKED, ON = 4, Qt.ItemDataRole.CheckStateRole, Qt.CheckState.Checked  # of the table's last column


class DockUser:
    """Works the dock by its visible widgets; what a user reads is read from labels and tables."""

    def __init__(self, reference, sensed, descriptor="rootsift"):
        for path in (reference, sensed):
            iface.addRasterLayer(path, Path(path).stem)
        iface.mainWindow().findChild(QAction, "ltformer_dock").trigger()
        self.dock = iface.mainWindow().findChild(QDockWidget, "ltformer_matches")
        self.inputs, self.table = self.dock.inputs, self.dock.table
        for chooser, path in ((self.inputs.reference, reference), (self.inputs.sensed, sensed)):
            chooser.setLayer(QgsProject.instance().mapLayersByName(Path(path).stem)[0])
        self.inputs.descriptor.setCurrentIndex(self.inputs.descriptor.findData(descriptor))

    def is_idle(self):
        """Whether the engine does nothing, so that Run can be pressed."""
        return self.inputs.run_button.isEnabled() and not self.dock.runner.current

    def press_run(self):
        """Clicks on Run, and before that on the tab it is on where another one is open."""
        for tabs in self.dock.findChildren(QTabWidget):
            page = next(n for n in range(tabs.count()) if tabs.widget(n).isAncestorOf(self.inputs.run_button))
            QTest.mouseClick(tabs.tabBar(), LEFT, PLAIN, tabs.tabBar().tabRect(page).center())
        click(self.inputs.run_button)

    def start(self):
        """Presses Run; waits until the engine works."""
        yield self.is_idle
        self.press_run()
        yield lambda: worker_pids() and self.inputs.bar.value() >= 4

    def run(self):
        """Presses Run; waits for the verdict."""
        yield self.is_idle
        self.press_run()
        yield lambda: not self.is_idle()
        yield lambda: self.is_idle() and self.has_verdict()

    def has_verdict(self):
        return self.numbers()["verdict"] in ("PASS", "WARN", "FAIL")

    def numbers(self):
        """Returns the verdict and the numbers that stand in the dock: {label: text}."""
        verdict = next(label for label in self.dock.findChildren(QLabel) if label.accessibleName() == "Verdict")
        found = {"verdict": verdict.text()}
        for form in self.dock.findChildren(QFormLayout):
            for row in range(form.rowCount()):
                label, value = (form.itemAt(row, role) for role in (FORM.LabelRole, FORM.FieldRole))
                if label is not None and value is not None and isinstance(value.widget(), QLabel):
                    found[label.widget().text()] = value.widget().text()
        return found

    def rows(self):
        return self.table.table.model().rowCount()

    def pick_worst(self):
        """Clicks on the first row that is on: the table is sorted by residual, the largest first."""
        rows = self.table.table.model()
        on = next(row for row in range(rows.rowCount()) if rows.index(row, ENABLED).data(CHECKED) == ON)
        click_row(self.table.table, on)

    def press_timed(self, key, modifier):
        """Presses a key in the table that edits points.

        Returns ms until numbers and verdict are new, ms until points and overlay are drawn anew, and ms of computing
        till then: what it would take were the machine not busy.
        """
        before, drawn = self.numbers(), [self.dock.views.overlay]
        if self.dock.bar.overlay.currentData() != "off":
            drawn.append(iface.mapCanvas().viewport())
        watches = [PaintWatch(widget) for widget in drawn]
        start_s, start_cpu_s = time.perf_counter(), time.thread_time()
        press(self.table.table, key, modifier)
        new_s = time.perf_counter()
        assert self.numbers() != before, f"{key} with {modifier} changed nothing"
        while not all(watch.was_painted for watch in watches):
            assert time.perf_counter() - start_s < PAINT_LIMIT_S, "the points were not drawn anew"
            QApplication.processEvents()
        painted_s, computed_s = time.perf_counter(), time.thread_time() - start_cpu_s
        return [1000 * seconds for seconds in (new_s - start_s, painted_s - start_s, computed_s)]

    def show_overlay(self, mode):
        """Chooses how the warped sensed layer lies over the map: off, blend or swipe."""
        chooser = self.dock.bar.overlay
        while chooser.currentData() != mode:
            press(chooser, Qt.Key.Key_Up if chooser.findData(mode) < chooser.currentIndex() else Qt.Key.Key_Down)

    def save_as(self, action, path):
        """Clicks on an entry of the export menu and names a file in the dialog that it opens."""
        ask = QFileDialog.getSaveFileName
        QFileDialog.getSaveFileName = staticmethod(lambda *_args, **_more: (str(path), ""))
        menu = self.dock.export_menu
        menu.popup(self.dock.mapToGlobal(QPoint(0, 0)))
        QTest.mouseClick(menu, LEFT, PLAIN, menu.actionGeometry(action).center())
        QFileDialog.getSaveFileName = ask

    def message(self):
        """Returns the sentence under the progress bar."""
        return self.inputs.status.text()


class PaintWatch(QObject):
    """Notes whether a widget was painted."""

    def __init__(self, widget):
        super().__init__(widget)
        self.was_painted = False
        widget.installEventFilter(self)

    def eventFilter(self, _watched, event):
        self.was_painted |= event.type() == QEvent.Type.Paint
        return False


def children():
    """Returns the processes that this QGIS started: {pid: command line}."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            if int(parent) == os.getpid():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:  # it ended
            continue
    return found


def worker_pids():
    """Returns the processes of the engine."""
    return [pid for pid, command in children().items() if "ltcore.worker" in command]


def kill_workers():
    for pid in worker_pids():
        os.kill(pid, signal.SIGKILL)


def held():
    """Returns how much QGIS holds: open files, child processes, threads, layers of the project."""
    return {
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "processes": len(children()),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "layers": len(QgsProject.instance().mapLayers()),
    }
