"""Tie points around the coarse transform, and their fit: once more by larger windows where few agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional, Union

import numpy as np

from .coarse import CoarseFit
from .config import FitConfig, RegistrationConfig
from .fine import FineResult, candidates_for, fine_tie_points
from .frame import Frame
from .geometry.heldout import ModelTrial
from .geometry.models import ALL_MODELS, AnyModel
from .geometry.selection import fit_tie_points
from .geometry.transforms import EstimationFailure, Transform
from .progress import Progress, SubProgress
from .raster.aoi import AreaOfInterest
from .result import TransformFit
from .stopwatch import stage
from .tile import AROUND_KEYPOINTS, IN_NOISE, Windows
from .types import TiePoints

_CREDIBLE_STRUCTURE = 5.0  # score under which a coarse transform is not worth the fine stage
_FEW_AGREE = 0.5  # share of the tie points under which larger windows are tried: they drown less in noise
_ENOUGH_AGREE = 0.25  # share from which what larger windows confirm is kept: smaller ones place it better
_SIMPLE: tuple[AnyModel, ...] = ("shift", "similarity", "affine")  # what can be told in noise
# What is compared, the transforms "auto" chooses from, and the share of the progress.
_ATTEMPTS: tuple[tuple[Windows, Sequence[AnyModel], tuple[float, float]], ...] = (
    (AROUND_KEYPOINTS, ALL_MODELS, (0.0, 0.7)),
    (IN_NOISE, _SIMPLE, (0.7, 1.0)),
)


@dataclass(frozen=True)
class Tied:
    """Tie points and their fit.

    Attributes:
        fine: what the fine stage found, or why it was not begun or found nothing.
        working: the tie points, working px.
        own: the same, px of the rasters themselves.
        fit: their fit, or why there is none.
        trials: how every model tried did.
    """

    fine: Union[FineResult, EstimationFailure]
    working: TiePoints
    own: TiePoints
    fit: Union[TransformFit, EstimationFailure]
    trials: tuple[ModelTrial, ...] = ()

    @property
    def agreement(self) -> float:
        """Share of the tie points that agree with the transform; 0 without one."""
        return float(self.fit.inliers.mean()) if isinstance(self.fit, TransformFit) else 0.0


def tie(
    frame: Frame,
    coarse: CoarseFit,
    aoi: AreaOfInterest,
    config: RegistrationConfig,
    progress: Progress,
) -> Tied:
    """Returns tie points measured around a credible coarse transform, and their fit.

    Where fewer than half of them agree, windows twice as large under a wider Gaussian are compared, too: what is common
    adds up over their pixels, noise does not (docs/adr/0015). The fit that more agree on counts, but not where the
    larger windows only confirm what a quarter of the smaller ones agreed on: those place it better.

    Args:
        frame: the pair.
        coarse: where to look.
        aoi: only keypoints inside are used.
        config: settings.
        progress: told of each pass.
    """
    transform = _credible(frame, coarse)
    if isinstance(transform, EstimationFailure):
        return _nothing(transform)
    best: Optional[Tied] = None
    for windows, models, share in _ATTEMPTS:
        part = SubProgress(progress, *share)
        candidates = candidates_for(aoi, config.fit.max_tie_points, windows)
        with stage("fine"):
            fine = fine_tie_points(frame, transform, coarse.factor, candidates, config.fit, SubProgress(part, 0.0, 0.9))
        with stage("fit"):
            part.report(0.9, "Fitting the transform")
            found = _fitted(frame, fine, config.fit, models)
        best = found if best is None else _better(best, found, in_reference_px(frame, config.fit))
        if best.agreement >= _FEW_AGREE:
            break
    if best is None:
        raise AssertionError("there is at least one attempt")
    return best


def _better(smaller: Tied, larger: Tied, fit: FitConfig) -> Tied:
    """Returns what more of the windows agree on; the smaller ones also where larger ones only confirm what they say."""
    if larger.agreement <= smaller.agreement:
        return smaller
    one, other = smaller.fit, larger.fit
    if isinstance(one, TransformFit) and isinstance(other, TransformFit) and smaller.agreement >= _ENOUGH_AGREE:
        sensed = smaller.own.sensed_xy[one.inliers]
        apart = one.transform(sensed) - other.transform(sensed)
        if np.median(np.linalg.norm(apart, axis=1)) < fit.threshold_px:
            return smaller
    return larger


def in_own_grids(frame: Frame, points: TiePoints) -> TiePoints:
    """Returns tie points of the working grids in the pixels of the rasters themselves."""
    return TiePoints(
        frame.reference.view.to_source(points.reference_xy),
        frame.sensed.view.to_source(points.sensed_xy),
        points.score,
        points.covariance_px2 * frame.working_px**2,
    )


def in_reference_px(frame: Frame, fit: FitConfig) -> FitConfig:
    """Returns settings for tie points in reference px: what is measured on coarser ones is good to those."""
    return replace(fit, threshold_px=fit.threshold_px * frame.coarser_px)


def _credible(frame: Frame, coarse: CoarseFit) -> Union[Transform, EstimationFailure]:
    """Returns the coarse transform, or why it is not worth the fine stage."""
    hint = ""
    if frame.max_offset_px is not None:
        searched = f"within {frame.max_offset_px / frame.finer:.0f} px of where the georeference says"
        hint = f" (searched {searched}, then farther, then everywhere)"
    if isinstance(coarse.transform, EstimationFailure):
        return EstimationFailure(coarse.transform.reason + hint)
    if coarse.structure < _CREDIBLE_STRUCTURE:
        inliers, matches = coarse.counts["coarse_inliers"], coarse.counts["matches"]
        return EstimationFailure(
            f"no transform was found under which the images agree: the best one has {inliers} of {matches} matches "
            f"and a structure score of {coarse.structure:.1f}; at least {_CREDIBLE_STRUCTURE:g} is needed{hint}"
        )
    return coarse.transform


def _fitted(frame: Frame, fine: FineResult, config: FitConfig, models: Sequence[AnyModel]) -> Tied:
    if not len(fine.points):
        return _nothing(
            EstimationFailure(f"none of {fine.candidates} keypoints could be found again in the sensed image")
        )
    own = in_own_grids(frame, fine.points)
    fit, trials = fit_tie_points(own, frame.prior, in_reference_px(frame, config), models, frame.coarser_px)
    return Tied(fine, fine.points, own, fit, trials)


def _nothing(failure: EstimationFailure) -> Tied:
    none = TiePoints.none()
    return Tied(failure, none, none, failure)
