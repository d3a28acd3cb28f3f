from __future__ import annotations

import numpy as np
import pytest

from ltcore.geometry.spread import far_apart

LINE = np.array([[0.0, 0.0], [1.0, 0.0], [4.0, 0.0], [6.0, 0.0], [11.0, 0.0]])


def test_chosen_points_are_spread():
    xy = np.random.default_rng(6).uniform(0, 1, (1000, 2))
    chosen = xy[far_apart(xy, 50, 1e-9)]
    gaps = np.linalg.norm(chosen[:, None] - chosen, axis=2)[~np.eye(50, dtype=bool)]
    assert len(chosen) == 50
    assert gaps.min() > 0.09


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, [2]), (2, [2, 4]), (3, [0, 2, 4]), (4, [0, 2, 3, 4]), (9, [0, 1, 2, 3, 4])]
)
def test_the_first_is_nearest_to_the_centre_and_each_next_the_farthest_from_those_chosen(count, chosen):
    found = far_apart(LINE, count, 1e-9)
    assert found.tolist() == chosen
    assert found.dtype == np.intp
    assert far_apart(LINE[:, ::-1] + [7, -7], count, 1e-9).tolist() == chosen


def test_points_within_the_same_place_count_once():
    assert far_apart(LINE, 9, 1.0).tolist() == [0, 2, 3, 4]
    assert far_apart(LINE, 9, 0.99).tolist() == [0, 1, 2, 3, 4]
    assert far_apart(np.zeros((5, 2)), 9, 1e-9).tolist() == [0]


def test_how_near_the_same_place_is_counts_in_units_of_the_points():
    pair = np.array([[0.0, 0.0], [0.05, 0.0]])
    assert far_apart(pair, 9, 0.1).tolist() == [0]
    assert far_apart(pair, 9, 0.04).tolist() == [0, 1]
