import numpy as np
import pytest

from ltcore.config import FitConfig
from ltcore.geometry.heldout import ModelTrial, heldout_residuals
from ltcore.geometry.models import FLEXIBLE_MODELS
from ltcore.geometry.selection import choose_model, fit_tie_points
from ltcore.geometry.transforms import MODELS, EstimationFailure, apply_matrix
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
    fit, trials = fit_tie_points(points, np.eye(3), FitConfig())
    assert fit.transform.model == model
    assert [trial.model for trial in trials] == list(MODELS)  # none that bends could be so much better
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


def trials(rmse_px, median_px):
    return [ModelTrial(model, 100, rmse_px[model], median_px[model]) for model in rmse_px]


def test_the_simplest_model_that_does_about_as_well_wins():
    errors = {"shift": 1.0, "similarity": 0.52, "affine": 0.5, "projective": 0.5}
    assert choose_model(trials(errors, errors)) == "similarity"


def test_bands_that_are_apart_by_themselves_are_no_reason_for_a_richer_plane_model():
    errors = {"shift": 0.51, "similarity": 0.47, "affine": 0.32, "projective": 0.31}  # two bands of one product
    assert choose_model(trials(errors, errors)) == "shift"


def test_three_hundredths_of_a_pixel_are_no_reason_for_a_richer_plane_model():
    errors = {"shift": 0.05, "similarity": 0.02}
    assert choose_model(trials(errors, errors)) == "shift"


def test_points_stated_to_be_surer_count_more():
    points = tie_points(MATRICES["affine"], noise=0.05)
    unsure = np.arange(len(points)) % 3 > 0
    noise = np.random.default_rng(1).normal(0, 0.5, (len(points), 2))
    spoilt = points.reference_xy + np.where(unsure[:, None], noise, 0)
    covariance = np.where(unsure, 0.25, 0.0025)[:, None, None] * np.eye(2)
    errors = []
    for stated in (covariance, points.covariance_px2):
        known = TiePoints(spoilt, points.sensed_xy, points.score, stated)
        fit, _ = fit_tie_points(known, np.eye(3), FitConfig(transform="affine"))
        truth = apply_matrix(np.array(MATRICES["affine"], float), points.sensed_xy)
        errors.append(np.sqrt(((fit.transform(points.sensed_xy) - truth) ** 2).sum(axis=1).mean()))
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.parametrize(
    ("median", "chosen"), [(0.6, "poly2"), (0.72, "affine"), (np.inf, "affine")], ids=["clear", "unclear", "none"]
)
def test_a_model_that_bends_must_win_clearly(median, chosen):
    errors = {"affine": 1.0, "projective": 1.0, "poly2": median, "poly3": median}
    assert choose_model(trials(errors, errors)) == chosen


def test_a_fifth_of_a_pixel_is_no_reason_to_bend():
    errors = {"affine": 0.32, "tps": 0.12}  # two bands of one product over a forest with lakes
    assert choose_model(trials(errors, errors)) == "affine"


def warped_points(bend_px, noise=0.15, count=500, wrong=100, seed=0):
    """Tie points of a picture that is bent as by a lens, some of them wrong."""
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, 800, (count, 2))
    centred = sensed / 400 - 1
    bend = bend_px * centred * (centred**2).sum(axis=1)[:, None]
    reference = sensed + np.array([4.0, -3.0]) + bend + random.normal(0, noise, (count, 2))
    truth = reference.copy()
    reference[:wrong] += random.uniform(-16, 16, (wrong, 2))
    return TiePoints(reference, sensed, np.ones(count), np.tile(np.eye(2), (count, 1, 1))), truth


def test_auto_bends_where_a_lens_did_and_says_so():
    points, truth = warped_points(8.0)
    fit, found = fit_tie_points(points, np.eye(3), FitConfig())
    assert fit.transform.model == "poly3"
    assert fit.transform.matrix is None
    assert np.linalg.norm(fit.transform(points.sensed_xy) - truth, axis=1).mean() < 0.25
    assert fit.inliers[100:].mean() > 0.98
    by_model = {trial.model: trial.median_px for trial in found}
    assert by_model["poly3"] < 0.3
    assert by_model["projective"] > 0.5
    assert np.allclose(fit.residuals_px, points.reference_xy - fit.transform(points.sensed_xy))


def test_a_bend_the_noise_hides_is_left_alone():
    points, _ = warped_points(0.1)
    assert fit_tie_points(points, np.eye(3), FitConfig())[0].transform.model in ("shift", "similarity")


