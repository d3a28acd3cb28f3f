"""What the covariances of tie points mean: scaled by what a run itself shows of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .types import FloatArray, TiePoints

_MIN_POINTS = 20  # of fewer the factor itself would be off by a third and more
_LARGEST_FACTOR = 100.0  # and its inverse the smallest: beyond, the residuals speak of something else


def with_variance_factor(points: TiePoints, residuals_px: FloatArray, agreed: NDArray[np.bool_]) -> TiePoints:
    """Returns the tie points with covariances that agree with their residuals.

    How sharp its peak is says how sure one point is beside another; how sure all are differs by scene (noise, season,
    what grew) and shows in the residuals. All covariances are multiplied by the a-posteriori variance of unit weight
    (Mikhail and Ackermann, "Observations and Least Squares", 1976): half the mean squared Mahalanobis length of the
    residuals, which has two degrees of freedom. With under 20 residuals the covariances stay as they are.

    Args:
        points: K tie points.
        residuals_px: (K, 2) residuals in reference px, best of points left out of the fit; the nan and inf of those
            not measured are left aside.
        agreed: (K,) tie points the fit rests on.
    """
    used = agreed & np.isfinite(residuals_px).all(axis=1)
    if used.sum() < _MIN_POINTS:
        return points
    squared = mahalanobis_squared(residuals_px[used], points.covariance_px2[used])
    factor = float(np.clip(squared.mean() / 2, 1 / _LARGEST_FACTOR, _LARGEST_FACTOR))
    return TiePoints(points.reference_xy, points.sensed_xy, points.score, factor * points.covariance_px2)


def precision_of(points: TiePoints) -> FloatArray:
    """Returns the (K,) inverse variances of K tie points along an axis, reference px^-2, by which a fit weighs them.

    A covariance that is none (not finite, no positive trace), as points from elsewhere may have, weighs as the median.
    """
    variance = np.trace(points.covariance_px2, axis1=1, axis2=2) / 2
    known = np.isfinite(variance) & (variance > 0)
    usual = float(np.median(variance[known])) if known.any() else 1.0
    result: FloatArray = 1 / np.where(known, variance, usual)
    return result


def local_precision(precision: FloatArray) -> FloatArray:
    """Returns the (K,) inverse variances for a fit that follows local offsets.

    Bands of one product are apart by themselves, elsewhere by another amount: a plane averages that, a bend follows
    it, so that there it adds to the variance of every point: about as much as that of the median point on real pairs.
    """
    if not len(precision):
        return precision
    result: FloatArray = 1 / (1 / precision + np.median(1 / precision))
    return result


def mahalanobis_squared(residuals: FloatArray, covariance: FloatArray) -> FloatArray:
    """Returns the (K,) squared lengths of (K, 2) residuals measured in their (K, 2, 2) covariances."""
    normalised = np.linalg.solve(covariance, residuals[..., None])[..., 0]
    result: FloatArray = (normalised * residuals).sum(axis=1)
    return result
