"""Robust estimation: MAGSAC++ finds the consensus, iteratively reweighted least squares polishes it."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray
from .transforms import MIN_POINTS, EstimationFailure, Model, Transform, estimate

Consensus = Literal["affine", "projective"]
_POLISH_ROUNDS = 8


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
    model: Model, source: FloatArray, target: FloatArray, start: Transform, threshold_px: float
) -> tuple[Transform | EstimationFailure, NDArray[np.bool_]]:
    """Returns `model` fitted with Tukey's biweight from `start`, and the (N,) mask of residuals under the threshold.

    Points beyond the threshold get no weight (Holland and Welsch, "Robust regression using iteratively
    reweighted least-squares", 1977). Fewer inliers than the model needs: an EstimationFailure and no inliers.
    """
    transform: Transform | EstimationFailure = start
    inliers = np.zeros(len(source), np.bool_)
    for _ in range(_POLISH_ROUNDS):
        if not isinstance(transform, Transform):
            return transform, np.zeros(len(source), np.bool_)
        residual = np.linalg.norm(target - transform(source), axis=1)
        residual = np.where(np.isfinite(residual), residual, np.inf)
        found = residual < threshold_px
        weights = np.where(found, (1 - np.minimum(residual / threshold_px, 1) ** 2) ** 2, 0)
        if np.array_equal(found, inliers) and transform is not start:
            break
        inliers = found
        transform = estimate(model, source, target, weights)
    if not isinstance(transform, Transform):
        return transform, np.zeros(len(source), np.bool_)
    return transform, inliers
