"""Progress on a terminal: a bar for people, plain lines for files and pipes."""

from __future__ import annotations

import signal
import sys
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class TerminalProgress:
    """Shows progress on stderr while a `with` block runs, in the main thread.

    Ctrl-C and SIGTERM interrupt with KeyboardInterrupt; where a library's callback swallows that, the next checkpoint
    cancels.
    """

    def __init__(self) -> None:
        self._interrupted = False
        self._handlers: dict[int, Any] = {}
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._message = ""

    def __enter__(self) -> TerminalProgress:
        self._handlers = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
            self._bar = Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("Starting", total=1.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._bar is not None:
            self._bar.stop()

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True
        raise KeyboardInterrupt

    def report(self, fraction: float, message: str = "") -> None:
        """Moves the bar, or writes a line for each new message."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=fraction, description=message or None)
        elif message and message != self._message:
            sys.stderr.write(f"[{fraction:4.0%}] {message}\n")
            sys.stderr.flush()
            self._message = message

    def is_cancelled(self) -> bool:
        """Tells whether a signal came."""
        return self._interrupted
