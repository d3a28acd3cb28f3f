"""The tables of the user guide, generated from the results files alone: `python -m benchmarks.registration.table`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .report import Report, Row, Summary

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
PRODUCT = "ltcore"
_VERDICTS = ("pairs", "PASS", "WARN", "FAIL or refused", "wrong PASS", "wrong WARN")
_PEERS = {
    PRODUCT: "**this program**",
    "AROSICS COREG": "AROSICS, global",
    "AROSICS COREG_LOCAL": "AROSICS, local",
    "ALIKED + LightGlue + MAGSAC": "ALIKED + LightGlue",
    "XFeat + MAGSAC": "XFeat",
    "RootSIFT + MAGSAC": "RootSIFT",
    "CLAHE + SIFT + ECC": "CLAHE + SIFT + ECC",
}
_SUITES = {
    "smallshift": "Georeferenced, a little off",
    "geometry": "Nothing known: any rotation, scale 0.5 to 2, no georeference",
    "crossscene": "Two dates of one place",
    "gsd": "Pixels 4 to 20 times as large",
    "orchard": "Drone pair, check points picked by eye",
}
# Words of the guide -> suite and kinds of its pairs.
_TRIED = {
    "noise of 5 % of the contrast": ("related", ("turned, noisy", "shifted, noisy")),
    "haze": ("related", ("turned, hazed", "shifted, hazed")),
    "another contrast": ("related", ("turned, gamma", "shifted, gamma")),
    "local distortion of 2 to 3 px": ("smallshift", ("d",)),
    "pixel size 1:4 and 4:1": ("gsd", ("1:4", "4:1")),
    "pixel size 1:10 and 10:1": ("gsd", ("1:10", "10:1")),
    "two dates, shifted": ("crossscene", ("shifted",)),
    "two dates, turned": ("crossscene", ("turned",)),
    "water alone": ("unrelated", ("water",)),
    "clouds alone": ("unrelated", ("clouds",)),
    "ground that repeats itself": ("unrelated", ("repeated",)),
    "another place": ("unrelated", ("other place",)),
}


def compared(reports: Iterable[Report]) -> str:
    """Returns a table a suite of the test split: this program and its peers."""
    by_suite = {report.suite: report for report in reports if report.split == "test"}
    parts = []
    for suite, title in _SUITES.items():
        found = [line for line in by_suite[suite].summary if line.kind in ("all", "check points")]
        by_method = {line.method: line for line in found}
        rows = [_peer(name, by_method[method]) for method, name in _PEERS.items() if method in by_method]
        head = ["", "pairs", "median error, px", "under 1 px", "refused or failed", "returned, but wrong", "CPU s"]
        parts.append(f"### {title}\n\n{_table(head, rows)}")
    return "\n\n".join(parts)


def trusted(reports: Iterable[Report]) -> str:
    """Returns what the verdict was worth, a row a split and suite."""
    rows = []
    for report in reports:
        if report.suite in ("related", "unrelated"):
            what = "must be registered" if report.suite == "related" else "must be refused"
            rows.append([report.split, what, *_verdicts(_own(report, None))])
    return _table(["split", "pairs that", *_VERDICTS], rows)


def tried(reports: Iterable[Report]) -> str:
    """Returns the verdicts on pairs of which one thing is hard."""
    known = list(reports)
    rows = []
    for words, (suite, kinds) in _TRIED.items():
        found = [row for report in known if report.suite == suite for row in _own(report, kinds)]
        rows.append([words, *_verdicts(found)])
    return _table(["", *_VERDICTS], rows)


def pages(reports: Sequence[Report]) -> dict[Path, dict[str, str]]:
    """Returns the tables of each page of the guide by the name in their markers."""
    return {
        GUIDE / "comparison.md": {"peers": compared(reports), "verdicts": trusted(reports)},
        GUIDE / "limits.md": {"tried": tried(reports)},
    }


def filled(text: str, tables: dict[str, str]) -> str:
    """Returns a page whose tables are replaced; each stands between `<!-- NAME: start -->` and `<!-- NAME: end -->`.

    Raises:
        ValueError: the page lacks a marker.
    """
    for name, table in tables.items():
        start, end = f"<!-- {name}: start -->", f"<!-- {name}: end -->"
        before, rest = text.split(start)
        text = f"{before}{start}\n{table}\n{end}{rest.split(end)[1]}"
    return text


def _own(report: Report, kinds: Sequence[str] | None) -> list[Row]:
    return [row for row in report.rows if row.method == PRODUCT and (kinds is None or row.kind in kinds)]


def _verdicts(rows: list[Row]) -> list[str]:
    believed = [[row for row in rows if row.verdict == verdict] for verdict in ("PASS", "WARN")]
    counts = [len(found) for found in believed]
    wrong = [sum(row.wrong for row in found) for found in believed]
    return [str(count) for count in (len(rows), *counts, len(rows) - sum(counts), *wrong)]


def _peer(name: str, line: Summary) -> list[str]:
    median = "-" if line.rmse_px.median is None else f"{line.rmse_px.median:.2f}"
    share = line.share_under["1"] or 0.0
    cost = [f"{line.failures}", f"{line.wrong}", f"{line.cpu_seconds:.2f}"]
    return [name, str(line.pairs), median, f"{share:.0%}".replace("%", " %"), *cost]


def _table(head: Sequence[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
