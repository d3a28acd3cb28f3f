"""Errors of the engine, worded for people."""

from __future__ import annotations


class EngineError(Exception):
    """The engine is missing, died or refused; the text is what happened, why, and what to do.

    Args:
        what: what happened, a full sentence.
        why: the number and the limit, or the cause; may be empty.
        fix: what the user can do; may be empty.
    """

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        self.what, self.why, self.fix = what, why, fix
        super().__init__(" ".join(part for part in (what, why, fix) if part))


class EngineCancelled(Exception):  # noqa: N818 - not an error: the user wanted it
    """The user cancelled; nothing is left of the request."""
