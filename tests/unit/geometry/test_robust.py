import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.geometry.robust import consensus, polish, robust_weights
from ltcore.geometry.transforms import EstimationFailure, Transform, apply_matrix

TRUTH = np.array([[0.9, -0.2, 30.0], [0.25, 1.1, -12.0], [2e-5, -1e-5, 1.0]])


def planted(share_wrong, seed, model="projective", count=200, noise=0.2):
    random = np.random.default_rng(seed)
    matrix = TRUTH.copy()
    if model == "affine":
        matrix[2, :2] = 0
    source = random.uniform(0, 1000, (count, 2))
    target = apply_matrix(matrix, source) + random.normal(0, noise, (count, 2))
    wrong = np.arange(count) < share_wrong * count
    target[wrong] = random.uniform(0, 1000, (wrong.sum(), 2))
    return source, target, wrong, matrix


@pytest.mark.parametrize("model", ["affine", "projective"])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_planted_outliers_do_not_move_the_fit(model, seed):
    source, target, wrong, matrix = planted(0.6, seed, model)
    start = consensus(model, source, target, 2.0, seed=1)
    fitted, inliers = polish(model, source, target, start, 2.0)
    assert inliers[~wrong].mean() > 0.98
    assert inliers[wrong].mean() < 0.05
    assert np.abs(fitted(source) - apply_matrix(matrix, source)).max() < 0.3


def test_the_same_seed_gives_the_same_answer():
    source, target, _, _ = planted(0.7, 3)
    first, second = (consensus("projective", source, target, 2.0, seed=5) for _ in range(2))
    assert np.array_equal(first.matrix, second.matrix)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_points_fail_with_a_reason(count):
    failure = consensus("affine", np.zeros((count, 2)), np.zeros((count, 2)), 2.0, 0)
    assert not failure
    assert str(count) in failure.reason


def test_points_on_one_line_fail():
    line = np.column_stack([np.arange(50.0), np.arange(50.0)])
    assert isinstance(consensus("projective", line, line, 2.0, 0), EstimationFailure)


def test_polish_without_agreement_has_no_inliers():
    source, target, _, _ = planted(0.0, 0)
    far = Transform("shift", np.array([[1, 0, 1e6], [0, 1, 0], [0, 0, 1]]))
    failure, inliers = polish("affine", source, target, far, 2.0)
    assert isinstance(failure, EstimationFailure)
    assert not inliers.any()


def test_the_width_of_the_weights_follows_the_residuals_but_not_the_inliers():
    length = np.array([0.2] * 99 + [1.0, 2.5, np.nan])
    inliers, weights = robust_weights(length, 2.0, None)
    assert inliers.tolist() == [True] * 100 + [False] * 2
    assert weights[99] == 0.0  # five medians away
    assert (weights[100:] == 0).all()
    assert np.ptp(weights[:99]) == 0.0 < weights[0]


def test_weights_without_inliers_are_all_zero_and_exact_points_keep_theirs():
    assert not robust_weights(np.array([9.0, np.nan]), 2.0, np.ones(2))[1].any()
    assert np.array_equal(robust_weights(np.zeros(3), 2.0, np.array([1.0, 2.0, 3.0]))[1], [1.0, 2.0, 3.0])
