"""summary.csv and summary.html: all pairs, the worst first, whatever their words are."""

import csv
from html.parser import HTMLParser

import pytest

from ltcore.batch import summary
from ltcore.batch.outcome import Outcome, error_outcome
from ltcore.batch.summary import counts_in_words, write_summary

NUMBERS = {"tie_points": 90, "inliers": 80, "rmse_px": 0.25, "ce90_px": 0.4, "heldout_rmse_px": 0.3, "coverage": 1.0}


def outcome(name, verdict, **changes):
    return Outcome(name, verdict, "Because.", "shift", {**NUMBERS, **changes}, 1.5)


@pytest.fixture
def outcomes():
    return [
        outcome("good", "PASS"),
        outcome("doubtful", "WARN", heldout_rmse_px=1.1),
        error_outcome("broken", "The file '<script>alert(1)</script>' does not exist."),
        outcome("wrong", "FAIL", rmse_px=None, ce90_px=None, heldout_rmse_px=None),
        outcome("better", "PASS", heldout_rmse_px=0.1),
    ]


@pytest.fixture
def pairs(pairs_of):
    return pairs_of("good", "doubtful", "broken", "wrong", "better", "not-run")


class Page(HTMLParser):
    """Class of every table row, text, links and pictures of a page."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.links, self.pictures, self.scripts = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "tr" and "class" in values:
            self.rows.append(values["class"])
        if tag == "a":
            self.links.append(values["href"])
        if tag == "img":
            self.pictures.append(values["src"])
        if tag == "script":
            self.scripts.append(values.get("src"))


def test_the_table_has_every_pair_that_was_run_the_worst_first(tmp_path, pairs, outcomes):
    write_summary(tmp_path, pairs, outcomes)
    with (tmp_path / "summary.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == ["wrong", "broken", "doubtful", "good", "better"]
    assert (rows[0]["rmse_px"], rows[3]["rmse_px"], rows[3]["inliers"]) == ("", "0.25", "80")
    assert rows[1]["verdict"] == "ERROR"
    assert rows[3]["reference"] == str(pairs[0].job.reference.path)
    assert {path.name for path in tmp_path.iterdir()} >= {"summary.csv", "summary.html"}


def test_the_page_links_what_is_there_and_needs_nothing_else(tmp_path, pairs, outcomes):
    (tmp_path / "good").mkdir()
    for file in ("report.html", "thumbnail.jpg"):
        (tmp_path / "good" / file).write_bytes(b"")
    write_summary(tmp_path, pairs, outcomes)
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.rows == ["FAIL", "ERROR", "WARN", "PASS", "PASS"]
    assert (page.links, page.pictures) == (["good/report.html"], ["good/thumbnail.jpg"])
    assert page.scripts == [None]  # its own few lines, nothing from elsewhere and nothing of the manifest's
    assert "&lt;script&gt;alert" in text
    assert "Not run: 1." in text
    assert "http" not in text


def test_a_long_page_shows_the_worst(tmp_path, pairs, outcomes, monkeypatch):
    monkeypatch.setattr(summary, "HTML_ROWS", 2)
    write_summary(tmp_path, pairs, outcomes)
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert Page(text).rows == ["FAIL", "ERROR"]
    assert "3 best pairs are in summary.csv" in text
    assert len((tmp_path / "summary.csv").read_text().splitlines()) == 6


def test_counts_in_words(outcomes):
    assert counts_in_words(outcomes) == "2 PASS, 1 WARN, 1 ERROR, 1 FAIL"
    assert counts_in_words([]) == "none"
