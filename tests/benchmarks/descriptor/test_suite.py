"""The whole suite on small scenes, its files, tables and pictures."""

import csv
import gzip
import json

import pytest
from PIL import Image

from benchmarks.descriptor import curves
from benchmarks.descriptor.figures import bars, save, shown_methods
from benchmarks.descriptor.figures import curves as draw_curves
from benchmarks.descriptor.match_pictures import draw_matches
from benchmarks.descriptor.open_set import ORACLE, OpenSetConfig
from benchmarks.descriptor.selection import select
from benchmarks.descriptor.suite import SuiteConfig, run_suite, write_report, write_rows
from benchmarks.descriptor.table import END, README, RESULTS, START, tables, with_tables
from benchmarks.descriptor.verdicts import bar_rows, comparison_rows, losses

CONFIG = SuiteConfig(OpenSetConfig(warps=2, max_keypoints=60), closed_keypoints=20, curve_keypoints=40)


@pytest.fixture(scope="module")
def selection(make_run):
    return select(["ltformer-d128"], [make_run("hardnet", 0), make_run("hardnet", 1)])


@pytest.fixture(scope="module")
def results(scenes, selection):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "LEVELS", {"blur": (0.0, 2.0), "rotation": (0.0,)})
        report, rows = run_suite(scenes, scenes[:1], selection, CONFIG, lambda text: None)
    return {"split": "test", "ours": "ltformer-d128", **report}, rows


def test_everything_is_in_the_results(results, selection):
    report, rows = results
    names = {method.name for method in selection.methods}
    assert set(report["methods"]) == names
    assert set(report["retrieval"]["fpr95"]) == names - {"ORB", "BRISK", "AKAZE"}
    assert set(report["open_set"]["upright"]["methods"]) == names - {"hardnet-s1"} | {ORACLE}
    assert set(report["open_set"]["dual"]["first_warp"]) == names - {"AKAZE"} | {ORACLE}
    assert set(report["closed_set"]) == names - {"hardnet-s1"}
    assert set(report["curves"]["blur"]) == {"RootSIFT", "ltformer-d128", "hardnet-s0"}
    assert report["methods"]["ltformer-d128"]["sha256"]
    assert report["methods"]["hardnet-s0"]["patches_per_second"] > 0
    assert {"ltcore", "torch"} <= set(report["versions"])
    assert sum(row.method == "hardnet-s1" for row in rows) == 2 * 3
    assert sum(row.method == "hardnet-s0" for row in rows) == 2 * 3 * 2


def test_a_trained_network_beats_untrained_ones(results):
    methods = results[0]["open_set"]["upright"]["methods"]
    assert methods["ltformer-d128"]["correct"][0] > methods["hardnet-s0"]["correct"][0]


def test_files_are_read_back_and_the_same_rows_give_the_same_bytes(results, tmp_path):
    report, rows = results
    write_report(report, tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(report))
    assert max(map(len, (tmp_path / "report.json").read_text().splitlines())) < 400
    write_rows(rows, tmp_path / "rows.csv.gz")
    content = (tmp_path / "rows.csv.gz").read_bytes()
    table = list(csv.DictReader(gzip.decompress(content).decode().splitlines()))
    assert [int(row["correct"]) for row in table] == [row.score.correct for row in rows]
    write_rows(rows, tmp_path / "rows.csv.gz")
    assert (tmp_path / "rows.csv.gz").read_bytes() == content


def test_tables_name_every_group_and_replace_what_was_there(results, selection):
    report, _ = results
    text = tables(report)
    for group in selection.groups:
        assert group in text
    widths = {len(set(map(len, (line.split("|") for line in block.splitlines())))) for block in _tables_of(text)}
    assert widths == {1}
    once = with_tables(f"before\n{START}\nout of date\n{END}\nafter", report)
    assert "out of date" not in once
    assert with_tables(once, report) == once


def _tables_of(text):
    return [block for block in text.split("\n\n") if block.startswith("|")]


def test_pictures_are_drawn_and_small(results, scenes, selection, tmp_path):
    report, _ = results
    names = shown_methods(report)
    assert names == ["ltformer-d128", "hardnet-s0", "RootSIFT"]
    chosen = [method for method in selection.methods if method.name in names]
    pictures = {"bars": bars(report), "curves": draw_curves(report, names), "matches": draw_matches(scenes, chosen)}
    for name, figure in pictures.items():
        path = tmp_path / f"{name}.{'jpg' if name == 'matches' else 'png'}"
        save(figure, path)
        assert path.stat().st_size < 300_000
        assert min(Image.open(path).size) > 150


def _report(**changes):
    row = {"success": [0.99, 0.9, 1], "correct_ratio": [1.8, 1.5, 2], "precision_ratio": [1.7, 1, 2]}
    row.update({name: [0.5, 0.4, 0.6] for name in ("correct", "precision", "matching_score")}, precise=[0.2, 0, 0.3])
    row.update(average_precision=[0.7, 0.6, 0.8])
    plain = {name: value[0] for name, value in row.items()}
    ahead, behind = {**plain, "precise": 0.3}, {**plain, "correct": 0.4, "precise": 0.25}
    mode = {
        "methods": {"ours": row, "a": {**row, "precise": [0.3, 0, 1]}},
        "first_warp": {"ours": plain, "a": ahead, "b": behind},
    }
    methods = {
        "ours": {"group": "LTFormer", "mflop": 20},
        "a": {"group": "Net", "mflop": 80},
        "b": {"group": "Net", "mflop": 80},
    }
    closed = {"ours": {"64": {"precision": 0.999, "matching_score": 0.98}}}
    report = {"ours": "ours", "methods": methods, "open_set": {"dual": mode, "upright": mode}, "closed_set": closed}
    return {**report, **changes}


GROUPS = {"LTFormer": ["ours"], "Net": ["a", "b"]}


def test_bars_are_judged_by_their_value():
    met = {row.what: row.met for row in bar_rows(_report())}
    assert met["oriented: correct matches over RootSIFT's"]
    assert not met["upright: correct matches over RootSIFT's"]
    assert met["upright: success < 3 px"]
    assert met["closed set, 64 px: precision"]
    assert not met["closed set, 64 px: matching score"]


def test_better_means_beyond_every_run():
    """Of six values a regime: one below both runs, one between (equal to one), four equal."""
    (row,) = comparison_rows(_report(), GROUPS)
    assert (row.better, row.overlapping, row.worse) == (0, 10, 2)
    assert row.arithmetic == "0.25x"


def test_what_is_lost_is_said():
    assert losses(_report(), GROUPS) == [
        "oriented, success < 1/3 px: 0.2 against 0.3 of Net",
        "upright, success < 1/3 px: 0.2 against 0.3 of Net",
    ]


@pytest.mark.skipif(not RESULTS.is_file(), reason="no results of the test split have been committed")
def test_the_readme_shows_the_committed_results():
    report = json.loads(RESULTS.read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")
    assert with_tables(text, report) == text
