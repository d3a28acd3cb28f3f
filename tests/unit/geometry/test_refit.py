from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ltcore.config import FitConfig
from ltcore.geometry.heldout import heldout_residuals
from ltcore.geometry.models import ALL_MODELS, FEWEST_POINTS, smoothing_of
from ltcore.geometry.refit import refit
from ltcore.geometry.selection import fit_tie_points
from ltcore.geometry.thin_plate import fit_thin_plate
from ltcore.geometry.transforms import EstimationFailure, Transform, estimate
from ltcore.result import TransformFit
from ltcore.types import TiePoints

TRUTH = Transform("affine", [[1.01, 0.02, 30.0], [-0.015, 0.99, -12.0], [0, 0, 1]])
PRIOR = np.diag([0.5, 0.5, 1.0])


def tie_points(count: int, bad: int = 0, seed: int = 0) -> TiePoints:
    """`count` points 0.2 px around the truth, the first `bad` of them 15 px off."""
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, [1200, 900], (count, 2))
    reference = TRUTH(sensed) + random.normal(0, 0.2, (count, 2))
    reference[:bad] += 15.0
    return TiePoints(reference, sensed, np.full(count, 0.8), np.tile(np.eye(2) * 0.04, (count, 1, 1)))


@pytest.mark.parametrize("model", ["affine", "projective", "poly2", "poly3", "tps"])
def test_the_enabled_points_alone_decide(model):
    points = tie_points(300, bad=3)
    enabled = np.arange(300) >= 3
    fit = refit(model, points, enabled, np.eye(3))
    assert isinstance(fit, TransformFit)
    probe = np.array([[100.0, 100.0], [600, 450], [1100, 800]])
    np.testing.assert_allclose(fit.transform(probe), TRUTH(probe), atol=0.3)
    np.testing.assert_allclose(np.linalg.norm(fit.residuals_px[:3], axis=1), 15 * np.sqrt(2), atol=1.5)
    assert np.isnan(fit.heldout_px[:3]).all()
    assert np.isfinite(fit.heldout_px[3:]).all()


def test_an_enabled_outlier_is_not_rejected():
    points = tie_points(60, bad=1)
    without = refit("affine", points, np.arange(60) >= 1, np.eye(3))
    with_it = refit("affine", points, np.ones(60, bool), np.eye(3))
    assert np.sqrt((with_it.residuals_px**2).sum(1).mean()) > 1.5
    assert np.sqrt((without.residuals_px[1:] ** 2).sum(1).mean()) < 0.4


@pytest.mark.parametrize("model", ["shift", "affine", "projective"])
def test_it_agrees_with_the_fit_of_a_registration(model):
    random = np.random.default_rng(1)
    sensed = random.uniform(0, [1200, 900], (200, 2))
    reference = sensed * 0.5 + [7.0, -3.0] + random.normal(0, 0.05, (200, 2))
    points = TiePoints(reference, sensed, np.ones(200), np.tile(np.eye(2), (200, 1, 1)))
    registered, _ = fit_tie_points(points, PRIOR, FitConfig(transform=model))
    again = refit(model, points, registered.inliers, PRIOR)
    np.testing.assert_allclose(again.transform(sensed), registered.transform(sensed), atol=0.02)
    np.testing.assert_allclose(again.heldout_px, registered.heldout_px, atol=0.02)


@pytest.mark.parametrize("model", ALL_MODELS)
def test_too_few_points_are_a_value_with_a_reason(model):
    points = tie_points(FEWEST_POINTS[model])
    enabled = np.arange(len(points)) >= 1
    assert refit(model, points, enabled, np.eye(3)) == EstimationFailure(
        f"{model} needs {FEWEST_POINTS[model]} tie points, got {FEWEST_POINTS[model] - 1}"
    )


@pytest.mark.parametrize("model", ["shift", "similarity", "affine", "projective"])
def test_the_fewest_points_are_enough(model):
    points = tie_points(FEWEST_POINTS[model])
    fit = refit(model, points, np.ones(len(points), bool), np.eye(3))
    assert isinstance(fit, TransformFit)
    assert fit.inliers.all()


def test_points_weigh_by_their_covariance():
    points = tie_points(80)
    variance = np.random.default_rng(5).uniform(0.01, 1, 80)
    stated = replace(points, covariance_px2=variance[:, None, None] * np.eye(2))
    expected = estimate("affine", points.sensed_xy, points.reference_xy, 1 / variance)
    fit = refit("affine", stated, np.ones(80, bool), np.eye(3))
    np.testing.assert_allclose(fit.transform.matrix, expected.matrix, atol=1e-9)
    np.testing.assert_allclose(fit.residuals_px, points.reference_xy - expected(points.sensed_xy), atol=1e-6)


def test_a_spline_keeps_the_smoothing_of_an_earlier_fit_also_for_what_is_left_out():
    points, every = tie_points(120), np.ones(120, bool)
    like = fit_thin_plate(points.sensed_xy, points.reference_xy, None, 0.01)
    fit = refit("tps", points, every, np.eye(3), like)
    assert smoothing_of(fit.transform) == smoothing_of(like)
    assert smoothing_of(refit("tps", points, every, np.eye(3)).transform) != smoothing_of(like)
    expected = heldout_residuals("tps", points.sensed_xy, points.reference_xy, np.full(120, 25.0), like)
    np.testing.assert_allclose(fit.heldout_residuals_px, expected, atol=1e-9)


def test_points_that_allow_no_fit_are_a_value_with_a_reason():
    points = tie_points(30)
    line = np.column_stack([points.sensed_xy[:, 0], points.sensed_xy[:, 0]])
    failure = refit("affine", replace(points, sensed_xy=line), np.ones(30, bool), np.eye(3))
    assert failure == EstimationFailure("the tie points are too close to one line for the affine transform")
