"""What every method answers: where the check points of a sensed image lie in the reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional, Protocol

from ltcore.types import FloatArray

from .pairs import Pair


@dataclass(frozen=True)
class Answer:
    """A method's answer to a pair.

    Attributes:
        reference_xy: (K, 2) reference px of the check points; None where the method found no transform.
        verdict: PASS, WARN, FAIL or ERROR of this product; RETURNED or NONE of a peer, which has no verdict.
        reason: why, in a sentence; empty where a peer says nothing.
        model: family of the transform.
        facts: other numbers of the method, as JSON values.
    """

    reference_xy: Optional[FloatArray]
    verdict: str
    reason: str = ""
    model: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def called_good(self) -> bool:
        """Whether the method offers its result for use."""
        return self.verdict in ("PASS", "WARN", "RETURNED")


class Method(Protocol):
    """One way to register a pair.

    Attributes:
        name: as in tables.
    """

    name: str

    def __call__(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        """Returns where (K, 2) sensed px lie in the reference."""
        ...


def nothing(reason: str) -> Answer:
    """Returns the answer of a peer that found no transform."""
    return Answer(None, "NONE", reason)
