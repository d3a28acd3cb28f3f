"""The open set: the oracle, failures that count, and what is summarised."""

import numpy as np
import pytest

from benchmarks.descriptor.classical import RootSift
from benchmarks.descriptor.closed_set import closed_set_keypoints
from benchmarks.descriptor.methods import Remembered
from benchmarks.descriptor.open_set import (
    BASE,
    ORACLE,
    OpenSetConfig,
    OpenSetRow,
    pair_facts,
    run_open_set,
    summarise_open_set,
)
from tests.benchmarks.descriptor.conftest import Constant
from training.chunks import Workers
from training.evaluate import PairScore


@pytest.fixture(scope="module")
def rows(scenes):
    return run_open_set(scenes[:2], [RootSift(), Constant()], OpenSetConfig(2, 150), Workers(2))


def test_every_method_has_a_row_for_every_pair(rows):
    keys = {(row.method, row.mode, row.tile, row.warp) for row in rows}
    assert len(keys) == len(rows) == 3 * 2 * 2 * 2
    for method in (ORACLE, BASE, "constant"):
        assert sum(row.method == method for row in rows) == 8


def test_oracle_finds_every_partner_and_nobody_finds_more_keypoints(rows):
    truth = {(row.mode, row.tile, row.warp): row.score for row in rows if row.method == ORACLE}
    for score in truth.values():
        assert score.correct >= score.partners > 5
        assert score.success
    for row in rows:
        mine = truth[(row.mode, row.tile, row.warp)]
        assert (row.score.keypoints, row.score.partners) == (mine.keypoints, mine.partners)


def test_failures_are_counted_not_dropped(rows):
    for mode in ("dual", "upright"):
        summary = summarise_open_set(rows, mode)
        assert summary["constant"]["success"][0] == 0
        assert summary["constant"]["correct"][0] <= 1
        assert pair_facts(rows, mode)["pairs"] == 4


def _row(method, place, tile, correct, error):
    return OpenSetRow(method, "dual", place, tile, 0, PairScore(100, 50, 80, correct, 0.5, error))


def test_summary_by_hand():
    rows = [
        _row(ORACLE, "a", "1", 50, 0.1), _row(ORACLE, "b", "2", 50, 0.5),
        _row(BASE, "a", "1", 10, 0.2), _row(BASE, "b", "2", 20, np.inf),
        _row("new", "a", "1", 20, 2.9), _row("new", "b", "2", 40, 3.0),
    ]  # fmt: skip
    summary = summarise_open_set(rows, "dual")
    assert summary["new"]["correct"] == [30, 20, 40]
    assert summary["new"]["correct_ratio"] == [2, 2, 2]
    assert summary["new"]["precision"][0] == pytest.approx((20 / 80 + 40 / 80) / 2)
    assert summary["new"]["success"][0] == 0.5
    assert summary["new"]["precise"][0] == 0
    assert summary[BASE]["precise"][0] == 0.5
    facts = pair_facts(rows, "dual")
    assert (facts["pairs"], facts["places"], facts["partners"]) == (2, 2, 50)
    assert facts["pairs_any_method_succeeds_on"] == 1
    assert facts["pairs_known_partners_are_precise_on"] == 1
    assert summarise_open_set(rows, "upright") == {}


def test_remembered_descriptions_are_the_same_and_made_once(scenes, positional):
    keypoints = closed_set_keypoints(scenes[0], 32, 20)
    remembered = Remembered(positional)
    first = remembered.describe(scenes[0].visible, keypoints, np.zeros(20))
    again = remembered.describe(scenes[0].visible.copy(), keypoints, np.zeros(20))
    assert again is first
    assert positional.calls == 1
    remembered.describe(scenes[0].visible, keypoints, np.full(20, 180.0))
    remembered.describe(scenes[0].nir, keypoints, np.zeros(20))
    assert positional.calls == 3


def test_the_number_of_threads_does_not_matter(scenes, rows):
    alone = run_open_set(scenes[:2], [RootSift(), Constant()], OpenSetConfig(2, 150), Workers(1))
    assert alone == rows
