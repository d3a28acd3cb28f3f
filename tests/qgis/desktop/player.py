"""Plays a story inside the real QGIS Desktop (`qgis --code`): clicks, waits while QGIS goes on living, takes notes.

A story is a generator that does something with mouse or keyboard and then yields what it waits for: a function that is
true once the story may go on, or None for one turn of the event loop. What it notes goes, as JSON, to $ANSWER.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import Path

import pyplugin_installer
from qgis.core import Qgis, QgsProject, QgsSettings
from qgis.PyQt.QtCore import QT_VERSION_STR, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QMessageBox
from qgis.utils import iface

TURN_MS = 10
LIMIT_S = 200.0  # on a machine that many share
LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Player:
    """Plays one story and then closes QGIS as a user does; `seen` is what goes to $ANSWER."""

    def __init__(self, story):
        self.seen = {"qgis": Qgis.QGIS_VERSION.split("-")[0], "qt": QT_VERSION_STR}
        self._story = story(self.seen)
        self._awaited, self._since_s, self._is_busy = None, time.monotonic(), False
        self._timer = QTimer()
        self._timer.timeout.connect(self._turn)
        iface.initializationCompleted.connect(lambda: QTimer.singleShot(500, self._begin))

    def _begin(self):
        iface.mainWindow().setGeometry(0, 0, 1400, 900)  # the whole screen: there is no window manager
        QApplication.setActiveWindow(iface.mainWindow())
        # No question about datums stops the story.
        QgsSettings().setValue("projections/promptWhenMultipleTransformsExist", False, QgsSettings.Section.App)
        self._timer.start(TURN_MS)

    def _turn(self):
        """Goes on with the story if what it waits for is there."""
        if self._is_busy:  # the story waits in the event loop of a dialog
            return
        self._is_busy = True
        try:
            if self._awaited is None or self._awaited():
                self._awaited, self._since_s = next(self._story), time.monotonic()
            elif time.monotonic() - self._since_s > LIMIT_S:
                self._story.throw(TimeoutError(f"waited {LIMIT_S:.0f} s in vain"))
        except StopIteration:
            self._end()
        except Exception:  # noqa: BLE001 - the test shows it
            self.seen["error"] = traceback.format_exc()
            iface.mainWindow().grab().save(os.environ["ANSWER"] + ".png")
            self._end()
        finally:
            self._is_busy = False

    def _end(self):
        self._timer.stop()
        Path(os.environ["ANSWER"]).write_text(json.dumps(self.seen), encoding="utf-8")
        QgsSettings().sync()
        QgsProject.instance().setDirty(False)  # else QGIS asks whether to save
        self._timer = QTimer()
        self._timer.timeout.connect(_answer)
        self._timer.start(100)
        QTimer.singleShot(0, iface.actionExit().trigger)


def _answer():
    """Answers what QGIS asks before it closes: yes, cancel what runs (then it wants closing again); discard edits."""
    box, buttons = QApplication.activeModalWidget(), QMessageBox.StandardButton
    if not isinstance(box, QMessageBox):
        return
    if box.button(buttons.Yes) is not None:
        QTest.mouseClick(box.button(buttons.Yes), LEFT)
        QTimer.singleShot(500, iface.actionExit().trigger)
    elif box.button(buttons.Discard) is not None:
        QTest.mouseClick(box.button(buttons.Discard), LEFT)


class Pulse:
    """Notes for how long QGIS did not come round to its event loop.

    `longest_ms` counts its own computing alone: on a busy machine the clock on the wall shows the others' work.
    """

    def __init__(self):
        self.longest_ms, self._last_s = 0.0, time.thread_time()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(TURN_MS)

    def _beat(self):
        now_s = time.thread_time()
        self.longest_ms = max(self.longest_ms, (now_s - self._last_s) * 1000)
        self._last_s = now_s


def install(archive):
    """Installs a ZIP with QGIS's own installer, as a user does; some versions ask whether it may be trusted."""
    asked = {name: getattr(QMessageBox, name) for name in ("warning", "information", "critical", "question")}
    for name in asked:
        setattr(QMessageBox, name, staticmethod(lambda *_args, **_more: QMessageBox.StandardButton.Yes))
    pyplugin_installer.instance().installFromZipFile(str(archive))
    for name, function in asked.items():
        setattr(QMessageBox, name, function)


def click(widget, modifier=PLAIN):
    """Clicks on the middle of a widget that a user can see and use."""
    assert widget.isVisible(), f"{widget.objectName()} is hidden"
    assert widget.isEnabled(), f"{widget.objectName()} is disabled"
    QTest.mouseClick(widget, LEFT, modifier)


def click_row(view, row, modifier=PLAIN):
    """Clicks on the first cell of a row of a table."""
    index = view.model().index(row, 0)
    view.scrollTo(index)
    QTest.mouseClick(view.viewport(), LEFT, modifier, view.visualRect(index).center())


def press(widget, key, modifier=PLAIN):
    """Presses a key in a widget that has the focus."""
    widget.setFocus()
    QTest.keyClick(widget, key, modifier)


def seconds(count):
    """Returns what is true after some seconds."""
    end_s = time.monotonic() + count
    return lambda: time.monotonic() > end_s
