"""Child processes: started apart from QGIS's own signals and window, stopped for sure."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Callable

from .errors import EngineCancelled

_IS_WINDOWS = sys.platform == "win32"


def start(command: Sequence[str], environment: dict[str, str], **options: Any) -> subprocess.Popen[bytes]:
    """Returns the started child. Ctrl-C in a terminal reaches the parent alone, and Windows opens no console."""
    if _IS_WINDOWS:
        options["creationflags"] = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        options["start_new_session"] = True
    return subprocess.Popen(list(command), env=environment, **options)  # noqa: S603 - no shell, a fixed command


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the child, on POSIX with its own children, and waits until it is gone."""
    with contextlib.suppress(OSError):  # it is gone already
        if _IS_WINDOWS:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):  # what was still to be sent
            process.stdin.close()


def answer_of(
    process: subprocess.Popen[bytes], timeout_s: float, is_cancelled: Callable[[], bool]
) -> tuple[bytes, bytes]:
    """Returns what the child printed on stdout and stderr until its end.

    Raises:
        EngineCancelled: the user cancelled; the child is dead.
        TimeoutError: it ran longer than `timeout_s`; it is dead.
    """
    end_s = time.monotonic() + timeout_s
    while True:
        try:
            return process.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            if is_cancelled():
                kill(process)
                raise EngineCancelled from None
            if time.monotonic() > end_s:
                kill(process)
                raise TimeoutError from None


def lines_of(process: subprocess.Popen[bytes], is_cancelled: Callable[[], bool]) -> Iterator[str]:
    """Yields what the child prints, line by line, until it ends; kills it as soon as the user cancels."""
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def read() -> None:
        with process.stdout as stream:
            for line in stream:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        if is_cancelled():
            kill(process)
            return
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=0.1)
            if line is None:
                process.wait()
                return
            yield line.decode(errors="replace").rstrip()
