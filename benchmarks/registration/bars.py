"""What the engine is asked to reach on the test split, and whether it does: the first table of the README."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

import numpy as np

from .report import Report, Row

_PRODUCT, _AROSICS, _ALIKED = "ltcore", "AROSICS COREG_LOCAL", "ALIKED + LightGlue + MAGSAC"
_SHIFTED = ("a", "b", "c")


@dataclass(frozen=True)
class _Bar:
    """A number of some rows, its limit, and whether it is to be at least that."""

    suite: str
    kinds: tuple[str, ...]  # empty: all
    what: str
    number: Callable[[list[Row]], float]
    limit: float
    at_least: bool = False
    form: str = "{:.2f}"

    def line(self, rows: Sequence[Row]) -> list[str]:
        measured = self.number([row for row in rows if row.method == _PRODUCT])
        met = measured >= self.limit if self.at_least else measured <= self.limit
        sign = ">=" if self.at_least else "<="
        kinds = ", ".join(self.kinds)
        name = f"{self.suite} {kinds}".strip()
        bar, found = (self.form.format(value) for value in (self.limit, measured))
        return [name, self.what, f"{sign} {bar}", found, "met" if met else "**not met**"]


def _median(rows: list[Row]) -> float:
    return statistics.median(_errors(rows).tolist())


def _share_under(limit_px: float) -> Callable[[list[Row]], float]:
    return lambda rows: 100 * float(np.mean(_errors(rows) < limit_px))


def _errors(rows: list[Row]) -> np.ndarray:
    return np.array([np.inf if row.rmse_px is None else row.rmse_px for row in rows])


def _failures(rows: list[Row]) -> float:
    return float(np.isinf(_errors(rows)).sum())


def _wrong_passes(rows: list[Row]) -> float:
    return float(sum(row.wrong and row.verdict == "PASS" for row in rows))


def _right_family(rows: list[Row]) -> float:
    return 100 * float(np.mean([row.model == row.family for row in rows]))


_PERCENT, _COUNT = "{:.0f} %", "{:.0f}"
_BARS = (
    *(_Bar("smallshift", (kind,), "median RMSE, px", _median, 0.12, form="{:.3f}") for kind in _SHIFTED),
    _Bar("smallshift", _SHIFTED, "share < 0.3 px", _share_under(0.3), 90, True, _PERCENT),
    _Bar("smallshift", _SHIFTED, "share < 0.5 px", _share_under(0.5), 100, True, _PERCENT),
    _Bar("smallshift", _SHIFTED, "failures", _failures, 0, form=_COUNT),
    _Bar("smallshift", (), "wrong PASS", _wrong_passes, 0, form=_COUNT),
    _Bar("smallshift", ("d",), "median RMSE, px", _median, 0.35),
    _Bar("smallshift", ("d",), "share < 0.5 px", _share_under(0.5), 75, True, _PERCENT),
    _Bar("smallshift", (), "right family", _right_family, 95, True, _PERCENT),
    _Bar("geometry", (), "share < 1 px", _share_under(1.0), 97, True, _PERCENT),
    _Bar("geometry", (), "wrong PASS", _wrong_passes, 0, form=_COUNT),
    _Bar("orchard", (), "RMSE at 22 check points, px", _median, 0.30),
    _Bar(
        "unrelated",
        (),
        "refused",
        lambda rows: 100 * float(np.mean([not row.wrong for row in rows])),
        100,
        True,
        "{:.1f} %",
    ),
)


def bars(reports: list[Report]) -> str:
    """Returns a table of the bars whose suites were measured on the test split, as Markdown; CPU time last."""
    measured = {report.suite: report.rows for report in reports if report.split == "test"}
    lines = [["suite", "what", "bar", "measured", ""], ["---"] * 5]
    for bar in (bar for bar in _BARS if bar.suite in measured):
        rows = [row for row in measured[bar.suite] if not bar.kinds or row.kind in bar.kinds]
        if any(row.method == _PRODUCT for row in rows):
            lines.append(bar.line(rows))
    for suite, peers in (("smallshift", (_AROSICS, _ALIKED)), ("geometry", (_ALIKED,))):
        if suite in measured:
            lines.append(_time(suite, peers, measured[suite]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _time(suite: str, peers: tuple[str, ...], rows: Sequence[Row]) -> list[str]:
    """Returns the line of the CPU time against the fastest of the peers in the same run."""
    seconds = {name: [row.cpu_seconds for row in rows if row.method == name] for name in (_PRODUCT, *peers)}
    medians = {name: statistics.median(values) for name, values in seconds.items() if values}
    against = [medians[name] for name in peers if name in medians]
    limit = min(against) if against else float("nan")
    what = f"CPU s a pair, warm; bar: the fastest of {', '.join(peers)}"
    met = medians[_PRODUCT] <= limit
    return [suite, what, f"<= {limit:.2f}", f"{medians[_PRODUCT]:.2f}", "met" if met else "**not met**"]
