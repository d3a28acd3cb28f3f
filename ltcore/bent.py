"""Tie points measured anew through a transform that bends: a window shows little of a bend that it shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Union

import numpy as np

from .config import FitConfig
from .evidence import structure_under
from .fine import measure_through
from .frame import Frame
from .geometry.models import PlaneMap, fit_model
from .geometry.selection import fit_tie_points
from .geometry.transforms import MODELS, EstimationFailure
from .progress import Progress, SubProgress
from .raster.aoi import AreaOfInterest
from .result import TransformFit
from .tile import Windows
from .types import TiePoints
from .uncertainty import local_precision, precision_of

# Windows under a bend are small, or they average it; their places lie on a lattice, because a spline has to know where
# it goes between keypoints, too. The search narrows as the bend is undone, which leaves less room for wrong peaks.
_DENSE_ROUNDS = (
    Windows(32, 8, 1.05, lattice_px=8),
    Windows(32, 4, 1.05, lattice_px=8),
    Windows(32, 4, 1.05, lattice_px=8),
    Windows(24, 3, 1.05, lattice_px=6),
)
_SPARSE_ROUNDS = (Windows(lattice_px=16), Windows(lattice_px=16))
_DENSE_PX = 20.0  # distance of the tie points from which small windows show no more of the bend than large ones
_LEAST_SHARE = 0.25  # of the first tie points that agree: in a narrow search even wrong ones are never far off
_LEAST_STRUCTURE = 0.95  # of the first transform's score, that of the last one


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

    A window of 64 px averages a bend of its size; what it misses is found once the bend is undone. The rounds count if
    the images' structure agrees about as well as before. A transform with a matrix has no bend: nothing is done.
    """
    if first.fit.transform.model in MODELS or first.fit.inliers.mean() < _LEAST_SHARE:
        return first
    begin = _through(first)
    rounds = _DENSE_ROUNDS if _spacing_px(frame, config) < _DENSE_PX else _SPARSE_ROUNDS
    last, through = first, begin
    for number, windows in enumerate(rounds):
        share = SubProgress(progress, number / len(rounds), (number + 1) / len(rounds))
        share.report(0.0, f"Measuring tie points through the bend, round {number + 1} of {len(rounds)}")
        if isinstance(through, EstimationFailure):
            return first
        working = measure_through(frame, through, aoi, config.max_tie_points, share, windows).points
        own = in_own_grids(working)
        fit, _ = fit_tie_points(own, frame.prior, replace(config, transform=first.fit.transform.model))
        if isinstance(fit, EstimationFailure):
            return first
        last = Measured(working, own, fit)
        through = _through(last)
    if isinstance(begin, EstimationFailure) or isinstance(through, EstimationFailure):
        return first
    agrees = structure_under(frame, through) >= _LEAST_STRUCTURE * structure_under(frame, begin)
    return last if agrees else first


def _through(measured: Measured) -> Union[PlaneMap, EstimationFailure]:
    """Returns the fit's transform between working px."""
    inliers, own = measured.working.take(measured.fit.inliers), measured.fit.transform
    weights = local_precision(precision_of(inliers))
    return fit_model(own.model, inliers.sensed_xy, inliers.reference_xy, weights, own)


def _spacing_px(frame: Frame, config: FitConfig) -> float:
    return float(np.sqrt(frame.overlap.width * frame.overlap.height / config.max_tie_points))
