"""Mutual nearest neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.matching import nearest
from ltcore.matching.nearest import Gate, match_mutual_nearest
from ltcore.types import Descriptors


def _descriptors(values):
    values = np.asarray(values, np.float32).reshape(-1, 8)
    return Descriptors(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9), "test")


def _random(seed, count):
    return _descriptors(np.random.default_rng(seed).normal(size=(count, 8)))


def _by_hand(reference, sensed, max_ratio):
    distance = np.linalg.norm(reference.values[:, None] - sensed.values[None], axis=2)
    found = set()
    for i, row in enumerate(distance):
        j = int(row.argmin())
        rest = np.concatenate([np.delete(row, j), np.delete(distance[:, j], i)])
        if distance[:, j].argmin() == i and (len(rest) == 0 or row[j] <= max_ratio * rest.min()):
            found.add((i, j))
    return found


def _pairs(matches):
    return {tuple(pair) for pair in matches.index.tolist()}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 30), st.sampled_from([0.7, 0.9, 1.0]))
def test_agrees_with_a_plain_loop_and_with_swapped_sides(seed, rows, columns, max_ratio):
    reference, sensed = _random(seed, rows), _random(seed + 1, columns)
    matches = match_mutual_nearest(reference, sensed, max_ratio)
    assert _pairs(matches) == _by_hand(reference, sensed, max_ratio)
    swapped = match_mutual_nearest(sensed, reference, max_ratio)
    assert {(i, j) for j, i in _pairs(swapped)} == _pairs(matches)
    for column in matches.index.T:
        assert len(set(column)) == len(column)
    assert ((matches.score >= 0) & (matches.score <= 1)).all()


def test_blocks_do_not_change_the_answer(monkeypatch):
    reference, sensed = _random(0, 57), _random(1, 43)
    whole = match_mutual_nearest(reference, sensed, 0.95)
    monkeypatch.setattr(nearest, "_BLOCK_VALUES", 43 * 5)
    parts = match_mutual_nearest(reference, sensed, 0.95)
    np.testing.assert_array_equal(parts.index, whole.index)
    np.testing.assert_allclose(parts.score, whole.score, atol=1e-6)


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (5, 0), (0, 0)])
def test_nothing_in_nothing_out(rows, columns):
    matches = match_mutual_nearest(_random(0, rows), _random(1, columns), 0.9)
    assert matches.index.shape == (0, 2)


def test_ratio_drops_what_looks_alike_twice():
    twice = _descriptors([[1, 0, 0, 0, 0, 0, 0, 0], [1, 0.01, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0]])
    once = _descriptors([[1, 0.004, 0.1, 0, 0, 0, 0, 0], [0, 0, 1, 0.1, 0, 0, 0, 0]])
    assert _pairs(match_mutual_nearest(twice, once, 0.9)) == {(2, 1)}
    assert len(match_mutual_nearest(twice, once, 1.0)) == 2


def test_gate_hides_the_far_twin_and_a_lone_candidate_passes():
    same = np.eye(8, dtype=np.float32)[0]
    reference = _descriptors([same, same])
    sensed = _descriptors([same])
    assert len(match_mutual_nearest(reference, sensed, 0.9)) == 0
    gate = Gate(np.array([[0.0, 0.0], [100.0, 0.0]]), np.array([[98.0, 0.0]]), 5.0)
    assert _pairs(match_mutual_nearest(reference, sensed, 0.9, gate)) == {(1, 0)}
    assert _pairs(match_mutual_nearest(reference, sensed, 0.9, tuple(gate))) == {(1, 0)}


def test_everything_outside_the_gate_gives_nothing():
    gate = Gate(np.zeros((4, 2)), np.full((4, 2), np.nan), 1e9)
    assert len(match_mutual_nearest(_random(0, 4), _random(0, 4), 1.0, gate)) == 0


def test_opposite_description_counts_when_it_is_nearer():
    reference, strangers = _random(0, 6), _random(5, 6)
    without = match_mutual_nearest(reference, strangers, 0.9)
    both = match_mutual_nearest(reference, strangers, 0.9, sensed_alternatives=reference)
    assert _pairs(both) == {(i, i) for i in range(6)}
    assert _pairs(without) != _pairs(both)


def test_score_is_surer_for_clearer_matches():
    reference = _descriptors(np.eye(8)[:2])
    sensed = _descriptors([np.eye(8)[0], np.eye(8)[1] + 0.6 * np.eye(8)[0]])
    matches = match_mutual_nearest(reference, sensed, 1.0)
    assert matches.index.tolist() == [[0, 0], [1, 1]]
    assert matches.score[0] > matches.score[1]
