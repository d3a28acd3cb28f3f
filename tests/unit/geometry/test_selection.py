import numpy as np
import pytest

from ltcore.config import FitConfig
from ltcore.geometry.selection import choose_model, fit_tie_points, heldout_residuals
from ltcore.geometry.transforms import EstimationFailure, apply_matrix
from ltcore.types import TiePoints

MATRICES = {
    "shift": [[1, 0, 5.3], [0, 1, -2.1], [0, 0, 1]],
    "similarity": [[0.98, -0.1, 5], [0.1, 0.98, -3], [0, 0, 1]],
    "affine": [[1.05, -0.1, 5], [0.02, 0.93, -3], [0, 0, 1]],
    "projective": [[1.05, -0.1, 5], [0.02, 0.93, -3], [1e-4, -5e-5, 1]],
}


def tie_points(matrix, noise=0.1, count=300, seed=0, wrong=0):
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, 800, (count, 2))
    reference = apply_matrix(np.array(matrix, float), sensed) + random.normal(0, noise, (count, 2))
    reference[:wrong] = random.uniform(0, 800, (wrong, 2))
    return TiePoints(reference, sensed, np.ones(count), np.tile(np.eye(2), (count, 1, 1)))


@pytest.mark.parametrize("model", MATRICES)
def test_auto_chooses_the_generating_model(model):
    points = tie_points(MATRICES[model], wrong=60)
    fit, errors = fit_tie_points(points, np.eye(3), FitConfig())
    assert fit.transform.model == model
    assert set(errors) == set(MATRICES)
    assert fit.inliers[60:].all()
    assert fit.inliers[:60].mean() < 0.05
    truth = apply_matrix(np.array(MATRICES[model], float), points.sensed_xy[60:])
    assert np.abs(fit.transform(points.sensed_xy[60:]) - truth).max() < 0.1


def test_a_shift_stays_a_shift_on_top_of_a_prior():
    prior = np.array([[2.0, 0, 100], [0, 2.0, -50], [0, 0, 1]])
    points = tie_points(np.array(MATRICES["shift"], float) @ prior)
    fit, _ = fit_tie_points(points, prior, FitConfig())
    assert fit.transform.model == "shift"
    assert np.allclose(fit.transform.matrix[:2, :2], prior[:2, :2])


def test_residuals_are_reference_minus_transformed():
    points = tie_points(MATRICES["affine"])
    fit, _ = fit_tie_points(points, np.eye(3), FitConfig(transform="affine"))
    assert np.allclose(fit.residuals_px, points.reference_xy - fit.transform(points.sensed_xy))


def test_heldout_error_shows_overfitting():
    # Eight points with noise: the projective fit follows them, the left-out ones tell.
    points = tie_points(MATRICES["shift"], noise=0.5, count=12)
    simple = heldout_residuals("shift", points.sensed_xy, points.reference_xy)
    rich = heldout_residuals("projective", points.sensed_xy, points.reference_xy)
    assert (simple**2).sum() < (rich**2).sum()


def test_heldout_error_where_the_rest_cannot_be_fitted_is_infinite():
    xy = np.array([[0.0, 0.0], [500.0, 500.0]])
    assert np.isinf(heldout_residuals("affine", xy, xy)).all()


def test_the_simplest_model_within_five_percent_wins():
    assert choose_model({"shift": 1.0, "similarity": 0.52, "affine": 0.5, "projective": 0.5}) == "similarity"


def test_points_without_agreement_are_a_failure():
    random = np.random.default_rng(0)
    xy = random.uniform(0, 1e5, (6, 2))
    points = TiePoints(xy, random.uniform(0, 1e5, (6, 2)), np.ones(6), np.tile(np.eye(2), (6, 1, 1)))
    fit, _ = fit_tie_points(points, np.eye(3), FitConfig())
    assert isinstance(fit, EstimationFailure)
