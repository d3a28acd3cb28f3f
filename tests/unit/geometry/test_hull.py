from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from ltcore.geometry.hull import _without_inner, convex_hull, inside_hull

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


@pytest.mark.parametrize("length", [1e-3, 10.0, 1e5])
@pytest.mark.parametrize("turn", [0, 1])
def test_a_hull_thinner_than_two_billionths_of_its_length_is_a_line(length, turn):
    for height, thin in ((2.1e-9, False), (1.9e-9, True)):
        triangle = np.array([[0, 0], [1, 0], [0.4, height]]) * length
        moved = np.add(np.roll(triangle, turn, axis=1), [0.0, length / 8])
        assert (convex_hull(moved) is None) == thin


@pytest.mark.parametrize("size", [0.01, 1.0, 1000.0])
def test_the_side_belongs_to_the_inside_by_a_billionth(size):
    square = np.array([[0.0, 0], [size, 0], [size, size], [0, size]])
    middle = np.array([[size / 2, size / 2]])
    for corners in (square, square @ np.array([[0.6, 0.8], [-0.8, 0.6]])):
        centre = corners.mean(axis=0)
        half = np.roll(corners, -1, axis=0) / 2 + corners / 2
        outward = (half - centre) / np.linalg.norm(half - centre, axis=1)[:, None]
        assert inside_hull(corners, half + 0.9e-9 * outward).all()
        assert not inside_hull(corners, half + 1.2e-9 * outward).any()
        assert inside_hull(corners, half - 1e-6 * outward).all()
    assert inside_hull(square, middle).all()
    assert not inside_hull(square, np.add(middle, [0, 2 * size])).any()


def test_many_points_amid_few_corners():
    random = np.random.default_rng(3)
    corners = np.array([[0.0, 0], [90, -10], [120, 60], [40, 110], [-20, 50]])
    inner = corners.mean(axis=0) + random.uniform(-20, 20, (500, 2))
    found = convex_hull(random.permutation(np.vstack([inner, corners])))
    first = np.linalg.norm(corners - found[0], axis=1).argmin()
    np.testing.assert_array_equal(found, np.roll(corners, -first, axis=0))


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_most_points_are_left_out_before_the_hull_is_built(size):
    xy = size * np.random.default_rng(0).uniform([3, -7], [5, -6], (5000, 2))
    kept = _without_inner(xy)
    assert len(kept) < 0.12 * len(xy)
    np.testing.assert_array_equal(convex_hull(kept), convex_hull(xy))


def test_points_of_one_square_are_all_kept_but_for_its_middle():
    xy = np.array([[0.0, 0], [2, 0], [2, 2], [0, 2], [1, 1], [0.5, 0.7]])
    np.testing.assert_array_equal(_without_inner(xy), xy[:4])
    triangle = np.array([[0.0, 0], [3, 0], [0, 3], [1, 1]])
    np.testing.assert_array_equal(_without_inner(triangle), triangle[:3])
    np.testing.assert_array_equal(_without_inner(np.ones((4, 2))), np.ones((4, 2)))
