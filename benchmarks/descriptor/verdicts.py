"""What the results say: bars met or not, networks against each other, where ours is behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

METRICS = {
    "correct": "correct matches",
    "precision": "precision",
    "matching_score": "matching score",
    "average_precision": "average precision",
    "success": "success < 3 px",
    "precise": "success < 1/3 px",
}
REGIME = {"dual": "oriented", "upright": "upright"}
CLOSED_PRECISION, CLOSED_MATCHING_SCORE = 0.995, 0.99

BARS = {
    ("dual", "success"): 0.98,
    ("dual", "correct_ratio"): 1.7,
    ("upright", "success"): 0.99,
    ("upright", "correct_ratio"): 1.9,
    ("upright", "precision_ratio"): 1.6,
}
_RATIO_NAMES = {"correct_ratio": "correct matches over RootSIFT's", "precision_ratio": "precision over RootSIFT's"}


@dataclass(frozen=True)
class BarRow:
    """One bar: what, the bar in words, what was measured, its interval if there is one; a value of None is infinite."""

    what: str
    wanted: str
    value: Optional[float]
    interval: Optional[tuple[Optional[float], Optional[float]]]
    met: bool
    percent: bool


@dataclass(frozen=True)
class ComparisonRow:
    """In how many values every run of ours lies beyond every run of theirs, and the share of the arithmetic."""

    ours: str
    theirs: str
    better: int
    overlapping: int
    worse: int
    arithmetic: str


def bar_rows(report: dict[str, Any]) -> list[BarRow]:
    """Returns the bars of the open and the closed set for the method named "ours"."""
    rows = []
    for (mode, metric), bar in BARS.items():
        value, low, high = report["open_set"][mode]["methods"][report["ours"]][metric]
        name = _RATIO_NAMES.get(metric) or METRICS[metric]
        met = value is None or value >= bar
        rows.append(BarRow(f"{REGIME[mode]}: {name}", f">= {bar:g}", value, (low, high), met, metric == "success"))
    for window, score in report["closed_set"].get(report["ours"], {}).items():
        for metric, bar in (("precision", CLOSED_PRECISION), ("matching_score", CLOSED_MATCHING_SCORE)):
            value, name = score[metric], f"closed set, {window} px: {METRICS[metric]}"
            rows.append(BarRow(name, f">= {bar:g}", value, None, value >= bar, percent=True))
    return rows


def comparison_rows(report: dict[str, Any], groups: dict[str, list[str]]) -> list[ComparisonRow]:
    """Returns each group of LTFormer runs against each group of other networks."""
    networks = {group: members for group, members in groups.items() if "mflop" in report["methods"][members[0]]}
    ours = {group: members for group, members in networks.items() if group.lower().startswith("ltformer")}
    rows = []
    for mine, my_runs in ours.items():
        for other, runs in networks.items():
            if other in ours:
                continue
            signs = [_sign(*_both(report, mode, metric, my_runs, runs)) for mode in REGIME for metric in METRICS]
            share = report["methods"][my_runs[0]]["mflop"] / report["methods"][runs[0]]["mflop"]
            counts = (signs.count(1), signs.count(0), signs.count(-1))
            rows.append(ComparisonRow(mine, other, *counts, f"{share:.2f}x"))
    return rows


def _both(
    report: dict[str, Any], mode: str, metric: str, mine: Sequence[str], other: Sequence[str]
) -> tuple[list[float], list[float]]:
    runs = report["open_set"][mode]["first_warp"]
    return [runs[name][metric] for name in mine], [runs[name][metric] for name in other]


def _sign(mine: list[float], other: list[float]) -> int:
    """Returns 1 when all of mine are larger than all others, -1 when all are smaller, else 0."""
    return int(min(mine) > max(other)) - int(max(mine) < min(other))


def losses(report: dict[str, Any], groups: dict[str, list[str]]) -> list[str]:
    """Returns a line for every value of ours that is below another group's first run, on the same pairs."""
    firsts = {members[0]: group for group, members in groups.items()}
    tables: list[tuple[str, dict[str, float]]] = []
    for mode, regime in REGIME.items():
        methods = report["open_set"][mode]["methods"]
        for metric, text in METRICS.items():
            values = {name: methods[name][metric][0] for name in firsts if name in methods}
            tables.append((f"{regime}, {text}", values))
    for window in report["closed_set"].get(report["ours"], {}):
        for metric in ("precision", "matching_score"):
            values = {name: scores[window][metric] for name, scores in report["closed_set"].items()}
            tables.append((f"closed set, {window} px, {METRICS[metric]}", values))
    found = []
    for text, values in tables:
        mine = values[report["ours"]]
        ahead = {name: value for name, value in values.items() if value > mine and name in firsts}
        if ahead:
            best = max(ahead, key=lambda name: ahead[name])
            others = f", and {len(ahead) - 1} more" if len(ahead) > 1 else ""
            found.append(f"{text}: {mine:.4g} against {ahead[best]:.4g} of {firsts[best]}{others}")
    return found
