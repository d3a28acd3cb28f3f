"""The choice of the model at its limits, and what the fit of the chosen one is said to rest on."""

from __future__ import annotations

import numpy as np
import pytest

from ltcore.config import FitConfig
from ltcore.geometry.heldout import ModelTrial, heldout_residuals
from ltcore.geometry.models import fit_model
from ltcore.geometry.selection import choose_model, fit_tie_points
from ltcore.geometry.transforms import EstimationFailure, apply_matrix
from ltcore.types import TiePoints
from ltcore.uncertainty import local_precision

PRIOR = np.array([[0.5, 0.02, 100.0], [-0.01, 0.5, -50.0], [0, 0, 1]])


def chosen(unit_px=1.0, **median_px):
    return choose_model([ModelTrial(model, 100, 9.0, value) for model, value in median_px.items()], unit_px)


@pytest.mark.parametrize("unit_px", [1.0, 2.5])
def test_a_richer_plane_model_must_bring_it_under_three_fifths_and_a_fiftieth_of_a_pixel_farther(unit_px):
    limit = 0.6 / 0.6 + 0.02 * unit_px
    assert chosen(unit_px, shift=limit - 1e-6, similarity=0.7, affine=0.6) == "shift"
    assert chosen(unit_px, shift=limit + 1e-6, similarity=0.7, affine=0.6) == "similarity"


@pytest.mark.parametrize(("unit_px", "limit"), [(1.0, 0.7 * 4), (5.0, 4 - 0.3 * 5.0)])
def test_a_model_that_bends_must_bring_it_under_seven_tenths_and_three_tenths_of_a_pixel_lower(unit_px, limit):
    assert chosen(unit_px, shift=4.1, affine=4.0, poly2=limit) == "poly2"
    assert chosen(unit_px, shift=4.1, affine=4.0, poly2=limit + 1e-6) == "shift"


@pytest.mark.parametrize("unit_px", [1.0, 3.0])
@pytest.mark.parametrize("plane", [{}, {"shift": 20.0}], ids=["alone", "beside a plane model"])
def test_among_models_that_bend_the_simplest_within_a_twentieth_and_a_hundredth_of_a_pixel(unit_px, plane):
    limit = 0.95 / 0.95 + 0.01 * unit_px
    assert chosen(unit_px, **plane, poly2=limit - 1e-6, poly3=2.0, tps=0.95) == "poly2"
    assert chosen(unit_px, **plane, poly2=limit + 1e-6, poly3=0.96, tps=0.95) == "poly3"


def test_one_model_alone_is_taken_however_it_did():
    assert chosen(tps=np.inf) == "tps"
    assert chosen(affine=np.inf) == "affine"


def tie_points(count=200, seed=0, bend_px=0.8):
    """Points around a mild bend after PRIOR, of variances from 0.01 to 0.2 px^2."""
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, 1600, (count, 2))
    variance = random.uniform(0.01, 0.2, count)
    placed = apply_matrix(PRIOR, sensed)
    bend = bend_px * np.column_stack([np.sin(placed[:, 1] / 300), np.cos(placed[:, 0] / 400)])
    reference = placed + [3.0, -2.0] + bend + random.normal(0, 1, (count, 2)) * np.sqrt(variance)[:, None]
    return TiePoints(reference, sensed, np.ones(count), variance[:, None, None] * np.eye(2)), placed, 1 / variance


@pytest.mark.parametrize("model", ["affine", "projective", "poly2", "tps"])
def test_numbers_of_the_fit_and_its_trial_are_those_of_its_points(model):
    points, placed, precision = tie_points()
    fit, (trial,) = fit_tie_points(points, PRIOR, FitConfig(transform=model, threshold_px=4.0))
    assert fit.inliers.all()
    weights = precision if model in ("affine", "projective") else local_precision(precision)
    expected = heldout_residuals(model, placed, points.reference_xy, weights, fit.transform)
    np.testing.assert_allclose(fit.heldout_residuals_px, expected, atol=1e-6)
    np.testing.assert_allclose(fit.residuals_px, points.reference_xy - fit.transform(points.sensed_xy), atol=1e-9)
    lengths = np.linalg.norm(expected, axis=1)
    assert (trial.model, trial.inliers) == (model, 200)
    assert trial.rmse_px == pytest.approx(np.sqrt((lengths**2).mean()), abs=1e-6)
    assert trial.median_px == pytest.approx(np.median(lengths), abs=1e-6)


@pytest.mark.parametrize("model", ["shift", "affine", "poly2"])
def test_the_fit_weighs_by_precision_and_residual_around_what_the_prior_says(model):
    points, placed, precision = tie_points()
    fit, _ = fit_tie_points(points, PRIOR, FitConfig(transform=model, threshold_px=4.0))
    weights = precision if model in ("shift", "affine") else local_precision(precision)
    plain = fit_model(model, placed, points.reference_xy, weights)
    unweighed = fit_model(model, placed, points.reference_xy)
    apart = [np.linalg.norm(fit.transform(points.sensed_xy) - each(placed), axis=1) for each in (plain, unweighed)]
    assert np.median(apart[0]) < 0.7 * np.median(apart[1])
    assert apart[0].max() < 0.1


