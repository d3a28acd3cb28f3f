import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.types import TiePoints
from ltcore.uncertainty import mahalanobis_squared, precision_of, with_variance_factor


def points_with(covariance):
    place = np.zeros((len(covariance), 2))
    return TiePoints(place, place, np.ones(len(covariance)), covariance)


def measured(count, scale, seed=0):
    """Returns points whose stated covariances, different ones, are `scale` times too small, and their residuals."""
    random = np.random.default_rng(seed)
    root = random.normal(0, 0.3, (count, 2, 2)) + 0.2 * np.eye(2)
    stated = root @ root.transpose(0, 2, 1) + 0.001 * np.eye(2)
    drawn = np.linalg.cholesky(scale * stated) @ random.standard_normal((count, 2, 1))
    return points_with(stated), drawn[..., 0]


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(0.02, 50), seed=st.integers(0, 99))
def test_covariances_become_those_the_residuals_were_drawn_from(scale, seed):
    points, residuals = measured(1500, scale, seed)
    scaled = with_variance_factor(points, residuals, np.ones(1500, bool))
    assert np.all(np.abs(scaled.covariance_px2 / (scale * points.covariance_px2) - 1) < 0.2)
    assert 1.99 < mahalanobis_squared(residuals, scaled.covariance_px2).mean() < 2.01


def test_only_points_that_agree_and_were_measured_count():
    points, residuals = measured(400, 1.0)
    agreed = np.arange(400) % 2 == 0
    spoilt = np.where(agreed[:, None], residuals, 1e6)
    spoilt[0], spoilt[2] = np.nan, np.inf
    clean = with_variance_factor(points, residuals, agreed & (np.arange(400) > 2))
    np.testing.assert_array_equal(with_variance_factor(points, spoilt, agreed).covariance_px2, clean.covariance_px2)


@pytest.mark.parametrize("count", [0, 5])
def test_too_few_residuals_change_nothing(count):
    points, residuals = measured(count, 9.0)
    assert with_variance_factor(points, residuals, np.ones(count, bool)) is points


def test_the_factor_has_bounds():
    points, residuals = measured(200, 1e6)
    scaled = with_variance_factor(points, residuals, np.ones(200, bool))
    np.testing.assert_allclose(scaled.covariance_px2, 100 * points.covariance_px2)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_covariances_scale_with_the_square_of_the_pixel(scale, seed):
    points, residuals = measured(200, 1.0, seed)
    finer = points_with(scale**2 * points.covariance_px2)
    used = np.ones(200, bool)
    fitted, same = (with_variance_factor(p, r, used) for p, r in ((finer, scale * residuals), (points, residuals)))
    np.testing.assert_allclose(fitted.covariance_px2, scale**2 * same.covariance_px2, rtol=1e-9)
    np.testing.assert_allclose(precision_of(finer), precision_of(points) / scale**2, rtol=1e-9)


def test_points_of_unknown_covariance_weigh_as_the_median():
    covariance = np.array([4.0, 1.0, 0.25, np.nan, 0.0])[:, None, None] * np.eye(2)
    np.testing.assert_allclose(precision_of(points_with(covariance)), [0.25, 1.0, 4.0, 1.0, 1.0])


def test_without_any_covariance_all_points_weigh_the_same():
    np.testing.assert_array_equal(precision_of(points_with(np.zeros((3, 2, 2)))), np.ones(3))
    assert precision_of(points_with(np.zeros((0, 2, 2)))).shape == (0,)
