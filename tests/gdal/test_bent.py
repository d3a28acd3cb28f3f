"""Pairs that no matrix aligns, and pairs that nothing aligns, seen through transforms that bend."""

from pathlib import Path

import numpy as np
import pytest

from ltcore.config import (
    FeatureConfig,
    FitConfig,
    RasterSource,
    RegistrationConfig,
    RegistrationJob,
    VerdictConfig,
)
from ltcore.evidence import gather_evidence
from ltcore.fine import measure_through
from ltcore.frame import build_frame
from ltcore.geometry.models import fit_model
from ltcore.geometry.selection import fit_tie_points
from ltcore.geometry.transforms import EstimationFailure, Transform
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.quality import assess
from ltcore.raster.aoi import AreaOfInterest
from ltcore.raster.read import open_raster
from ltcore.tile import Windows
from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, texture_at, to_bytes

SIZE = (420, 400)


def picture(path, seed=0, swell_px=0.0):
    """A texture, seen through a swell whose period is about half the image."""
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    at = moved(np.column_stack([x.ravel(), y.ravel()]), swell_px).reshape(*x.shape, 2)
    return make_raster(path, to_bytes(texture_at(at[:, :, 0], at[:, :, 1], seed)), geotransform=NORTH_UP, epsg=UTM_33N)


def moved(xy, swell_px):
    x, y = (2 * np.pi * xy / 210).T
    return xy + swell_px * np.column_stack([np.sin(x + 1) * np.cos(y), np.cos(y + 0.3) * np.sin(x)])


def test_a_swell_is_found_followed_and_measured_again(tmp_path):
    pair = RasterSource(picture(tmp_path / "a.tif")), RasterSource(picture(tmp_path / "b.tif", swell_px=2.5))
    config = RegistrationConfig(
        FeatureConfig(descriptor="rootsift", max_keypoints=800), fit=FitConfig(max_tie_points=800)
    )
    result = register(RegistrationJob(*pair, Path("unused"), config=config), NullProgress())
    assert result.fit.transform.model == "tps"
    assert result.quality.verdict == "PASS"
    x, y = np.meshgrid(np.linspace(0.1, 0.9, 15) * SIZE[0], np.linspace(0.1, 0.9, 15) * SIZE[1])
    sensed = np.column_stack([x.ravel(), y.ravel()])
    error = np.linalg.norm(result.fit.transform(sensed) - moved(sensed, 2.5), axis=1)
    assert np.sqrt((error**2).mean()) < 0.35


@pytest.mark.parametrize(("at_most", "distance"), [(2000, 16.0), (150, 27.0)])
def test_places_on_a_lattice_are_even_and_no_more_than_asked_for(tmp_path, at_most, distance):
    sources = RasterSource(picture(tmp_path / "a.tif")), RasterSource(picture(tmp_path / "b.tif"))
    frame = build_frame(open_raster(sources[0]), open_raster(sources[1]), *sources, "20")
    windows = Windows(32, 6, 1.05, lattice_px=16)
    aoi, same = AreaOfInterest(), Transform("shift", np.eye(3))
    found = measure_through(frame, same, aoi, at_most, NullProgress(), windows).points
    steps = np.diff(np.unique(found.reference_xy[:, 0]))
    assert steps.min() > distance - 1.5
    assert 0.6 * at_most < len(found) <= at_most or len(found) > 0.9 * SIZE[0] * SIZE[1] / 16**2 / 1.3
    assert np.median(np.abs(found.reference_xy - found.sensed_xy)) < 0.05


@pytest.mark.parametrize("windows", [Windows(), Windows(24, 3, 1.05, lattice_px=8)], ids=["keypoints", "lattice"])
@pytest.mark.parametrize("model", ["poly2", "poly3", "tps"])
def test_tie_points_of_a_pair_that_does_not_match_never_pass(tmp_path, model, windows):
    """All earlier guards left out: the windows of two unrelated pictures are measured, fitted and judged."""
    sources = RasterSource(picture(tmp_path / "a.tif", seed=1)), RasterSource(picture(tmp_path / "b.tif", seed=2))
    frame = build_frame(open_raster(sources[0]), open_raster(sources[1]), *sources, "20")
    aoi, same = AreaOfInterest(), Transform("shift", np.eye(3))
    found = measure_through(frame, same, aoi, 600, NullProgress(), windows).points
    fit, _ = fit_tie_points(found, np.eye(3), FitConfig(transform=model))
    if isinstance(fit, EstimationFailure):
        return
    inliers = found.take(fit.inliers)
    through = fit_model(model, inliers.sensed_xy, inliers.reference_xy)
    assert not isinstance(through, EstimationFailure)
    evidence = gather_evidence(frame, through, inliers.reference_xy)
    report = assess(fit, len(found), evidence, None, VerdictConfig())
    assert report.verdict == "FAIL"
    assert fit.inliers.mean() < 0.25 or evidence.structure < 8
