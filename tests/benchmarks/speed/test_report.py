"""docs/performance.md says what the results say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.speed.machine import machine, peak_rss_mb
from benchmarks.speed.plots import draw
from benchmarks.speed.report import PAGE, register_tables, rendered, results
from benchmarks.speed.train import _children_cpu_s


def summary(case: str, method: str, cpu_seconds: float, rmse_px: float | None) -> dict:
    times = {"seconds": 2 * cpu_seconds, "cpu_seconds": cpu_seconds}
    return {"case": case, "method": method, "runs": 5, **times, "rmse_px": rmse_px}


@pytest.fixture
def registered() -> dict:
    rows = [
        summary("shift", "ltcore", 0.5, 0.1),
        summary("shift", "Peer", 2.0, 0.4),
        summary("shift", "Lost", 9.0, None),
    ]
    stages = {"shift": {"read": 0.02, "describe": 0.0, "report": 0.4}}
    return {
        "machine": machine(),
        "summary": rows,
        "worker": {"peak_rss_mb": 500, "cpu_seconds_by_stage": stages, "runs": 3},
        "cold_start": {"ltcore --help": {"seconds": 0.2, "cpu_seconds": 0.1}},
    }


def test_the_page_is_made_from_the_results_that_are_there():
    page = PAGE.read_text(encoding="utf-8")
    assert rendered(page, results()) == page, "run: python -m benchmarks.speed.report"


def test_every_result_has_its_place_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    for name in results():
        assert page.count(f"<!-- {name}: start -->") == page.count(f"<!-- {name}: end -->") == 1


def test_pictures_of_the_page_are_there():
    pictures = re.findall(r"\]\((images/[^)]+)\)", PAGE.read_text(encoding="utf-8"))
    assert pictures
    assert all((PAGE.parent / picture).is_file() for picture in pictures)


def test_shares_are_of_the_same_case_and_failures_have_none(registered):
    made = register_tables(registered)
    assert "| shift | **ltcore** | 0.50 | 1.00 |  | 0.10 |" in made
    assert "| shift | Peer | 2.00 | 4.00 | 0.25 | 0.40 |" in made
    assert "| shift | Lost | 9.00 | 18.00 |  | fails |" in made
    assert "| report | 0.400 |" in made
    assert "describe" not in made
    assert "| all | 0.42 |" in made


def test_tables_are_put_between_their_marks_only():
    page = "before <!-- batch: start -->old<!-- batch: end --> after <!-- train: start -->kept<!-- train: end -->"
    made = rendered(page, {name: result for name, result in results().items() if name == "batch"})
    assert made.startswith("before <!-- batch: start -->\n\n| workers |")
    assert made.endswith("<!-- batch: end --> after <!-- train: start -->kept<!-- train: end -->")


def test_plots_are_drawn_of_what_is_there(tmp_path: Path, registered):
    registered["summary"] = [summary(case, "ltcore", 0.5, None) for case in ("shift", "no georeference")]
    found = {"register": registered, "batch": results()["batch"]}
    assert [path.name for path in draw(found, tmp_path)] == ["speed-register.png", "speed-batch.png"]
    assert all(path.stat().st_size > 5000 for path in tmp_path.iterdir())


def test_memory_and_time_of_processes():
    assert 10 < peak_rss_mb() < 100_000
    assert _children_cpu_s() >= 0
