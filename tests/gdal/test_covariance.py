"""Covariances of tie points mean what they say: against the known truth of a real pair."""

import json
from pathlib import Path

import numpy as np
import pytest

from ltcore.config import FeatureConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.geometry.transforms import apply_matrix
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.uncertainty import mahalanobis_squared

SAMPLE = Path(__file__).parents[2] / "samples" / "georeferenced"
CE90_OF_SIGMA = 2.146  # radius that holds 90 % of a circular normal distribution of deviation 1


@pytest.fixture(scope="module")
def measured():
    """Returns the errors of the tie points the fit rests on, px, and their covariances."""
    sources = RasterSource(SAMPLE / "visible.tif"), RasterSource(SAMPLE / "nir.tif")
    config = RegistrationConfig(FeatureConfig(descriptor="rootsift"))
    result = register(RegistrationJob(*sources, SAMPLE, config=config), NullProgress())
    truth = np.array(json.loads((SAMPLE / "truth.json").read_text())["sensed_to_reference"])
    points = result.tie_points.take(result.fit.inliers)
    error = points.reference_xy - apply_matrix(truth, points.sensed_xy)
    return error - np.median(error, axis=0), points.covariance_px2  # the bands were 0.1 px apart from the start


def test_errors_are_as_large_as_stated(measured):
    distance2 = mahalanobis_squared(*measured)
    assert 1.6 < distance2.mean() < 3.1  # 2 if all were perfect, 2.5 here; covariances wrong by 2 would be outside


def test_the_stated_circle_holds_nine_of_ten(measured):
    error, covariance = measured
    radius = CE90_OF_SIGMA * np.sqrt(np.trace(covariance, axis1=1, axis2=2) / 2)
    assert 0.8 < (np.hypot(*error.T) <= radius).mean() < 0.95


def test_points_stated_to_be_surer_are_nearer_to_the_truth(measured):
    error, covariance = measured
    by_spread = np.argsort(np.trace(covariance, axis1=1, axis2=2))
    quarters = [np.sqrt((error[part] ** 2).mean()) for part in np.array_split(by_spread, 4)]
    assert quarters[0] < 0.7 * quarters[-1]