def test_a_bend_on_top_of_a_prior():
    points, truth = warped_points(8.0, wrong=0)
    prior = np.array([[0.5, 0, 100], [0, 0.5, -50], [0, 0, 1]])
    moved = TiePoints(points.reference_xy, (points.sensed_xy - [100, -50]) * 2, points.score, points.covariance_px2)
    fit, _ = fit_tie_points(moved, prior, FitConfig(transform="poly3"))
    assert np.linalg.norm(fit.transform(moved.sensed_xy) - truth, axis=1).max() < 0.8


@pytest.mark.parametrize("model", ["poly2", "poly3"])
@pytest.mark.parametrize("seed", range(4))
def test_garbage_gives_no_share_of_inliers_that_passes(model, seed):
    """Offsets as wrong pairs have them: anywhere in the search. No bending model may follow a quarter of them."""
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, 800, (600, 2))
    reference = sensed + random.uniform(-16, 16, sensed.shape)
    points = TiePoints(reference, sensed, np.ones(600), np.tile(np.eye(2), (600, 1, 1)))
    for config in (FitConfig(transform=model), FitConfig()):
        fit, _ = fit_tie_points(points, np.eye(3), config)
        assert isinstance(fit, EstimationFailure) or fit.inliers.mean() < 0.15


def test_points_without_agreement_are_a_failure():
    random = np.random.default_rng(0)
    xy = random.uniform(0, 1e5, (6, 2))
    points = TiePoints(xy, random.uniform(0, 1e5, (6, 2)), np.ones(6), np.tile(np.eye(2), (6, 1, 1)))
    fit, _ = fit_tie_points(points, np.eye(3), FitConfig())
    assert isinstance(fit, EstimationFailure)


def swollen(count=400, share=1.0, seed=0):
    """Points under a swell of 6 px; those beyond the share are anywhere within 16 px, as peaks of noise are."""
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, 800, (count, 2))
    reference = sensed + 6 * np.column_stack([np.sin(sensed[:, 1] / 80), np.cos(sensed[:, 0] / 80)])
    wrong = random.permutation(count) >= share * count
    reference[wrong] = sensed[wrong] + random.uniform(-16, 16, (wrong.sum(), 2))
    return TiePoints(reference, sensed, np.ones(count), np.tile(np.eye(2), (count, 1, 1)))


@pytest.mark.parametrize(("share", "bends"), [(1.0, True), (0.8, True), (0.35, False)])
def test_a_bend_that_fewer_than_two_thirds_of_the_points_speak_for_is_not_chosen(share, bends):
    fit, tried = fit_tie_points(swollen(share=share), np.eye(3), FitConfig())
    assert (fit.transform.model not in MATRICES) == bends
    assert ("tps" in [trial.model for trial in tried]) == bends


def test_a_bend_that_is_asked_for_is_fitted_whatever_speaks_for_it():
    fit, _ = fit_tie_points(swollen(share=0.35), np.eye(3), FitConfig(transform="tps"))
    assert fit.transform.model == "tps"


def test_only_models_that_may_be_chosen_are_tried():
    fit, tried = fit_tie_points(swollen(), np.eye(3), FitConfig(), ("shift", "affine"))
    assert [trial.model for trial in tried] == ["shift", "affine"]
    assert fit.transform.model in ("shift", "affine")


def test_what_a_richer_model_must_gain_counts_in_px_of_the_coarser_raster():
    plane = {"shift": 0.11, "affine": 0.05}  # 0.027 px more than 60 % allow
    assert choose_model(trials(plane, plane)) == "affine"
    assert choose_model(trials(plane, plane), unit_px=4.0) == "shift"
    bent = {"affine": 1.5, "tps": 0.5}
    assert choose_model(trials(bent, bent)) == "tps"
    assert choose_model(trials(bent, bent), unit_px=4.0) == "affine"


@pytest.mark.parametrize(("best_px", "chosen"), [(0.2999, "shift"), (0.301, "tps")])
def test_what_bends_is_chosen_only_where_it_is_tried(best_px, chosen):
    plane = {"shift": best_px, "similarity": best_px, "affine": best_px, "projective": best_px}
    perfect = {**plane, **dict.fromkeys(FLEXIBLE_MODELS, best_px), "tps": 0.0}
    assert choose_model(trials(perfect, perfect)) == chosen


@pytest.mark.parametrize(("noise", "tried"), [(0.15, False), (0.5, True)])
def test_what_bends_is_tried_where_a_plane_model_leaves_much_over(noise, tried):
    _, found = fit_tie_points(tie_points(MATRICES["shift"], noise=noise), np.eye(3), FitConfig())
    plane = min(trial.median_px for trial in found if trial.model in MODELS)
    assert (plane >= 0.3) is tried
    assert any(trial.model in FLEXIBLE_MODELS for trial in found) is tried
