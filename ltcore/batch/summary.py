"""summary.csv and summary.html of a batch: every pair, the worst first."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..atomic import atomic_path
from ..html_page import rendered, write_page
from .manifest import Pair
from .outcome import NUMBERS, ORDER, Outcome
from .thumbnail import THUMBNAIL

CSV_NAME, HTML_NAME = "summary.csv", "summary.html"
HTML_ROWS = 5000  # a browser shows no more of them with pleasure; the CSV has all

_COLUMNS = ("id", "verdict", "reason", "model", *NUMBERS, "seconds", "resumed", "reference", "sensed", "folder")
_TEMPLATE = Path(__file__).with_name("summary.html.j2")


def write_summary(folder: Path, pairs: Sequence[Pair], outcomes: Iterable[Outcome]) -> None:
    """Writes both files into `folder`, each whole or not at all; pairs without outcome were not run.

    Raises:
        OutputError: a file cannot be written.
    """
    jobs = {pair.id: pair.job for pair in pairs}
    rows = sorted(outcomes, key=_worst_first)
    with atomic_path(folder / CSV_NAME) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for row in rows:
            job = jobs[row.id]
            numbers = ["" if row.numbers.get(name) is None else f"{row.numbers[name]:.6g}" for name in NUMBERS]
            facts = [f"{row.seconds:.3f}", "yes" if row.resumed else "no"]
            paths = [str(job.reference.path), str(job.sensed.path), row.id]
            writer.writerow([row.id, row.verdict, row.reason, row.model, *numbers, *facts, *paths])
    write_page(folder / HTML_NAME, _html(folder, rows, len(jobs)))


def _worst_first(outcome: Outcome) -> tuple[int, float, str]:
    heldout = outcome.numbers.get("heldout_rmse_px")
    return ORDER.index(outcome.verdict), -(heldout or 0.0), outcome.id


def counts_in_words(outcomes: Iterable[Outcome]) -> str:
    """Returns for example '9 PASS, 1 FAIL'; 'none' without outcomes."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in reversed(ORDER) if counts[verdict]) or "none"


def _html(folder: Path, rows: list[Outcome], total: int) -> str:
    return rendered(
        _TEMPLATE,
        total=total,
        missing=total - len(rows),
        hidden=max(0, len(rows) - HTML_ROWS),
        counts=Counter(row.verdict for row in rows),
        verdicts=ORDER,
        thumbnail=THUMBNAIL,
        rows=[(row, _files(folder / row.id)) for row in rows[:HTML_ROWS]],
    )


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
