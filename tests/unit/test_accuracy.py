import numpy as np
import pytest

from ltcore.accuracy import with_accuracy
from ltcore.config import VerdictConfig
from ltcore.coverage import Evidence
from ltcore.geometry.transforms import Transform
from ltcore.quality import assess
from ltcore.raster.grid import GeoGrid
from ltcore.result import TransformFit

REFERENCE = GeoGrid(400, 200, (500_000.0, 2.0, 0, 5_600_000.0, 0, -2.0), "LOCAL_CS")
SHIFT = [[1, 0, 100.0], [0, 1, 0], [0, 0, 1]]  # the sensed image's right quarter lies outside the reference


def judged(residuals, reference_xy, grids, heldout=None):
    """The report of a fit with these residuals; the last point is an outlier that must not count."""
    count = len(residuals)
    inliers = np.arange(count) < count - 1
    fit = TransformFit(Transform("shift", SHIFT), inliers, residuals, residuals if heldout is None else heldout)
    report = assess(fit, count, Evidence(0.9, 30.0), grids[0].pixel_size_map, VerdictConfig())
    return with_accuracy(report, fit, reference_xy, grids)


def points(count=401, seed=0):
    random = np.random.default_rng(seed)
    residuals = random.normal(0, 1, (count, 2)) * [0.1, 0.3] + [0.05, 0.0]
    residuals[-1] = 1000.0
    return residuals, random.uniform(0, 1, (count, 2)) * [300, 200] + [100, 0]


def test_numbers_of_known_residuals():
    residuals, xy = points()
    report = judged(residuals, xy, (REFERENCE, GeoGrid(400, 200)))
    lengths = np.linalg.norm(residuals[:-1], axis=1)
    assert report.mae_px == pytest.approx(lengths.mean())
    assert report.ce95_px == pytest.approx(np.percentile(lengths, 95))
    assert report.rmse_axes_px == pytest.approx((np.hypot(0.1, 0.05), 0.3), rel=0.1)
    assert np.hypot(*report.rmse_axes_px) == pytest.approx(report.rmse_px)
    assert report.bias_error_px == pytest.approx((0.1 / 20, 0.3 / 20), rel=0.1)
    assert (report.ce90_map, report.ce95_map) == pytest.approx((2 * report.ce90_px, 2 * report.ce95_px))
    assert report.heldout_rmse_map == pytest.approx(2 * report.heldout_rmse_px)


def test_the_bias_lies_within_its_standard_error_as_often_as_it_should():
    kept = []
    for seed in range(60):
        residuals, xy = points(101, seed)
        report = judged(residuals, xy, (REFERENCE, GeoGrid(400, 200)))
        kept.append(np.abs(np.array(report.bias_px) - [0.05, 0.0]) < report.bias_error_px)
    assert 0.58 < np.mean(kept) < 0.78  # one standard deviation: 68 %


def test_the_hull_is_measured_against_the_overlap_only():
    corners = np.array([[100.0, 0], [400, 0], [400, 200], [100, 200], [250, 100]])
    grids = REFERENCE, GeoGrid(400, 200)
    assert judged(np.full((5, 2), 0.1), corners, grids).hull_coverage == pytest.approx(1.0)
    half = corners * [0.5, 1] + [50, 0]
    assert judged(np.full((5, 2), 0.1), half, grids).hull_coverage == pytest.approx(0.5)
    line = np.column_stack([np.linspace(100, 400, 5), np.full(5, 50.0)])
    assert judged(np.full((5, 2), 0.1), line, grids).hull_coverage == 0.0


def test_without_georeference_there_are_no_map_units_and_without_blocks_no_bias():
    residuals, xy = points()
    report = judged(residuals, xy, (GeoGrid(400, 200), GeoGrid(400, 200)), np.full_like(residuals, np.inf))
    assert (report.ce90_map, report.ce95_map, report.heldout_rmse_map, report.bias_error_px) == (None,) * 4
