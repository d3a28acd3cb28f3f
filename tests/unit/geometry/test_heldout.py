from __future__ import annotations

import numpy as np
import pytest

from ltcore.geometry.blocks import block_folds, block_numbers
from ltcore.geometry.heldout import heldout_residuals
from ltcore.geometry.models import ALL_MODELS, fit_model, smoothing_of
from ltcore.geometry.thin_plate import heldout_thin_plate


def test_blocks_are_numbered_by_rows():
    xy = np.array([[-50.0, 100], [-40.1, 100], [-40, 100], [50, 100], [-50, 299], [50, 300], [5, 210], [-50, 120]])
    assert block_numbers(xy).tolist() == [0, 0, 1, 9, 90, 99, 55, 10]
    assert block_numbers(np.zeros((0, 2))).shape == (0,)
    assert block_numbers(np.zeros((0, 2))).dtype == block_numbers(xy).dtype == np.intp
    assert block_numbers(np.full((3, 2), 7.0)).tolist() == [0, 0, 0]


def test_no_two_neighbouring_blocks_share_a_fold():
    x, y = np.meshgrid(np.arange(10) + 0.5, np.arange(10) + 0.5)
    xy = np.column_stack([x.ravel(), y.ravel()])
    folds = block_folds(xy).reshape(10, 10)
    assert folds[0].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert folds[:, 0].tolist() == [0, 2, 4, 1, 3, 0, 2, 4, 1, 3]
    assert (folds[:, 1:] != folds[:, :-1]).all()
    assert (folds[1:] != folds[:-1]).all()
    assert (folds[1:, 1:] != folds[:-1, :-1]).all()
    assert (folds[1:, :-1] != folds[:-1, 1:]).all()
    assert np.bincount(folds.ravel()).tolist() == [20] * 5


def bent_points(count=120, seed=0):
    random = np.random.default_rng(seed)
    source = random.uniform(0, 900, (count, 2))
    bend = 2 * np.column_stack([np.sin(source[:, 1] / 150), np.cos(source[:, 0] / 200)])
    target = source @ np.array([[1.01, 0.02], [-0.03, 0.98]]) + bend + [30, -20] + random.normal(0, 0.2, (count, 2))
    return source, target, random.uniform(0.1, 2, count)


@pytest.mark.parametrize("model", [model for model in ALL_MODELS if model != "tps"])
@pytest.mark.parametrize("weighed", [False, True])
def test_every_block_is_predicted_by_a_fit_to_the_other_folds(model, weighed):
    source, target, weights = bent_points()
    folds, expected = block_folds(target), np.zeros((120, 2))
    for number in range(5):
        rest = folds != number
        fitted = fit_model(model, source[rest], target[rest], weights[rest] if weighed else None)
        expected[~rest] = (target - fitted(source))[~rest]
    found = heldout_residuals(model, source, target, weights if weighed else None)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_spline_keeps_the_smoothing_of_the_fit_to_all():
    source, target, weights = bent_points()
    like = fit_model("tps", source, target, like=None)
    rough = fit_model("tps", *(np.round(xy, -1) for xy in (source, target)))
    assert smoothing_of(like) != smoothing_of(rough)
    for fit in (like, rough):
        found = heldout_residuals("tps", source, target, weights, fit)
        np.testing.assert_array_equal(found, heldout_thin_plate(source, target, weights, smoothing_of(fit)))


def test_no_points_have_no_residuals():
    assert heldout_residuals("affine", np.zeros((0, 2)), np.zeros((0, 2))).shape == (0, 2)


def test_a_fold_whose_rest_cannot_be_fitted_is_infinite_and_the_others_are_not():
    """Four points: the fit to three of them needs all three off one line."""
    source = np.array([[0.0, 0], [70, 0], [200, 0], [90, 300]])
    found = heldout_residuals("affine", source, source)
    assert np.isinf(found[3]).all()
    np.testing.assert_allclose(found[:3], 0, atol=1e-9)


def test_blocks_do_not_depend_on_the_unit():
    xy = np.random.default_rng(0).uniform(0, 1, (300, 2))
    np.testing.assert_array_equal(block_numbers(1e-5 * xy), block_numbers(1e5 * xy))
