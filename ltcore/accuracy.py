"""Numbers of a fit beyond its verdict: per axis, at other shares, of the bias, and how much ground the points span."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np
from shapely import MultiPoint, Polygon

from .raster.grid import GeoGrid
from .result import QualityReport, TransformFit
from .types import FloatArray

_SIDE_STEPS = 16  # points along a side of the sensed image's outline, which a transform may bend


def with_accuracy(
    report: QualityReport, fit: TransformFit, reference_xy: FloatArray, grids: tuple[GeoGrid, GeoGrid]
) -> QualityReport:
    """Returns the report with the numbers that no criterion rests on; as it was where there are no inliers.

    Args:
        report: verdict and main numbers.
        fit: what it judges.
        reference_xy: (K, 2) tie points, px of the reference.
        grids: of the reference and of the sensed raster.
    """
    residuals, heldout = fit.residuals_px[fit.inliers], fit.heldout_residuals_px[fit.inliers]
    if not len(residuals):
        return report
    lengths = np.hypot(residuals[:, 0], residuals[:, 1])
    measured = len(heldout) > 1 and bool(np.isfinite(heldout).all())
    error = heldout.std(axis=0, ddof=1) / np.sqrt(len(heldout)) if measured else np.full(2, np.nan)
    size = grids[0].pixel_size_map if grids[0].is_georeferenced else None
    rmse_x, rmse_y = np.sqrt((residuals**2).mean(axis=0))
    ce95 = float(np.percentile(lengths, 95))
    return replace(
        report,
        mae_px=float(lengths.mean()),
        ce95_px=ce95,
        rmse_axes_px=(float(rmse_x), float(rmse_y)),
        bias_error_px=(float(error[0]), float(error[1])) if np.isfinite(error).all() else None,
        heldout_rmse_map=_scaled(report.heldout_rmse_px, size),
        ce90_map=_scaled(report.ce90_px, size),
        ce95_map=_scaled(ce95, size),
        hull_coverage=_hull_coverage(fit, reference_xy[fit.inliers], grids),
    )


def _scaled(value: Optional[float], size: Optional[float]) -> Optional[float]:
    return None if value is None or size is None else value * size


def _hull_coverage(fit: TransformFit, inliers_xy: FloatArray, grids: tuple[GeoGrid, GeoGrid]) -> Optional[float]:
    """Returns the share of the overlap inside the convex hull of the inliers; None where there is no overlap."""
    reference, sensed = grids
    steps = np.arange(_SIDE_STEPS) / _SIDE_STEPS
    zero, one = np.zeros(_SIDE_STEPS), np.ones(_SIDE_STEPS)
    around = [(steps, zero), (one, steps), (1 - steps, one), (zero, 1 - steps)]
    outline = fit.transform(np.concatenate([np.column_stack(side) for side in around]) * [sensed.width, sensed.height])
    if not np.isfinite(outline).all():
        return None
    whole = Polygon([(0, 0), (reference.width, 0), (reference.width, reference.height), (0, reference.height)])
    overlap = Polygon(outline).buffer(0).intersection(whole)
    if not overlap.area:
        return None
    return float(MultiPoint(inliers_xy).convex_hull.intersection(overlap).area / overlap.area)
