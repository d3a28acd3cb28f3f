from __future__ import annotations

import numpy as np
import pytest

from ltcore.geometry.flexible_fit import agreeing_with_neighbours, fit_robustly
from ltcore.geometry.models import fit_model, smoothing_of
from ltcore.geometry.robust import robust_weights
from ltcore.geometry.transforms import EstimationFailure, Transform

START = Transform("shift", np.array([[1, 0, 4.0], [0, 1, -3], [0, 0, 1]]))
THRESHOLD = 2.0


def bent_points(count=200, seed=0, noise=0.15, bend_px=0.4):
    random = np.random.default_rng(seed)
    source = random.uniform(0, 800, (count, 2))
    centred = source / 400 - 1
    bend = bend_px * centred * (centred**2).sum(axis=1)[:, None]
    return source, START(source) + bend + random.normal(0, noise, source.shape), random.uniform(0.1, 4, count)


def test_points_agree_with_the_median_of_their_twelve_nearest_neighbours():
    random = np.random.default_rng(1)
    source, offsets = random.uniform(0, 100, (80, 2)), random.normal(0, 1, (80, 2))
    offsets[7] = np.nan
    offsets[8, 1] = np.inf
    usable = np.setdiff1d(np.arange(80), [7, 8])
    expected = np.zeros(80, bool)
    for number in usable:
        others = usable[usable != number]
        near = others[np.argsort(np.linalg.norm(source[others] - source[number], axis=1))[:12]]
        expected[number] = np.linalg.norm(offsets[number] - np.median(offsets[near], axis=0)) < 1.3
    found = agreeing_with_neighbours(source, offsets, 1.3)
    np.testing.assert_array_equal(found, expected)
    assert 0 < found.sum() < 78


def test_twelve_neighbours_are_needed():
    source = np.random.default_rng(2).uniform(0, 100, (13, 2))
    assert agreeing_with_neighbours(source, np.zeros((13, 2)), 1.0).all()
    found = agreeing_with_neighbours(source[:12], np.zeros((12, 2)), 1.0)
    assert found.tolist() == [False] * 12
    assert found.dtype == np.bool_


@pytest.mark.parametrize("weighed", [False, True])
def test_where_all_points_agree_the_fit_is_that_of_their_precision(weighed):
    source, target, precision = bent_points()
    given = precision if weighed else None
    found, inliers = fit_robustly("poly3", source, target, START, THRESHOLD, given)
    assert inliers.all()
    expected = fit_model("poly3", source, target, given)
    np.testing.assert_allclose(found(source), expected(source), atol=1e-9)


def test_later_rounds_weigh_by_residual_and_precision_and_keep_the_first_smoothing():
    source, target, precision = bent_points(seed=4, noise=0.3, bend_px=1.5)
    target[:50] += np.random.default_rng(104).normal(0, 1.3, (50, 2))
    agreed = agreeing_with_neighbours(source, target - START(source), THRESHOLD)
    first = fit_model("tps", source, target, precision * agreed)
    expected, masks, smoothings = first, [agreed], []
    while len(masks) < 2 or not np.array_equal(*masks[-2:]):
        length = np.linalg.norm(target - expected(source), axis=1)
        mask, weights = robust_weights(length, THRESHOLD, precision)
        masks.append(mask)
        smoothings.append(smoothing_of(fit_model("tps", source, target, weights)))
        if not np.array_equal(*masks[-2:]):
            expected = fit_model("tps", source, target, weights, first)
    found, inliers = fit_robustly("tps", source, target, START, THRESHOLD, precision)
    assert 2 < len(masks) < 9
    np.testing.assert_array_equal(inliers, masks[-1])
    assert smoothing_of(found) == smoothing_of(first) != smoothings[0]
    np.testing.assert_allclose(found(source), expected(source), atol=1e-6)


def test_no_agreement_is_a_failure_with_a_reason():
    source = np.random.default_rng(4).uniform(0, 800, (40, 2))
    failure, inliers = fit_robustly("poly2", source, source + np.arange(40)[:, None] * 50.0, START, THRESHOLD)
    assert failure == EstimationFailure("no tie points agree on a poly2 transform")
    assert inliers.tolist() == [False] * 40


def test_a_fit_that_fails_has_no_inliers():
    along = np.linspace(0, 800, 60)
    line = np.column_stack([along, along])
    failure, inliers = fit_robustly("poly2", line, START(line), START, THRESHOLD)
    assert isinstance(failure, EstimationFailure)
    assert inliers.tolist() == [False] * 60
    assert inliers.dtype == np.bool_
