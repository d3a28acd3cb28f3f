from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.config import FitConfig
from ltcore.geometry.blocks import block_folds
from ltcore.geometry.flexible import FlexibleTransform
from ltcore.geometry.models import fit_model, smoothing_of
from ltcore.geometry.parameters import from_parameters, to_parameters
from ltcore.geometry.selection import fit_tie_points
from ltcore.geometry.transforms import EstimationFailure
from ltcore.summary import plain
from ltcore.types import TiePoints

SIDE = 512.0
seeds = st.integers(0, 2**32 - 1)


def swell(xy: np.ndarray, phase: float = 0.0) -> np.ndarray:
    """A smooth distortion of 2.5 px whose period is half the image."""
    x, y = (2 * np.pi * xy / (SIDE / 2)).T
    return 2.5 * np.column_stack([np.sin(x + 1 + phase) * np.cos(y), np.cos(y + 0.3) * np.sin(x + phase)])


def spline(source: np.ndarray, target: np.ndarray, **how: object) -> FlexibleTransform:
    transform = fit_model("tps", source, target, **how)  # type: ignore[arg-type]
    assert isinstance(transform, FlexibleTransform), transform
    return transform


def tie_points(reference: np.ndarray, sensed: np.ndarray) -> TiePoints:
    return TiePoints(reference, sensed, np.ones(len(sensed)), np.tile(np.eye(2), (len(sensed), 1, 1)))


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_an_affine_map_is_recovered_everywhere(seed):
    random = np.random.default_rng(seed)
    linear, xy = np.array([[1.1, -0.2], [0.3, 0.9]]) * random.choice([-1, 1], 2), random.uniform(0, SIDE, (60, 2))
    found = spline(xy, xy @ linear + [300, -80])
    far = random.uniform(-3 * SIDE, 4 * SIDE, (50, 2))
    np.testing.assert_allclose(found(far), far @ linear + [300, -80], atol=1e-3)


@given(seeds)
@settings(max_examples=5, deadline=None)
def test_a_swell_is_followed_and_undone(seed):
    random = np.random.default_rng(seed)
    source, phase = random.uniform(0, SIDE, (900, 2)), random.uniform(0, 6)
    found = spline(source, source + swell(source, phase))
    probe = random.uniform(30, SIDE - 30, (300, 2))
    assert np.sqrt(((found(probe) - probe - swell(probe, phase)) ** 2).sum(axis=1).mean()) < 0.16
    around = random.uniform(-SIDE, 2 * SIDE, (300, 2))
    np.testing.assert_allclose(found.inverse()(found(around)), around, atol=1e-5)


def test_noise_is_smoothed_away():
    random = np.random.default_rng(1)
    source = random.uniform(0, SIDE, (1500, 2))
    found = spline(source, source + swell(source) + random.normal(0, 0.3, source.shape))
    probe = random.uniform(30, SIDE - 30, (300, 2))
    assert np.sqrt(((found(probe) - probe - swell(probe)) ** 2).sum(axis=1).mean()) < 0.2


def test_far_outside_only_the_affine_trend_is_left():
    source = np.random.default_rng(2).uniform(0, SIDE, (500, 2))
    found = spline(source, source + swell(source))
    rows = np.column_stack([source, np.ones(len(source))])
    trend, *_ = np.linalg.lstsq(rows, source + swell(source), rcond=None)
    far = np.array([[-2 * SIDE, 100.0], [3 * SIDE, 4 * SIDE]])
    np.testing.assert_allclose(found(far), np.column_stack([far, [1, 1]]) @ trend, atol=1e-6)
    out = np.array([[SIDE / 2, y] for y in np.linspace(SIDE / 2, 2 * SIDE, 2000)])
    assert np.linalg.norm(np.diff(found(out) - out, axis=0), axis=1).max() < 0.2  # no step at the hull


def test_order_does_not_matter_and_a_place_counts_once_as_a_control():
    random = np.random.default_rng(3)
    source = random.uniform(0, SIDE, (90, 2))
    target, order = source + swell(source), random.permutation(90)
    found = spline(source, target)
    np.testing.assert_allclose(spline(source[order], target[order])(source), found(source), atol=1e-3)
    doubled = spline(np.vstack([source, source]), np.vstack([target, target]))
    assert len(doubled.field.controls) == 90
    np.testing.assert_allclose(doubled(source), found(source), atol=1e-3)


def test_a_spline_survives_being_written_as_json_and_keeps_its_smoothing():
    source = np.random.default_rng(4).uniform(0, SIDE, (200, 2))
    found = spline(source, source + swell(source))
    again = from_parameters("tps", json.loads(json.dumps(plain(to_parameters(found)))))
    assert np.array_equal(again(source * 1.3), found(source * 1.3))
    assert spline(source, source + swell(source), like=again).field.smoothing == found.field.smoothing


@pytest.mark.parametrize("count", [0, 1, 19])
def test_too_few_places_fail(count):
    xy = np.random.default_rng(5).uniform(0, SIDE, (count, 2))
    failure = fit_model("tps", np.vstack([xy, xy]), np.vstack([xy, xy]))
    assert isinstance(failure, EstimationFailure)
    assert "20" in failure.reason


def test_points_on_a_line_fail():
    along = np.linspace(0, SIDE, 50)
    assert isinstance(
        fit_model("tps", np.column_stack([along, along]), np.column_stack([along, along])), EstimationFailure
    )


def test_auto_follows_a_swell_and_its_outliers_do_not_matter():
    random = np.random.default_rng(7)
    sensed = random.uniform(0, SIDE, (800, 2))
    truth = sensed + np.array([1.5, -2.5]) + swell(sensed)
    reference = truth + random.normal(0, 0.15, sensed.shape)
    reference[:150] += random.uniform(-16, 16, (150, 2))
    fit, trials = fit_tie_points(tie_points(reference, sensed), np.eye(3), FitConfig())
    assert fit.transform.model == "tps"
    assert np.median(np.linalg.norm(fit.transform(sensed) - truth, axis=1)) < 0.15
    assert fit.inliers[150:].mean() > 0.98
    assert {trial.model for trial in trials} >= {"affine", "tps"}


@pytest.mark.parametrize("seed", range(3))
def test_a_spline_through_garbage_has_no_inliers_to_speak_of(seed):
    """Offsets as wrong pairs have them: anywhere in the search."""
    random = np.random.default_rng(seed)
    sensed = random.uniform(0, SIDE, (600, 2))
    points = tie_points(sensed + random.uniform(-16, 16, sensed.shape), sensed)
    fit, _ = fit_tie_points(points, np.eye(3), FitConfig(transform="tps"))
    assert isinstance(fit, EstimationFailure) or fit.inliers.mean() < 0.2


@pytest.mark.parametrize("fold", range(5))
def test_smoothing_is_chosen_by_the_folds_that_have_points(fold):
    random = np.random.default_rng(fold)
    source = random.uniform(0, SIDE, (1200, 2))
    while (block_folds(source) == fold).any():  # the blocks move with the extent
        source = source[block_folds(source) != fold]
    assert len(source) > 200
    found = spline(source, source + swell(source) / 4 + random.normal(0, 0.5, source.shape))
    assert 1e-9 < smoothing_of(found) < 1e-1
