"""Where the time of a run goes: wall and CPU seconds of each stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Optional

STAGES = ("read", "coarse", "detect", "describe", "match", "fine", "fit", "bend", "verdict", "write", "report")

_running: ContextVar[Optional[Stopwatch]] = ContextVar("running", default=None)


class Stopwatch:
    """Seconds of each stage. What runs inside another stage counts for the inner one alone, so that they add up.

    Attributes:
        seconds: wall time of each stage; those that did not run have 0.
        cpu_seconds: CPU time of the process, all threads.
    """

    def __init__(
        self, seconds: Optional[dict[str, float]] = None, cpu_seconds: Optional[dict[str, float]] = None
    ) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0) if seconds is None else seconds
        self.cpu_seconds = dict.fromkeys(STAGES, 0.0) if cpu_seconds is None else cpu_seconds
        self._stack: list[str] = []
        self._since = (0.0, 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Makes `stage` count here."""
        token = _running.set(self)
        try:
            yield
        finally:
            _running.reset(token)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts what is done inside for a stage."""
        self._turn()
        self._stack.append(name)
        try:
            yield
        finally:
            self._turn()
            self._stack.pop()

    def _turn(self) -> None:
        """Counts the time since the last turn for the innermost stage."""
        now = time.perf_counter(), time.process_time()
        if self._stack:
            name = self._stack[-1]
            for kept, end, start in zip((self.seconds, self.cpu_seconds), now, self._since):
                kept[name] = kept.get(name, 0.0) + end - start
        self._since = now


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Counts what is done inside for a stage of the run that is timed here, if one is."""
    watch = _running.get()
    if watch is None:
        yield
        return
    with watch.stage(name):
        yield
