"""Fit of the final transform: consensus, choice of the model by held-out error, residuals of left-out blocks."""

from __future__ import annotations

from typing import Union

import numpy as np
from numpy.typing import NDArray

from ..config import FitConfig
from ..result import TransformFit
from ..types import FloatArray, TiePoints
from .robust import consensus, polish
from .transforms import MIN_POINTS, MODELS, EstimationFailure, Model, Transform, estimate

_FOLDS = 5
_CELLS = 10  # the image is cut into 10 x 10 blocks for the folds
_PARSIMONY = 1.05  # a simpler model may be this factor worse in held-out error ...
_PARSIMONY_PX = 0.01  # ... and this much
_POINTS_A_PARAMETER = 2


def fit_tie_points(
    points: TiePoints, prior: FloatArray, config: FitConfig
) -> tuple[Union[TransformFit, EstimationFailure], dict[str, float]]:
    """Returns the transform the tie points agree on, and the held-out RMSE of every model tried.

    The model describes what is left after `prior`, so that a shift of two georeferenced rasters is a shift whatever
    their pixel sizes. With `auto` the simplest model wins whose held-out error is within 5 % + 0.01 px of the best.

    Args:
        points: K tie points, own grids.
        prior: 3x3 matrix sensed px -> reference px (identity without georeference).
        config: model or "auto", threshold in reference px, seed.
    """
    source = Transform("projective", prior)(points.sensed_xy)
    target = points.reference_xy
    wanted: tuple[Model, ...] = MODELS if config.transform == "auto" else (config.transform,)
    agreed = _consensus(wanted[-1], source, target, config)
    if isinstance(agreed, EstimationFailure):
        return agreed, {}
    _, inliers = polish(agreed.model, source, target, agreed, config.threshold_px)
    errors: dict[str, float] = {}
    for model in wanted:
        if inliers.sum() >= _POINTS_A_PARAMETER * MIN_POINTS[model]:
            heldout = heldout_residuals(model, source[inliers], target[inliers])
            errors[model] = float(np.sqrt(np.mean((heldout**2).sum(axis=1))))
    if not errors:
        return EstimationFailure(f"only {inliers.sum()} of {len(points)} tie points agree on a transform"), {}
    model = choose_model(errors)
    final, inliers = polish(model, source, target, _start(model, source, target, inliers, agreed), config.threshold_px)
    if isinstance(final, EstimationFailure):
        return final, errors
    heldout = np.full((len(points), 2), np.nan)
    heldout[inliers] = heldout_residuals(model, source[inliers], target[inliers])
    full = Transform(model, final.matrix @ prior)
    residuals = target - full(points.sensed_xy)
    return TransformFit(full, inliers, residuals, heldout), errors


def choose_model(errors: dict[str, float]) -> Model:
    """Returns the simplest model whose held-out error is within 5 % + 0.01 px of the smallest."""
    limit = min(errors.values()) * _PARSIMONY + _PARSIMONY_PX
    return next(model for model in MODELS if errors.get(model, np.inf) <= limit)


def heldout_residuals(model: Model, source: FloatArray, target: FloatArray) -> FloatArray:
    """Returns the (N, 2) residuals, target - fitted, of points whose spatial block was left out of a least-squares fit.

    The extent is cut into 10 x 10 blocks, dealt to 5 folds so that no two neighbours share one (Roberts et al.,
    "Cross-validation strategies for data with ... spatial ... structure", Ecography 2017). A fold whose rest
    cannot be fitted gives inf.
    """
    folds = _folds(target)
    residuals = np.zeros((len(source), 2))
    for fold in np.unique(folds):
        out = folds == fold
        fitted = estimate(model, source[~out], target[~out])
        if isinstance(fitted, EstimationFailure):
            residuals[out] = np.inf
        else:
            residuals[out] = target[out] - fitted(source[out])
    return residuals


def _folds(xy: FloatArray) -> NDArray[np.intp]:
    if len(xy) == 0:
        return np.zeros(0, np.intp)
    low, extent = xy.min(axis=0), np.maximum(np.ptp(xy, axis=0), 1e-9)
    cell = np.minimum((xy - low) / extent * _CELLS, _CELLS - 1).astype(np.intp)
    folds: NDArray[np.intp] = (cell[:, 0] + 2 * cell[:, 1]) % _FOLDS
    return folds


def _consensus(
    most_general: Model, source: FloatArray, target: FloatArray, config: FitConfig
) -> Union[Transform, EstimationFailure]:
    projective = most_general == "projective" and len(source) >= 2 * MIN_POINTS["projective"]
    return consensus("projective" if projective else "affine", source, target, config.threshold_px, config.seed)


def _start(
    model: Model, source: FloatArray, target: FloatArray, inliers: NDArray[np.bool_], agreed: Transform
) -> Transform:
    first = estimate(model, source[inliers], target[inliers])
    return first if isinstance(first, Transform) else agreed
