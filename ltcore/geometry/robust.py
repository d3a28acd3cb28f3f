"""Robust estimation: MAGSAC++ finds the consensus, iteratively reweighted least squares polishes it."""

from __future__ import annotations

from typing import Literal, Optional

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray
from .transforms import MIN_POINTS, EstimationFailure, Model, Transform, estimate

Consensus = Literal["affine", "projective"]
_POLISH_ROUNDS = 8
_BIWEIGHT_MEDIANS = 4.0  # zero weight from so many median lengths on: 4.7 deviations, 95 % efficient on normal noise
_NARROWEST_BIWEIGHT = 0.15  # of the threshold: residuals are never all that small


def consensus(
    model: Consensus, source: FloatArray, target: FloatArray, threshold_px: float, seed: int
) -> Transform | EstimationFailure:
    """Returns the transform most of the points agree on, by MAGSAC++ with a fixed seed.

    Barath et al., "MAGSAC++, a fast, reliable and accurate robust estimator", CVPR 2020 (OpenCV's USAC).

    Args:
        model: family of the minimal samples.
        source: (N, 2) points.
        target: (N, 2) points, many of them wrong.
        threshold_px: largest residual of an inlier, in units of the target.
        seed: state of the random generator; the same seed gives the same answer.
    """
    needed = MIN_POINTS[model] + 1
    if len(source) < needed:
        return EstimationFailure(f"a robust {model} fit needs {needed} matches, got {len(source)}")
    settings = cv2.UsacParams()
    settings.threshold = threshold_px
    settings.randomGeneratorState = seed
    settings.confidence = 0.9999
    settings.maxIterations = 20_000
    settings.score = cv2.SCORE_METHOD_MAGSAC
    settings.loMethod = cv2.LOCAL_OPTIM_SIGMA
    settings.final_polisher = cv2.MAGSAC
    settings.sampler = cv2.SAMPLING_UNIFORM
    settings.isParallel = False
    find = cv2.estimateAffine2D if model == "affine" else cv2.findHomography
    try:
        matrix, _ = find(np.asarray(source), np.asarray(target), params=settings)
    except cv2.error as error:
        return EstimationFailure(f"the robust {model} fit broke down ({error.err})")
    if matrix is None or not np.isfinite(matrix).all():
        return EstimationFailure(f"no {model} transform agrees with enough of the {len(source)} matches")
    full = np.eye(3)
    full[: len(matrix)] = matrix  # an affine matrix lacks the last row
    if abs(full[2, 2]) < 1e-12 or abs(np.linalg.det(full / full[2, 2])) < 1e-6:
        return EstimationFailure(f"the {model} transform found is degenerate")
    return Transform(model, full)


def polish(
    model: Model,
    source: FloatArray,
    target: FloatArray,
    start: Transform,
    threshold_px: float,
    precision: Optional[FloatArray] = None,
) -> tuple[Transform | EstimationFailure, NDArray[np.bool_]]:
    """Returns `model` fitted with Tukey's biweight from `start`, and the (N,) mask of residuals under the threshold.

    Fewer inliers than the model needs: an EstimationFailure and no inliers. `precision` (N,): see robust_weights.
    """
    found, weights = _weights_under(start, source, target, threshold_px, precision)
    for _ in range(_POLISH_ROUNDS):
        inliers, transform = found, estimate(model, source, target, weights)
        if not isinstance(transform, Transform):
            return transform, np.zeros(len(source), np.bool_)
        found, weights = _weights_under(transform, source, target, threshold_px, precision)
        if np.array_equal(found, inliers):
            break
    return transform, inliers


def _weights_under(
    transform: Transform,
    source: FloatArray,
    target: FloatArray,
    threshold_px: float,
    precision: Optional[FloatArray],
) -> tuple[NDArray[np.bool_], FloatArray]:
    return robust_weights(np.linalg.norm(target - transform(source), axis=1), threshold_px, precision)


def robust_weights(
    length: FloatArray, threshold_px: float, precision: Optional[FloatArray]
) -> tuple[NDArray[np.bool_], FloatArray]:
    """Returns the (N,) mask of inliers, residuals under the threshold, and the (N,) weights for the next fit.

    Tukey's biweight (Holland and Welsch, "Robust regression using iteratively reweighted least-squares", 1977) whose
    width follows the inliers' residuals but never passes the threshold, times how sure a point is.

    Args:
        length: (N,) lengths of the residuals, px; nan is an outlier.
        threshold_px: residual from which a point is an outlier.
        precision: (N,) inverse variances up to a factor; None means equal ones.
    """
    found: NDArray[np.bool_] = length < threshold_px
    if not found.any():
        return found, np.zeros(len(length))
    scale = _BIWEIGHT_MEDIANS * float(np.median(length[found]))
    width = float(np.clip(scale, _NARROWEST_BIWEIGHT * threshold_px, threshold_px))
    near = np.where(found, np.minimum(length / width, 1), 1)
    weights: FloatArray = (1 - near**2) ** 2 * (1.0 if precision is None else precision)
    return found, weights
