"""The error that ends a run, and what QGIS must not keep of that run."""

from __future__ import annotations

import contextlib
import sys
import threading
from types import FrameType

from qgis.core import QgsProcessingException

_PLUGIN = __name__.split(".algorithms", maxsplit=1)[0]
_failed: list[FrameType] = []  # the call that raised last


def run_error(text: str) -> QgsProcessingException:
    """Returns what the caller raises to end a run with a text for the user.

    QGIS's bindings never let go of an exception that an algorithm raised (seen in 3.22), nor with it of the functions
    of `processing` that called the algorithm and of the layers of the run: two open files and 250 KB for each run that
    fails. So the next error frees what the last one holds. It does so in the main thread alone, as layers may be
    deleted nowhere else; in a task QGIS itself owns the layers.
    """
    if threading.current_thread() is threading.main_thread():
        while _failed:
            _empty(_failed.pop())
        _failed.append(sys._getframe(1))
    return QgsProcessingException(text)  # no class of ours: QGIS shows the text of exactly this one


def _empty(frame: FrameType | None) -> None:
    """Forgets the variables of a finished call and of those in the plugin and in Processing that led to it."""
    while frame is not None and frame.f_globals["__name__"].startswith((f"{_PLUGIN}.", "processing.")):
        with contextlib.suppress(RuntimeError):  # it still runs
            frame.clear()
        frame = frame.f_back
