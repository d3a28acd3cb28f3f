import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.geometry.robust import consensus, polish, robust_weights
from ltcore.geometry.transforms import EstimationFailure, Transform, apply_matrix, estimate

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


@pytest.mark.parametrize("precision", [None, np.array([1.0, 0.5, 2.0, 1.0, 3.0, 1.0, 1.0])])
@pytest.mark.parametrize(
    ("length", "width"),
    [
        ([0.0, 0.1, 0.2, 0.3, 0.4, 3.0, np.nan], 0.8),  # four medians
        ([0.0, 0.01, 0.02, 0.03, 0.04, 3.0, np.inf], 0.3),  # never under 0.15 of the threshold
        ([0.5, 0.8, 1.2, 1.6, 1.9, 2.0, 2.1], 2.0),  # never over the threshold
    ],
)
def test_weights_are_the_biweight_of_four_medians_times_precision(length, width, precision):
    length = np.array(length)
    inliers, weights = robust_weights(length, 2.0, precision)
    assert inliers.tolist() == [True] * 5 + [False] * 2
    known = np.where(inliers, length, np.inf)
    expected = np.where(known < width, (1 - (np.where(inliers, length, 0) / width) ** 2) ** 2, 0.0)
    np.testing.assert_allclose(weights, expected * (1 if precision is None else precision), atol=1e-12)


def test_without_inliers_there_is_a_weight_of_zero_for_each():
    inliers, weights = robust_weights(np.array([2.0, 5.0, np.nan]), 2.0, None)
    assert (inliers.tolist(), weights.tolist()) == ([False] * 3, [0.0] * 3)


@pytest.mark.parametrize("model", ["shift", "similarity", "affine", "projective"])
@pytest.mark.parametrize("weighed", [False, True])
def test_polish_ends_where_another_round_would_change_next_to_nothing(model, weighed):
    random = np.random.default_rng(6)
    source, target, wrong, matrix = planted(0.2, 6, "affine", noise=0.4)
    if model in ("shift", "similarity"):
        target = np.where(wrong[:, None], target, source + random.normal([20.0, -7.0], 0.4, source.shape))
        matrix = np.array([[1, 0, 20.0], [0, 1, -7], [0, 0, 1]])
    precision = random.uniform(0.2, 3, len(source)) if weighed else None
    found, inliers = polish(model, source, target, Transform(model, matrix), 2.0, precision)
    mask, weights = robust_weights(np.linalg.norm(target - found(source), axis=1), 2.0, precision)
    np.testing.assert_array_equal(inliers, mask)
    again = estimate(model, source, target, weights)
    assert np.abs(again(source) - found(source)).max() < 0.05
    unweighed, _ = polish(model, source, target, Transform(model, matrix), 2.0)
    assert (np.abs(unweighed(source) - found(source)).max() > 1e-3) == weighed


def test_polish_begins_at_the_start_and_comes_to_what_it_could_not_see_from_there():
    source, target, _, matrix = planted(0.0, 2, "affine", noise=0.1)
    bent = matrix.copy()
    bent[0, 0] += 0.004  # up to 4 px off: half of the points lie under the threshold
    found, inliers = polish("affine", source, target, Transform("affine", bent), 2.0)
    assert inliers.all()
    np.testing.assert_allclose(found(source), apply_matrix(matrix, source), atol=0.1)
    assert inliers.dtype == np.bool_


def test_polish_of_too_few_inliers_names_the_reason():
    source, target, _, matrix = planted(0.0, 0, "affine", count=2)
    failure, inliers = polish("affine", source, target, Transform("affine", matrix), 2.0)
    assert failure == EstimationFailure("affine needs 3 tie points, got 2")
    assert inliers.tolist() == [False, False]
    assert inliers.dtype == np.bool_


def test_points_beyond_the_horizon_are_outliers_of_a_polish():
    source, target, _, _ = planted(0.0, 1, "affine", noise=0.1)
    horizon = Transform("projective", np.array([[1, 0, 0], [0, 1, 0], [-1 / source[7, 0], 0, 1]]))
    failure, inliers = polish("shift", source, target, horizon, 1e-3)
    assert not inliers.any()
    assert failure == EstimationFailure("shift needs 1 tie points, got 0")


@pytest.mark.parametrize(("model", "needed"), [("affine", 4), ("projective", 5)])
def test_one_point_more_than_a_minimal_sample_is_needed(model, needed):
    source, target, _, matrix = planted(0.0, 3, model, count=needed, noise=0.0)
    found = consensus(model, source, target, 2.0, 0)
    assert found.model == model
    np.testing.assert_allclose(found(source), apply_matrix(matrix, source), atol=1e-3)
    failure = consensus(model, source[1:], target[1:], 2.0, 0)
    assert failure == EstimationFailure(f"a robust {model} fit needs {needed} matches, got {needed - 1}")


def test_a_consensus_that_flattens_the_image_is_degenerate():
    source, _, _, _ = planted(0.0, 4, "affine")
    flat = np.column_stack([source[:, 0], np.full(len(source), 3.0)])
    failure = consensus("affine", source, flat, 2.0, 0)
    assert failure == EstimationFailure("the affine transform found is degenerate")


def test_matches_on_one_spot_have_no_consensus():
    spot = np.full((20, 2), 5.0)
    failure = consensus("projective", spot, spot, 2.0, 0)
    assert isinstance(failure, EstimationFailure)
    assert "projective transform" in failure.reason


def test_few_right_ones_among_many_wrong_are_found():
    source, target, wrong, matrix = planted(0.85, 11, "affine", count=400)
    found = consensus("affine", source, target, 2.0, 3)
    assert np.abs(found(source[~wrong]) - apply_matrix(matrix, source[~wrong])).max() < 2.0


def test_what_opencv_refuses_is_a_failure_with_its_reason():
    source, target, _, _ = planted(0.0, 0)
    failure = consensus("affine", source, target[:10], 2.0, 0)
    assert isinstance(failure, EstimationFailure)
    assert failure.reason.startswith("the robust affine fit broke down (")


def test_every_round_of_a_polish_weighs_by_precision():
    source, target, _, matrix = planted(0.0, 2, "affine", noise=0.1)
    unsure = np.arange(len(source)) % 2 == 0
    target[unsure, 0] += 1.0
    far = matrix.copy()
    far[0, 0] += 0.004  # up to 4 px off: more inliers come with each round
    found, inliers = polish("affine", source, target, Transform("affine", far), 2.0, np.where(unsure, 1e-3, 1.0))
    assert inliers.all()
    assert np.abs(found(source) - apply_matrix(matrix, source)).max() < 0.15
