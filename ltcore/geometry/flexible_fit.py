"""Robust fit of transforms that bend: tie points that agree with their neighbours, then reweighted least squares."""

from __future__ import annotations

from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..types import FloatArray
from .flexible import FlexibleModel
from .models import PlaneMap, fit_model
from .robust import robust_weights
from .transforms import EstimationFailure

_NEIGHBOURS = 12
_ROUNDS = 8


def agreeing_with_neighbours(source: FloatArray, offsets: FloatArray, threshold_px: float) -> NDArray[np.bool_]:
    """Returns the (N,) mask of points whose offset lies near the median of the 12 nearest other points' offsets.

    One transform of the plane cannot tell the outliers of a field that it cannot follow; neighbours can. Fewer than
    13 points: none.

    Args:
        source: (N, 2) places.
        offsets: (N, 2) what a first transform leaves over there, px; not finite: an outlier.
        threshold_px: farthest from the median, px.
    """
    usable = np.isfinite(offsets).all(axis=1)
    agreed = np.zeros(len(source), np.bool_)
    if usable.sum() <= _NEIGHBOURS:
        return agreed
    _, nearest = cKDTree(source[usable]).query(source[usable], _NEIGHBOURS + 1)
    median = np.median(offsets[usable][np.asarray(nearest)[:, 1:]], axis=1)
    agreed[usable] = np.linalg.norm(offsets[usable] - median, axis=1) < threshold_px
    return agreed


def fit_robustly(
    model: FlexibleModel,
    source: FloatArray,
    target: FloatArray,
    start: PlaneMap,
    threshold_px: float,
    precision: Optional[FloatArray] = None,
) -> tuple[Union[PlaneMap, EstimationFailure], NDArray[np.bool_]]:
    """Returns `model` fitted with Tukey's biweight to (N, 2) points, and the (N,) mask of residuals below the limit.

    The points that agree with their neighbours about `start` begin; a point may come back later. A failure comes
    with no inliers. `precision` (N,): see robust_weights.
    """
    found = agreeing_with_neighbours(source, target - start(source), threshold_px)
    weights = found * (1.0 if precision is None else precision)
    like: Optional[PlaneMap] = None
    for _ in range(_ROUNDS):
        inliers = found
        if not inliers.any():
            return EstimationFailure(f"no tie points agree on a {model} transform"), inliers
        transform = fit_model(model, source, target, weights, like)
        if isinstance(transform, EstimationFailure):
            return transform, np.zeros(len(source), np.bool_)
        like = transform
        residual = np.linalg.norm(target - transform(source), axis=1)
        found, weights = robust_weights(residual, threshold_px, precision)
        if np.array_equal(found, inliers):
            break
    return transform, found
