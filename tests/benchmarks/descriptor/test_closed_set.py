"""The closed set: planted matches, thresholds, and windows of the asked size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.descriptor.closed_set import (
    Nearest,
    best_threshold,
    closed_set_keypoints,
    closed_set_score,
    nearest_neighbours,
    run_closed_set,
)
from ltcore.types import Descriptors


def test_nearest_neighbours_by_hand():
    """The first point finds itself, the other two find each other, 4 px or 5.1 px away."""
    visible = Descriptors(np.eye(3, dtype=np.float32), "planted")
    nir = Descriptors(np.array([[1, 0, 0], [0.6, 0, 0.8], [0, 1, 0]], np.float32), "planted")
    nearest = nearest_neighbours(visible, nir, np.array([[0, 0], [50, 0], [50, 4.0]]))
    assert nearest.true.tolist() == [True, True, True]
    assert nearest.distance == pytest.approx([0, 0, np.sqrt(2 - 1.6)], abs=1e-3)
    far = nearest_neighbours(visible, nir, np.array([[0, 0], [50, 0], [50, 5.1]]))
    assert far.true.tolist() == [True, False, False]


def test_planted_outliers_cost_just_what_they_are():
    """60 true ones near, 30 wrong ones far, 10 wrong ones near."""
    distance = np.concatenate([np.linspace(0.1, 0.4, 60), np.linspace(0.8, 1.2, 30), np.full(10, 0.2)])
    nearest = Nearest(distance, np.arange(100) < 60)
    threshold = best_threshold(nearest)
    assert threshold == pytest.approx(0.4)
    score = closed_set_score(nearest, threshold)
    assert score.precision == pytest.approx(60 / 70)
    assert score.matching_score == pytest.approx(0.6)
    assert score.points == 100


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=30))
def test_no_other_threshold_is_better(points):
    nearest = Nearest(np.array([each[0] / 10 for each in points]), np.array([each[1] for each in points]))

    def f1(threshold):
        score = closed_set_score(nearest, threshold)
        total = score.precision + score.matching_score
        return 2 * score.precision * score.matching_score / total if total else 0.0

    assert f1(best_threshold(nearest)) >= max(f1(each) for each in nearest.distance) - 1e-12


def test_no_points():
    empty = Nearest(np.zeros(0), np.zeros(0, bool))
    assert closed_set_score(empty, best_threshold(empty)).matching_score == 0


def test_points_are_thinned_to_3_px(scenes):
    points = closed_set_keypoints(scenes[0], 64, 1000)
    gap = np.linalg.norm(points.xy[:, None] - points.xy[None], axis=2) + 99 * np.eye(len(points))
    assert gap.min() > 3
    assert len(closed_set_keypoints(scenes[0], 64, 17)) == 17
    height, width = scenes[0].nir.shape
    assert points.xy.min() >= 32
    assert (points.xy <= np.array([width, height]) - 32).all()
    assert len(closed_set_keypoints(scenes[0], 1000, 17)) == 0  # no window of this size fits


@pytest.mark.parametrize("window", [64, 128])
def test_perfect_and_constant_methods(window, scenes, positional, constant):
    perfect = run_closed_set(scenes, scenes, positional, window, 50)
    assert (perfect.precision, perfect.matching_score) == (1, 1)
    assert run_closed_set(scenes, scenes, constant, window, 50).matching_score < 0.1


def test_the_threshold_is_that_of_the_other_scenes(scenes, positional):
    """Chosen where every distance is 0, it accepts nothing farther."""
    assert run_closed_set(scenes, scenes[:1], positional, 64, 50).threshold == pytest.approx(0, abs=1e-3)
