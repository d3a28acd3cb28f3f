"""Progress on a terminal: a bar for people, plain lines for files and pipes."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class TerminalProgress:
    """Shows progress on stderr while a `with` block runs; never cancels (Ctrl-C interrupts instead)."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._message = ""

    def __enter__(self) -> TerminalProgress:
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
            self._bar = Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("Starting", total=1.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def report(self, fraction: float, message: str = "") -> None:
        """Moves the bar, or writes a line for each new message."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=fraction, description=message or None)
        elif message and message != self._message:
            sys.stderr.write(f"[{fraction:4.0%}] {message}\n")
            sys.stderr.flush()
            self._message = message

    def is_cancelled(self) -> bool:
        """Tells that nobody cancelled."""
        return False
