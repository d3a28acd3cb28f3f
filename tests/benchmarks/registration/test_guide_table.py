import pytest

from benchmarks.registration.guide_table import filled, pages
from benchmarks.registration.report import RESULTS, read_report

PAGES = pages([read_report(path) for path in sorted(RESULTS.glob("registration-*.json"))])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_guide_has_the_numbers_of_the_results(page):
    """Otherwise: python -m benchmarks.registration.table."""
    text = page.read_text(encoding="utf-8")
    assert filled(text, PAGES[page]) == text


def test_what_stands_around_a_table_stays():
    page = "a\n<!-- x: start -->\nold\n<!-- x: end -->\nb\n"
    assert filled(page, {"x": "new"}) == "a\n<!-- x: start -->\nnew\n<!-- x: end -->\nb\n"
    with pytest.raises(ValueError, match="unpack"):
        filled("no markers", {"x": "new"})
