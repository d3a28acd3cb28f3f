"""Tie points measured anew through a transform that bends: a window shows little of a bend that it shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

import numpy as np

from .config import FitConfig
from .fine import measure_through
from .frame import Frame
from .geometry.models import fit_model
from .geometry.selection import fit_tie_points
from .geometry.transforms import MODELS, EstimationFailure
from .progress import Progress, SubProgress
from .raster.aoi import AreaOfInterest
from .result import TransformFit
from .types import TiePoints
from .uncertainty import precision_of

_ROUNDS = 2
_LEAST_KEPT = 0.8  # share of the inliers that a new measurement must find again


@dataclass(frozen=True)
class Measured:
    """Tie points in working px, the same in px of the rasters themselves, and the fit to those."""

    working: TiePoints
    own: TiePoints
    fit: TransformFit


def measured_again(
    frame: Frame,
    first: Measured,
    in_own_grids: Callable[[TiePoints], TiePoints],
    aoi: AreaOfInterest,
    config: FitConfig,
    progress: Progress,
) -> Measured:
    """Returns tie points and fit after the bend was undone and the rest measured, or `first` if that was better.

    A window of 64 px averages a bend of its size; what it misses is found once the bend is undone. A round counts
    where the held-out error falls and the inliers stay. A transform with a matrix has no bend: nothing is done.
    """
    best = first
    for number in range(_ROUNDS if first.fit.transform.model not in MODELS else 0):
        share = SubProgress(progress, number / _ROUNDS, (number + 1) / _ROUNDS)
        share.report(0.0, f"Measuring tie points through the bend, round {number + 1} of {_ROUNDS}")
        model, inliers = best.fit.transform.model, best.working.take(best.fit.inliers)
        through = fit_model(model, inliers.sensed_xy, inliers.reference_xy, precision_of(inliers), best.fit.transform)
        if isinstance(through, EstimationFailure):
            break
        working = measure_through(frame, through, aoi, config.max_tie_points, share).points
        own = in_own_grids(working)
        fit, _ = fit_tie_points(own, frame.prior, replace(config, transform=model))
        if isinstance(fit, EstimationFailure) or not _is_better(fit, best.fit):
            break
        best = Measured(working, own, fit)
    return best


def _is_better(new: TransformFit, old: TransformFit) -> bool:
    errors = [float(np.mean(fit.heldout_px[fit.inliers] ** 2)) for fit in (new, old)]
    return errors[0] < errors[1] and new.inliers.sum() >= _LEAST_KEPT * old.inliers.sum()
