"""A real pair with a known offset, under noise."""

import json
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ltcore.config import FeatureConfig, FitConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.geometry.transforms import MODELS, Transform
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from tests.data.make_rasters import make_raster

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "georeferenced"


def registered(folder, spoilt):
    """Returns the result of the pair with its near-infrared band spoilt."""
    source = gdal.Open(str(SAMPLE / "nir.tif"))
    clean = source.ReadAsArray().astype(np.float32)
    noisy = spoilt(clean, np.random.default_rng(0))
    path = make_raster(folder / "nir.tif", noisy, geotransform=source.GetGeoTransform(), epsg=26917)
    config = RegistrationConfig(FeatureConfig(descriptor="rootsift"), fit=FitConfig(max_tie_points=1000))
    pair = RasterSource(SAMPLE / "visible.tif"), RasterSource(path)
    return register(RegistrationJob(*pair, Path("unused"), config=config), NullProgress())


def white(level):
    """Returns what adds noise of so much of the contrast."""

    def spoilt(image, random):
        low, high = np.percentile(image, [1, 99])
        return image + (level * (high - low) * random.normal(size=image.shape)).astype(np.float32)

    return spoilt


def speckle(image, random):
    return image * random.gamma(2, 1 / 2, image.shape).astype(np.float32)


def error_px(result):
    truth = Transform("similarity", json.loads((SAMPLE / "truth.json").read_text())["sensed_to_reference"])
    x, y = np.meshgrid(np.linspace(40, 520, 9), np.linspace(40, 430, 9))
    sensed = np.column_stack([x.ravel(), y.ravel()])
    return np.sqrt((np.linalg.norm(result.fit.transform(sensed) - truth(sensed), axis=1) ** 2).mean())


@pytest.mark.parametrize("spoilt", [white(0.8), speckle], ids=["white", "speckle"])
def test_noise_as_large_as_the_contrast_is_registered_and_called_good(tmp_path, spoilt):
    result = registered(tmp_path, spoilt)
    assert result.quality.verdict == "PASS"
    assert result.fit.transform.model in MODELS
    assert error_px(result) < 0.7


def test_the_stated_uncertainty_grows_with_the_noise_and_holds_for_the_truth(tmp_path):
    result = registered(tmp_path, white(0.6))
    assert error_px(result) < result.quality.ce90_px
    within = result.fit.heldout_px[result.fit.inliers] <= result.quality.ce90_px
    assert 0.85 <= within.mean() <= 0.95


def test_what_larger_windows_only_confirm_is_told_by_the_smaller_ones(tmp_path):
    result = registered(tmp_path, white(0.6))
    assert 0.25 <= result.fit.inliers.mean() < 0.5
    assert result.quality.verdict == "WARN"
    assert error_px(result) < 0.4
