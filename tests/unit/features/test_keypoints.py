"""Even spread of keypoints."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.features.keypoints import drop_near_duplicates, spread_evenly
from ltcore.types import Keypoints


def _keypoints(xy, response=None):
    count = len(xy)
    strength = np.ones(count) if response is None else response
    return Keypoints(np.reshape(xy, (-1, 2)), np.full(count, 3.0), np.zeros(count), np.asarray(strength, float))


def _random(seed, count, size=200):
    draw = np.random.default_rng(seed)
    return _keypoints(draw.uniform(0, size, (count, 2)), draw.uniform(0, 1, count))


def test_weak_half_of_the_image_gets_its_share():
    draw = np.random.default_rng(0)
    xy = draw.uniform(0, 200, (2000, 2))
    response = np.where(xy[:, 0] < 100, 1.0, 0.01) * draw.uniform(0.5, 1, 2000)
    kept = spread_evenly(_keypoints(xy, response), (200, 200), 400)
    right = (kept.xy[:, 0] >= 100).mean()
    assert len(kept) == 400
    assert 0.4 < right < 0.6  # the 400 strongest alone would give 0


def test_strongest_of_a_cell_goes_first():
    kept = spread_evenly(_keypoints([[1, 1], [2, 2], [3, 3]], [0.1, 0.9, 0.5]), (10, 10), 1)
    assert kept.response.tolist() == [0.9]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 80), st.integers(1, 100))
def test_count_bounded_and_independent_of_the_order(seed, count, wanted):
    keypoints = _random(seed, count)
    kept = spread_evenly(keypoints, (200, 200), wanted)
    assert len(kept) == min(count, wanted)
    shuffled = keypoints.take(np.random.default_rng(seed + 1).permutation(count))
    again = spread_evenly(shuffled, (200, 200), wanted)
    assert {tuple(xy) for xy in kept.xy} == {tuple(xy) for xy in again.xy}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_no_duplicates_survive_but_the_strongest_does(seed):
    keypoints = _random(seed, 60, size=40)
    kept = drop_near_duplicates(keypoints, 3.0)
    gaps = np.linalg.norm(kept.xy[:, None] - kept.xy[None], axis=2)[~np.eye(len(kept), dtype=bool)]
    assert gaps.min(initial=np.inf) > 3.0
    assert kept.response.max() == keypoints.response.max()


def test_first_of_two_equal_ones_stays():
    keypoints = Keypoints(np.array([[5, 5], [5, 5]]), np.ones(2), np.array([10.0, 20.0]), np.ones(2))
    assert drop_near_duplicates(keypoints, 1.0).angle_deg.tolist() == [10.0]


@pytest.mark.parametrize("function", [lambda k: spread_evenly(k, (9, 9), 5), lambda k: drop_near_duplicates(k, 1.0)])
def test_nothing_in_nothing_out(function):
    assert len(function(_keypoints(np.zeros((0, 2))))) == 0