def test_outliers_have_residuals_but_no_heldout_ones():
    points, _, _ = tie_points()
    reference = points.reference_xy.copy()
    reference[:20] += 30.0
    fit, trials = fit_tie_points(
        TiePoints(reference, points.sensed_xy, points.score, points.covariance_px2),
        PRIOR,
        FitConfig(transform="affine"),
    )
    assert not fit.inliers[:20].any()
    assert np.isnan(fit.heldout_residuals_px[~fit.inliers]).all()
    assert np.isfinite(fit.heldout_residuals_px[fit.inliers]).all()
    assert np.linalg.norm(fit.residuals_px[:20], axis=1).min() > 35
    assert trials[0].inliers == fit.inliers.sum()
    lengths = np.linalg.norm(fit.heldout_residuals_px[20:], axis=1)
    assert trials[0].median_px == pytest.approx(np.median(lengths), abs=0.02)


def test_a_model_that_bends_needs_two_thirds_of_the_points_unless_it_was_asked_for():
    random = np.random.default_rng(4)
    sensed = random.uniform(0, 800, (300, 2))
    centred = sensed / 400 - 1
    reference = sensed + 12 * centred * (centred**2).sum(axis=1)[:, None] + random.normal(0, 0.1, (300, 2))
    for wrong, bends in ((80, True), (130, False)):
        spoilt = reference.copy()
        spoilt[:wrong] = random.uniform(0, 800, (wrong, 2))
        points = TiePoints(spoilt, sensed, np.ones(300), np.tile(np.eye(2), (300, 1, 1)))
        _, trials = fit_tie_points(points, np.eye(3), FitConfig())
        assert any(trial.model in ("poly2", "poly3", "tps") for trial in trials) is bends
        assert (
            not bends or trials[0].median_px > 4.0
        )  # of all points that agree with their neighbours, not of a shift's inliers
        fit, _ = fit_tie_points(points, np.eye(3), FitConfig(transform="poly3"))
        assert fit.inliers[wrong:].mean() > 0.95


@pytest.mark.parametrize(("unit_px", "bends"), [(1.0, True), (4.0, False)])
def test_models_that_bend_are_tried_where_a_plane_one_leaves_three_tenths_of_a_coarser_pixel(unit_px, bends):
    points, _, _ = tie_points()
    _, trials = fit_tie_points(points, PRIOR, FitConfig(threshold_px=4.0), unit_px=unit_px)
    assert 0.3 < min(trial.median_px for trial in trials if trial.model not in ("poly2", "poly3", "tps")) < 4 * 0.3
    assert ("tps" in [trial.model for trial in trials]) is bends


@pytest.mark.parametrize(("unit_px", "bends"), [(1.0, True), (3.0, False)])
def test_a_model_that_bends_is_chosen_by_px_of_the_coarser_raster(unit_px, bends):
    points, _, _ = tie_points(400, bend_px=6.0)
    fit, trials = fit_tie_points(points, PRIOR, FitConfig(threshold_px=9.0), unit_px=unit_px)
    assert "tps" in [trial.model for trial in trials]
    assert (fit.transform.model in ("poly2", "poly3", "tps")) is bends


@pytest.mark.parametrize(
    ("model", "count", "reason"),
    [
        ("affine", 3, "a robust affine fit needs 4 matches, got 3"),
        ("affine", 5, "only 5 of 5 tie points agree on one affine transform"),
        ("shift", 3, "a robust affine fit needs 4 matches, got 3"),
        ("projective", 7, "only 7 of 7 tie points agree on one projective transform"),
        ("poly2", 12, "no tie points agree on a poly2 transform"),
    ],
)
def test_too_few_points_are_a_value_with_a_reason(model, count, reason):
    points, _, _ = tie_points(count)
    fit, trials = fit_tie_points(points, PRIOR, FitConfig(transform=model, threshold_px=50.0))
    assert fit == EstimationFailure(reason)
    assert trials == ()


def test_twice_as_many_points_as_a_model_needs_are_enough():
    for model, count in (("affine", 6), ("similarity", 4), ("projective", 8)):
        points, _, _ = tie_points(count)
        fit, trials = fit_tie_points(points, PRIOR, FitConfig(transform=model, threshold_px=50.0))
        assert fit.inliers.all()
        assert [trial.model for trial in trials] == [model]


def test_without_agreement_the_reason_counts_the_points():
    points, _, _ = tie_points(5)
    fit, trials = fit_tie_points(points, PRIOR, FitConfig(threshold_px=50.0), models=("affine", "projective"))
    assert fit == EstimationFailure("only 5 of 5 tie points agree on a transform")
    assert trials == ()
