"""The README's table of verdicts (suites *related*, *unrelated*, *noise*), and how true the stated uncertainty is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .report import Report, Row

SUITES = ("related", "unrelated", "noise")
_VERDICTS = ("PASS", "WARN", "FAIL")
_PRODUCT = "ltcore"


def confusion(reports: list[Report]) -> str:
    """Returns tables of this product's verdicts a suite, split and kind, as Markdown; an ERROR counts as a FAIL."""
    judged = [report for report in reports if report.suite in SUITES]
    columns = ["suite", "split", "kind", "pairs", *_VERDICTS, "wrong PASS", "wrong WARN"]
    lines = [columns, ["---"] * len(columns)]
    for report in judged:
        rows = [row for row in report.rows if row.method == _PRODUCT]
        kinds = list(dict.fromkeys(row.kind for row in rows))
        for kind in [*kinds, "all"]:
            part = [row for row in rows if kind in (row.kind, "all")]
            lines.append([report.suite, report.split, kind, *_counts(part)])
    return "\n\n".join([*(_facts(report) for report in judged), _table(lines), _calibration(judged)])


def _counts(rows: list[Row]) -> list[str]:
    called = [row.verdict if row.verdict in _VERDICTS else "FAIL" for row in rows]
    wrong = [sum(row.wrong and row.verdict == verdict for row in rows) for verdict in ("PASS", "WARN")]
    return [str(len(rows)), *(str(called.count(verdict)) for verdict in _VERDICTS), *(str(count) for count in wrong)]


def _facts(report: Report) -> str:
    changed = " with uncommitted changes" if report.changed_since else ""
    return f"{report.suite}, {report.split}: seed {report.seed}, commit `{report.git_commit[:10]}`{changed}."


def _calibration(reports: list[Report]) -> str:
    """Returns a table of what the facts of trusted rows say about the stated uncertainty."""
    columns = [
        "suite",
        "split",
        "chi-square, median (quartiles); 1 is right",
        "left-out tie points inside CE90",
        "check points of the truth inside CE90",
    ]
    lines = [columns, ["---"] * len(columns)]
    for report in (report for report in reports if report.suite != "unrelated"):
        facts = [row.facts for row in report.rows if row.method == _PRODUCT and row.verdict in ("PASS", "WARN")]
        spread = _values(facts, "chi_square")
        quartiles = np.quantile(spread, [0.5, 0.25, 0.75]) if len(spread) else np.full(3, np.nan)
        means = [_values(facts, name) for name in ("heldout_within_ce90", "checks_within_ce90")]
        shares = [f"{100 * float(np.mean(values)):.0f} %" if len(values) else "" for values in means]
        lines.append([report.suite, report.split, "{:.2f} ({:.2f} to {:.2f})".format(*quartiles), *shares])
    return _table(lines)


def _values(facts: Iterable[dict], name: str) -> np.ndarray:
    return np.array([entry[name] for entry in facts if name in entry])


def _table(lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
