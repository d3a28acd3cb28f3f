"""Held-out error: the image is cut into blocks, and each block is predicted by a fit to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np

from ..types import FloatArray
from .blocks import block_folds
from .models import AnyModel, PlaneMap, fit_model, smoothing_of
from .thin_plate import heldout_thin_plate
from .transforms import EstimationFailure


@dataclass(frozen=True)
class ModelTrial:
    """How a model did on tie points that were left out of its fit.

    Attributes:
        model: its name.
        inliers: tie points it agrees with.
        rmse_px: root mean square of its inliers' held-out residuals, reference px; inf where a block could not be
            predicted.
        median_px: median length of the held-out residuals of all points that agree with their neighbours: the same
            points for every model, whatever it calls an outlier.
    """

    model: AnyModel
    inliers: int
    rmse_px: float
    median_px: float


def heldout_residuals(
    model: AnyModel,
    source: FloatArray,
    target: FloatArray,
    weights: Optional[FloatArray] = None,
    like: Optional[PlaneMap] = None,
) -> FloatArray:
    """Returns the (N, 2) residuals, target - fitted, of points whose spatial block was left out of a least-squares fit.

    The blocks and folds are those of ltcore.geometry.blocks. A fold whose rest cannot be fitted gives inf.

    Args:
        model: what is fitted.
        source: (N, 2) points; N may be 0.
        target: (N, 2) points.
        weights: (N,) weights of the points in the fits, 0 for those that fits may not rest on; None means equal ones.
        like: a fit to all of them, whose smoothing a spline keeps.
    """
    if model == "tps":
        return heldout_thin_plate(source, target, weights, smoothing_of(like))
    folds = block_folds(target)
    residuals = np.zeros((len(source), 2))
    for fold in np.unique(folds):
        out = folds == fold
        rest = ~out
        fitted = fit_model(model, source[rest], target[rest], None if weights is None else weights[rest])
        if isinstance(fitted, EstimationFailure):
            residuals[out] = np.inf
        else:
            residuals[out] = target[out] - fitted(source[out])
    return residuals
