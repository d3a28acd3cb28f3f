"""Fit of the final transform: consensus, choice of the model by held-out error, residuals of left-out blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Union, cast

import numpy as np
from numpy.typing import NDArray

from ..config import FitConfig
from ..result import TransformFit
from ..types import FloatArray, TiePoints
from ..uncertainty import local_precision, precision_of
from .flexible import FlexibleModel
from .flexible_fit import agreeing_with_neighbours, fit_robustly
from .heldout import ModelTrial, heldout_residuals
from .models import ALL_MODELS, FEWEST_POINTS, AnyModel, PlaneMap
from .robust import consensus, polish
from .transforms import MIN_POINTS, MODELS, EstimationFailure, Model, Transform, apply_matrix, estimate

_PLANE_GAIN = 0.6  # a richer plane model must bring the median held-out error under this share of a simpler one's ...
_PLANE_GAIN_PX = 0.02  # ... and farther below by this much: what no one can use is no reason for more parameters
_BEND_GAIN = 0.7  # a model that bends must bring it under this share of that of every plane one ...
_BEND_GAIN_PX = 0.3  # ... and this much lower: bands of one product are locally up to 0.2 px apart by themselves
_BENT_ALIKE, _BENT_ALIKE_PX = 0.95, 0.01  # the same among models that bend
_POINTS_A_PARAMETER = 2
_LEAST_BENT_SHARE = 2 / 3  # of the tie points that agree on a bend: one that fewer speak for follows noise


@dataclass(frozen=True)
class _Candidate:
    trial: ModelTrial
    transform: Union[PlaneMap, EstimationFailure]
    inliers: NDArray[np.bool_]


@dataclass(frozen=True)
class _Matched:
    """Tie points as the models see them: source after the prior, target, inverse variances, and what the first
    transform says of them."""

    source: FloatArray
    target: FloatArray
    precision: FloatArray
    agreed: Transform
    inliers: NDArray[np.bool_]
    consistent: NDArray[np.bool_]

    def precision_for(self, model: AnyModel) -> FloatArray:
        """Returns the (N,) inverse variances by which a model weighs the points."""
        return self.precision if model in MODELS else local_precision(self.precision)


def fit_tie_points(
    points: TiePoints,
    prior: FloatArray,
    config: FitConfig,
    models: Sequence[AnyModel] = ALL_MODELS,
    unit_px: float = 1.0,
) -> tuple[Union[TransformFit, EstimationFailure], tuple[ModelTrial, ...]]:
    """Returns the transform the tie points agree on, and how every model tried did.

    The model describes what is left after `prior`, so that a shift of two georeferenced rasters is a shift whatever
    their pixel sizes.

    Args:
        points: K tie points, own grids.
        prior: 3x3 matrix sensed px -> reference px (identity without georeference).
        config: model or "auto", threshold in reference px, seed.
        models: those "auto" chooses from, the simplest first. One that bends must have two thirds of the tie points;
            where a plane one leaves so little over that it would be chosen anyway, none that bends is tried.
        unit_px: size of a px of the coarser raster in px of the reference: what is measured is good to shares of it.
    """
    source = apply_matrix(prior, points.sensed_xy)
    wanted: Sequence[AnyModel] = models if config.transform == "auto" else (config.transform,)
    agreed = _consensus(wanted[-1], source, points.reference_xy, config)
    if isinstance(agreed, EstimationFailure):
        return agreed, ()
    matched = _matched(source, points, agreed, config.threshold_px)
    failure = EstimationFailure(f"only {matched.inliers.sum()} of {len(points)} tie points agree on a transform")
    candidates: dict[AnyModel, _Candidate] = {}
    for model in wanted:
        if model not in MODELS and _is_plane(candidates, unit_px):
            break
        found = _candidate(model, matched, config.threshold_px)
        if isinstance(found, _Candidate):
            if len(wanted) == 1 or model in MODELS or found.trial.inliers >= _LEAST_BENT_SHARE * len(points):
                candidates[model] = found
        elif len(wanted) == 1:
            failure = found
    if not candidates:
        return failure, ()
    trials = tuple(candidate.trial for candidate in candidates.values())
    chosen = candidates[choose_model(trials, unit_px)]
    if isinstance(chosen.transform, EstimationFailure):
        return chosen.transform, trials
    heldout = np.full((len(points), 2), np.nan)
    inliers, model = chosen.inliers, chosen.trial.model
    precision = matched.precision_for(model)[inliers]
    heldout[inliers] = heldout_residuals(
        model, source[inliers], points.reference_xy[inliers], precision, chosen.transform
    )
    full = chosen.transform.between(prior, np.eye(3))
    return TransformFit(full, inliers, points.reference_xy - full(points.sensed_xy), heldout), trials


def _is_plane(candidates: dict[AnyModel, _Candidate], unit_px: float) -> bool:
    """Returns whether a plane model is so good already that none that bends could be chosen."""
    plane = [candidate.trial.median_px for model, candidate in candidates.items() if model in MODELS]
    return bool(plane) and min(plane) < _BEND_GAIN_PX * unit_px


def choose_model(trials: Sequence[ModelTrial], unit_px: float = 1.0) -> AnyModel:
    """Returns the simplest model that does about as well as richer ones on points left out; trials are not empty.

    A richer plane model must bring the median held-out error under 60 % of that of a simpler one, and 0.02 px farther.
    A model that bends must bring it under 70 % of that of the best plane one, and 0.3 px lower. These px are as large
    as `unit_px` px of the reference. Standard errors do not decide: what a simple transform leaves over is noise,
    relief, shadows and bands of one product that are apart by themselves, which richer models follow on left-out
    points, too (docs/adr/0012).
    """
    plane = [trial for trial in trials if trial.model in MODELS]
    bent = [trial for trial in trials if trial.model not in MODELS]
    if not plane:
        return _simplest(bent, _BENT_ALIKE, _BENT_ALIKE_PX * unit_px).model
    simple = _simplest(plane, _PLANE_GAIN, _PLANE_GAIN_PX * unit_px)
    if not bent:
        return simple.model
    better = _simplest(bent, _BENT_ALIKE, _BENT_ALIKE_PX * unit_px)
    best = min(trial.median_px for trial in plane)
    wins = better.median_px <= min(_BEND_GAIN * best, best - _BEND_GAIN_PX * unit_px)
    return better.model if wins else simple.model


def _simplest(trials: Sequence[ModelTrial], gain: float, gain_px: float) -> ModelTrial:
    limit = min(trial.median_px for trial in trials) / gain + gain_px
    return next(trial for trial in trials if trial.median_px <= limit)


def _matched(source: FloatArray, points: TiePoints, agreed: Transform, threshold_px: float) -> _Matched:
    target, precision = points.reference_xy, precision_of(points)
    _, inliers = polish(agreed.model, source, target, agreed, threshold_px, precision)
    consistent = agreeing_with_neighbours(source, target - agreed(source), threshold_px)
    return _Matched(source, target, precision, agreed, inliers, consistent if consistent.any() else inliers)


def _candidate(model: AnyModel, matched: _Matched, threshold_px: float) -> Union[_Candidate, EstimationFailure]:
    """Returns the model fitted robustly and its trial, or why there is no trial."""
    source, target = matched.source, matched.target
    bent = model not in MODELS
    fitted, inliers = _bent(model, matched, threshold_px) if bent else _plane(model, matched, threshold_px)
    if bent and isinstance(fitted, EstimationFailure):
        return fitted
    used = inliers if bent else matched.inliers
    if used.sum() < _POINTS_A_PARAMETER * FEWEST_POINTS[model]:
        return EstimationFailure(f"only {used.sum()} of {len(source)} tie points agree on one {model} transform")
    like = None if isinstance(fitted, EstimationFailure) else fitted
    residuals = heldout_residuals(model, source, target, used * matched.precision_for(model), like)
    lengths = np.hypot(residuals[:, 0], residuals[:, 1])
    rmse = float(np.sqrt(np.mean(lengths[used] ** 2)))
    return _Candidate(
        ModelTrial(model, int(used.sum()), rmse, float(np.median(lengths[matched.consistent]))), fitted, inliers
    )


def _plane(
    model: AnyModel, matched: _Matched, threshold_px: float
) -> tuple[Union[Transform, EstimationFailure], NDArray[np.bool_]]:
    used = matched.inliers
    first = estimate(cast(Model, model), matched.source[used], matched.target[used], matched.precision[used])
    start = first if isinstance(first, Transform) else matched.agreed
    return polish(cast(Model, model), matched.source, matched.target, start, threshold_px, matched.precision)


def _bent(
    model: AnyModel, matched: _Matched, threshold_px: float
) -> tuple[Union[PlaneMap, EstimationFailure], NDArray[np.bool_]]:
    kind, precision = cast(FlexibleModel, model), matched.precision_for(model)
    return fit_robustly(kind, matched.source, matched.target, matched.agreed, threshold_px, precision)


def _consensus(
    most_general: AnyModel, source: FloatArray, target: FloatArray, config: FitConfig
) -> Union[Transform, EstimationFailure]:
    general = most_general == "projective" or most_general not in MODELS
    projective = general and len(source) >= 2 * MIN_POINTS["projective"]
    return consensus("projective" if projective else "affine", source, target, config.threshold_px, config.seed)
