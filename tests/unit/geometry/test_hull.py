from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from ltcore.geometry.hull import convex_hull, inside_hull

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(3, 300))
def test_it_is_the_hull_that_qhull_finds(seed, count):
    xy = np.random.default_rng(seed).normal(0, 100, (count, 2))
    corners = convex_hull(xy)
    expected = xy[ConvexHull(xy).vertices]
    first = np.linalg.norm(expected - corners[0], axis=1).argmin()
    np.testing.assert_array_equal(corners, np.roll(expected, -first, axis=0))  # both counter-clockwise


@given(seeds)
def test_what_lies_inside_is_what_lies_left_of_every_side(seed):
    random = np.random.default_rng(seed)
    corners = convex_hull(random.uniform(-1, 1, (20, 2)))
    probe = random.uniform(-1.5, 1.5, (50, 2))
    equations = ConvexHull(corners).equations
    expected = (probe @ equations[:, :2].T + equations[:, 2] <= 1e-9).all(axis=1)
    np.testing.assert_array_equal(inside_hull(corners, probe), expected)
    assert inside_hull(corners, corners).all()


def test_points_in_one_place_count_once():
    square = [[0, 0], [2, 0], [2, 2], [0, 2]]
    np.testing.assert_array_equal(convex_hull(np.array([*square, *square, [1, 1], [1, 0]], float)), square)


@pytest.mark.parametrize(
    "xy", [[], [[1, 2]], [[0, 0], [1, 1]], [[0, 0], [1, 1], [2, 2], [5, 5]], [[0, 0], [1, np.nan], [2, 3]]]
)
def test_without_an_area_there_is_no_hull(xy):
    assert convex_hull(np.array(xy, float).reshape(-1, 2)) is None
