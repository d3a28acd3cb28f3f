"""What became of a pair, in the few values that the summary shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PairVerdict = Literal["FAIL", "ERROR", "WARN", "PASS"]
ORDER: tuple[PairVerdict, ...] = ("FAIL", "ERROR", "WARN", "PASS")  # worst first
BAD: tuple[PairVerdict, ...] = ("FAIL", "ERROR")

NUMBERS = ("tie_points", "inliers", "rmse_px", "ce90_px", "heldout_rmse_px", "coverage")


@dataclass(frozen=True)
class Outcome:
    """What became of one pair.

    Attributes:
        id: of the pair.
        verdict: that of the record, or ERROR where there is none.
        reason: in words.
        model: of the transform; empty without one.
        numbers: name -> value, as in `ltcore register --json`; None where not measured.
        seconds: that the pair took its worker, all reading and writing included.
        resumed: whether an earlier run had done it.
    """

    id: str
    verdict: PairVerdict
    reason: str
    model: str = ""
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    seconds: float = 0.0
    resumed: bool = False


def outcome_of_record(pair_id: str, record: Mapping[str, Any], seconds: float, *, resumed: bool) -> Outcome:
    """Returns what a run record says. Raises KeyError or TypeError if it is none."""
    quality = record["quality"]
    return Outcome(
        pair_id,
        quality["verdict"],
        " ".join([*quality["reasons"], *record["notes"]]),
        record["transform"]["model"] or "",
        {name: quality[name] for name in NUMBERS},
        seconds,
        resumed,
    )


def error_outcome(pair_id: str, reason: str, seconds: float = 0.0) -> Outcome:
    """Returns the outcome of a pair without a result."""
    return Outcome(pair_id, "ERROR", reason, seconds=seconds)
