"""The README's table, generated from the results files alone: `python -m benchmarks.registration.table`."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from .bars import bars
from .confusion import SUITES as JUDGED
from .confusion import confusion
from .guide_table import filled, pages
from .report import RESULTS, Report, Summary, limits, read_report

README = Path(__file__).resolve().parents[1] / "README.md"
START, END = "<!-- registration tables: start -->", "<!-- registration tables: end -->"


def tables(reports: list[Report]) -> str:
    """Returns a table a suite and split, as Markdown, and the verdicts of the suites that are there for them."""
    parts = [_table(report) for report in reports if report.suite not in JUDGED]
    if any(report.split == "test" for report in reports):
        parts.insert(0, "#### Bars, test\n\n" + bars(reports))
    if any(report.suite in JUDGED for report in reports):
        parts.append("#### Verdicts\n\n" + confusion(reports))
    return "\n\n".join(parts)


def _table(report: Report) -> str:
    changed = " with uncommitted changes" if report.changed_since else ""
    head = [f"#### {report.suite}, {report.split}", _facts(report) + f" Commit `{report.git_commit[:10]}`{changed}."]
    columns = ["", "kind", "pairs", "median RMSE, px (quartiles)", *(f"< {limit}" for limit in limits())]
    columns += ["failures", "wrong", "wrong PASS", "refused", "right family", "s", "CPU s"]
    lines = [columns, ["---"] * len(columns), *(_cells(summary) for summary in report.summary)]
    return "\n\n".join([*head, "\n".join("| " + " | ".join(line) + " |" for line in lines)])


def _facts(report: Report) -> str:
    sentences = []
    if report.excluded:
        names = ", ".join(f"{scene['scene']} ({scene['native_px']:.2f} px)" for scene in report.excluded)
        sentences.append(f"Left out because their bands are more than 0.3 px apart themselves: {names}.")
    sentences += [f"{name}: not measured, {reason}." for name, reason in report.unavailable.items()]
    return " ".join([*sentences, f"Seed {report.seed}, OMP_NUM_THREADS {report.threads['omp'] or 'not set'}."])


def _cells(summary: Summary) -> list[str]:
    quartiles = summary.rmse_px
    error = _number(quartiles.median)
    if summary.pairs > 1:
        error += f" ({_number(quartiles.q25)} to {_number(quartiles.q75)})"
    known = any(share is not None for share in summary.share_under.values())
    return [
        summary.method,
        summary.kind,
        str(summary.pairs),
        error if known else "",
        *(_percent(summary.share_under[limit]) for limit in limits()),
        str(summary.failures) if known else "",
        f"**{summary.wrong}**" if summary.wrong else "0",
        f"**{summary.wrong_pass}**" if summary.wrong_pass else "0",
        _percent(summary.refused_of_unrelated),
        _percent(summary.right_family),
        f"{summary.seconds:.2f}",
        f"{summary.cpu_seconds:.2f}",
    ]


def _number(value: Optional[float]) -> str:
    return "inf" if value is None else f"{value:.2f}"


def _percent(value: Optional[float]) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def with_tables(text: str, generated: str) -> str:
    """Returns a README whose part between the markers is replaced.

    Raises:
        ValueError: the markers are not there.
    """
    if START not in text or END not in text:
        raise ValueError(f"The README lacks the markers {START} and {END}.")
    before, rest = text.split(START, 1)
    return f"{before}{START}\n{generated}\n{END}{rest.split(END, 1)[1]}"


@click.command()
def main() -> None:
    """Writes the tables of all results into benchmarks/README.md and the user guide."""
    reports = [read_report(path) for path in sorted(RESULTS.glob("registration-*.json"))]
    README.write_text(with_tables(README.read_text(), tables(reports)))
    for page, parts in pages(reports).items():
        page.write_text(filled(page.read_text(encoding="utf-8"), parts), encoding="utf-8")


if __name__ == "__main__":
    main()
