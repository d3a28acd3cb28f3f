"""Progress and cancellation, passed down the stages as one small protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class CancelledError(Exception):
    """The user cancelled; not an error of the program (exit code 130)."""


class Progress(Protocol):
    """What a stage needs to tell people how far it is and to learn that it should stop."""

    def report(self, fraction: float, message: str = "") -> None:
        """Says that `fraction` (0 to 1) of the work is done; an empty message keeps the last one."""

    def is_cancelled(self) -> bool:
        """Tells whether the work should stop."""


class NullProgress:
    """Progress for callers who want none."""

    def report(self, fraction: float, message: str = "") -> None:
        """Does nothing."""

    def is_cancelled(self) -> bool:
        """Tells that nobody cancelled."""
        return False


@dataclass(frozen=True)
class SubProgress:
    """The part of a larger progress between `start` and `end` (fractions of the parent)."""

    parent: Progress
    start: float
    end: float

    def report(self, fraction: float, message: str = "") -> None:
        """Reports to the parent, scaled into this part."""
        clipped = min(1.0, max(0.0, fraction))
        self.parent.report(self.start + clipped * (self.end - self.start), message)

    def is_cancelled(self) -> bool:
        """Tells whether the parent was cancelled."""
        return self.parent.is_cancelled()


def checkpoint(progress: Progress) -> None:
    """Raises CancelledError if the work should stop; called inside every long loop."""
    if progress.is_cancelled():
        raise CancelledError
