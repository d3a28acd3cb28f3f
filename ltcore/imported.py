"""A registration by tie points that another program measured: fitted anew, and judged by the images as any other."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as pydantic_dataclass

from .accuracy import with_accuracy
from .config import FitConfig, RasterSource, RegistrationJob
from .features.keypoints import evenly_spread
from .frame import Frame
from .geometry.heldout import ModelTrial
from .geometry.selection import fit_tie_points
from .geometry.transforms import EstimationFailure
from .pair import in_working_grids, open_pair
from .pipeline import input_hashes, judge, weighed
from .progress import Progress, checkpoint
from .raster.foreign_points import ForeignPoints, read_foreign_points
from .raster.read import grid_of, open_raster
from .record import file_sha256
from .result import RegistrationResult, TransformFit
from .summary import plain
from .tied import in_reference_px
from .types import TiePoints
from .versions import versions

Fit = Union[TransformFit, EstimationFailure]


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RefitJob:
    """A pair and the file of its tie points.

    Attributes:
        job: the pair and its settings; those of matching are left aside.
        tie_points: one of the kinds of ltcore.raster.foreign_points.
    """

    job: RegistrationJob
    tie_points: Path


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ImportJob:
    """Two rasters and a file of tie points to be read.

    Attributes:
        reference: the raster that stays where it is.
        sensed: the raster to align.
        tie_points: one of the kinds of ltcore.raster.foreign_points.
    """

    reference: Path
    sensed: Path
    tie_points: Path


def register_imported(refit: RefitJob, progress: Progress) -> RegistrationResult:
    """Returns the registration of a pair by tie points from a file; writes nothing.

    Points that the file marks as bad count as tie points that do not agree. Of more points than `fit.max_tie_points`
    those are taken that cover the reference evenly.

    Raises:
        InputError: the rasters or the tie points cannot be used.
        CancelledError: progress says so.
    """
    start, job = time.perf_counter(), refit.job
    progress.report(0.0, "Reading the tie points")
    pair = open_pair(job)
    grids = pair.grids
    found = read_foreign_points(refit.tie_points, *grids)
    kept = evenly_spread(
        found.points.reference_xy,
        found.points.score + found.enabled,  # good ones first
        (grids[0].width, grids[0].height),
        job.config.fit.max_tie_points,
    )
    points, enabled = found.points.take(np.sort(kept)), found.enabled[np.sort(kept)]
    checkpoint(progress)
    progress.report(0.2, "Fitting the transform")
    fit, trials = fit_enabled(points, enabled, pair.frame(), job.config.fit)
    checkpoint(progress)
    progress.report(0.6, "Comparing the images")
    frame, limits = pair.frame(), job.config.verdict
    if isinstance(fit, TransformFit):
        frame, limits = pair.frame_under(fit.transform, points.sensed_xy[fit.inliers])
    quality = judge(frame, fit, in_working_grids(frame, points), grids[0], limits)
    quality = replace(quality, reasons=(*quality.reasons, _origin(refit, found, len(points))))
    return RegistrationResult(
        job=job,
        reference_grid=grids[0],
        sensed_grid=grids[1],
        tie_points=weighed(points, fit),
        fit=fit,
        quality=with_accuracy(quality, fit, points.reference_xy, grids) if isinstance(fit, TransformFit) else quality,
        device="cpu",
        backend="numpy",
        counts={"imported": len(found.points), "marked_as_bad": int((~found.enabled).sum()), "tie_points": len(points)},
        seconds={"import": time.perf_counter() - start},
        provenance={
            "versions": versions(),
            "imported": {"name": refit.tie_points.name, "sha256": file_sha256(refit.tie_points)},
            "models": [asdict(trial) for trial in trials],
            "inputs": input_hashes(job),
        },
    )


def fit_enabled(
    points: TiePoints, enabled: NDArray[np.bool_], frame: Frame, config: FitConfig
) -> tuple[Fit, tuple[ModelTrial, ...]]:
    """Returns the fit to the enabled points, said of all, and how every model tried did."""
    placed = in_working_grids(frame, points)
    used = enabled & np.isfinite(np.hstack([placed.reference_xy, placed.sensed_xy])).all(axis=1)
    config = in_reference_px(frame, config)
    fit, trials = fit_tie_points(points.take(used), frame.prior, config, unit_px=frame.coarser_px)
    if isinstance(fit, EstimationFailure):
        return fit, trials
    inliers, heldout = np.zeros(len(points), np.bool_), np.full((len(points), 2), np.nan)
    inliers[used], heldout[used] = fit.inliers, fit.heldout_residuals_px
    residuals = points.reference_xy - fit.transform(points.sensed_xy)
    return TransformFit(fit.transform, inliers, residuals, heldout), trials


def _origin(refit: RefitJob, found: ForeignPoints, used: int) -> str:
    bad = int((~found.enabled).sum())
    marked = f", {bad} of them marked as bad" if bad else ""
    thinned = f"; {used} that cover the reference evenly were used" if used < len(found.points) else ""
    return f"{len(found.points)} tie points were imported from '{refit.tie_points.name}'{marked}{thinned}."


def imported_points(job: ImportJob) -> dict[str, Any]:
    """Returns the tie points of a file as lists by name: sensed_xy, reference_xy (pixel-edge px), score,
    covariance_px2 and enabled.

    Raises:
        InputError: the rasters or the tie points cannot be used.
    """
    grids = [grid_of(open_raster(RasterSource(path))) for path in (job.reference, job.sensed)]
    found = read_foreign_points(job.tie_points, grids[0], grids[1])
    values: dict[str, Any] = plain(
        {
            "sensed_xy": found.points.sensed_xy,
            "reference_xy": found.points.reference_xy,
            "score": found.points.score,
            "covariance_px2": found.points.covariance_px2,
            "enabled": found.enabled,
        }
    )
    return values
