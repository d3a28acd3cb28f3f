import pytest
from pydantic import ValidationError

from benchmarks.registration.opencv_peers import rootsift
from benchmarks.registration.report import RESULTS, build_report, code_state, read_report, write_report
from benchmarks.registration.scoring import run
from benchmarks.registration.table import END, START, tables, with_tables

FACTS = {"unavailable": {"AROSICS": "not installed"}, "versions": {"torch": "0"}, "excluded": [], "code": code_state()}


@pytest.fixture
def report(shifted):
    return build_report("smallshift", "val", 0, [run(rootsift(), shifted)], FACTS)


def test_a_report_is_read_as_it_was_written(report, tmp_path):
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report


def test_versions_of_peers_do_not_hide_those_of_the_product(report):
    assert report.versions["torch (peers)"] == "0"
    assert report.versions["torch"] != "0"


@pytest.mark.parametrize("path", sorted(RESULTS.glob("registration-*.json")), ids=lambda path: path.stem)
def test_committed_results_follow_the_schema_and_hold_each_pair_for_each_method(path):
    report = read_report(path)
    assert path.stem == f"registration-{report.suite}-{report.split}"
    methods = {row.method for row in report.rows}
    counts = {method: sum(row.method == method for row in report.rows) for method in methods}
    assert len(set(counts.values())) == 1, counts


def test_unknown_or_missing_fields_are_refused(report, tmp_path):
    write_report(report, tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text()
    for broken in (text.replace('"seed"', '"sed"'), text.replace('"wrong": false', '"wrong": "no"')):
        (tmp_path / "broken.json").write_text(broken)
        with pytest.raises(ValidationError):
            read_report(tmp_path / "broken.json")


def test_the_table_names_every_method_and_what_is_missing(report):
    text = tables([report])
    assert "| RootSIFT + MAGSAC | a | 1 |" in text
    assert "AROSICS: not measured, not installed." in text


def test_the_readme_keeps_what_stands_around_its_tables(report):
    text = f"before\n{START}\nold\n{END}\nafter\n"
    assert with_tables(text, "new") == f"before\n{START}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match="markers"):
        with_tables("no markers", "new")
