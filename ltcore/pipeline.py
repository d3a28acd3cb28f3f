"""register(): the stages in order and nothing else."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Any, Callable, Optional, Union

import numpy as np

from .accuracy import with_accuracy
from .bent import Measured, measured_again
from .config import FeatureConfig, RegistrationJob, VerdictConfig
from .evidence import gather_evidence
from .fine import FineResult
from .frame import Frame, Search, build_frame
from .gaps import find_gaps
from .geometry.heldout import ModelTrial
from .geometry.models import fit_model
from .geometry.transforms import EstimationFailure
from .ltformer.describe import Describer, make_describer
from .neighbourhoods import local_offset_px
from .progress import Progress, SubProgress, checkpoint
from .quality import assess, failed, limits_in_reference_px
from .raster.aoi import AreaOfInterest, read_aoi
from .raster.grid import GeoGrid
from .raster.read import grid_of, open_raster
from .record import file_sha256
from .result import QualityReport, RegistrationResult, TransformFit
from .search import Found, find_coarse
from .stopwatch import Stopwatch, stage
from .tied import in_own_grids, in_reference_px, tie
from .types import Gaps, TiePoints
from .uncertainty import with_variance_factor
from .versions import versions


def register(
    job: RegistrationJob,
    progress: Progress,
    describer_for: Callable[[FeatureConfig], Describer] = make_describer,
) -> RegistrationResult:
    """Returns tie points, transform, numbers and verdict of a pair; writes nothing.

    A pair that cannot be registered is a result too, with verdict FAIL.

    Args:
        job: rasters and settings.
        progress: told of each stage; asked for cancellation in every long loop.
        describer_for: makes the describer; a worker passes one that keeps the network loaded.

    Raises:
        InputError: the rasters, the area of interest or the weights cannot be used.
        DeviceError: the device asked for is not there.
        CancelledError: progress says so.
    """
    watch = Stopwatch()
    with watch.running():
        result = _registered(job, progress, describer_for)
    return replace(result, seconds=watch.seconds, cpu_seconds=watch.cpu_seconds)


def _registered(
    job: RegistrationJob, progress: Progress, describer_for: Callable[[FeatureConfig], Describer]
) -> RegistrationResult:
    def frame_for(search: Search) -> Frame:
        return build_frame(reference, sensed, job.reference, job.sensed, job.config.match.max_offset, search)

    progress.report(0.0, "Opening the rasters")
    with stage("read"):
        reference, sensed = open_raster(job.reference), open_raster(job.sensed)
        grids = grid_of(reference), grid_of(sensed)
        aoi = AreaOfInterest() if job.aoi is None else read_aoi(job.aoi, grids[0])
        frame = frame_for("given")
    checkpoint(progress)
    with stage("coarse"):
        found = find_coarse(frame, frame_for, job.config, describer_for, SubProgress(progress, 0.05, 0.6))
        frame, coarse, describer = found.frame, found.coarse, found.describer
    tied = tie(frame, coarse, aoi, job.config, SubProgress(progress, 0.6, 0.92))
    fine, working, points, fit = tied.fine, tied.working, tied.own, tied.fit
    if isinstance(fit, TransformFit):
        with stage("bend"):
            progress.report(0.92, "Fitting the transform")
            measured = measured_again(
                frame,
                Measured(working, points, fit),
                partial(in_own_grids, frame),
                aoi,
                in_reference_px(frame, job.config.fit),
                SubProgress(progress, 0.92, 0.95),
            )
            working, points, fit = measured.working, measured.own, measured.fit
    with stage("verdict"):
        progress.report(0.95, "Judging the result")
        quality = judge(frame, fit, working, grids[0], coarse.limits)
        if isinstance(fit, TransformFit):
            quality = with_accuracy(quality, fit, points.reference_xy, grids)
        gaps = _gaps(frame, aoi, fine, fit, working)
    return RegistrationResult(
        job=job,
        reference_grid=grids[0],
        sensed_grid=grids[1],
        tie_points=weighed(points, fit),
        fit=fit,
        quality=quality,
        device=describer.device,
        backend=describer.backend,
        counts={**coarse.counts, "tie_points": len(points)},
        provenance=_provenance(job, found, tied.trials),
        gaps=gaps,
    )


def weighed(points: TiePoints, fit: Union[TransformFit, EstimationFailure]) -> TiePoints:
    """Returns the tie points with covariances that agree with what the fit leaves over; as they are without one."""
    if isinstance(fit, EstimationFailure):
        return points
    return with_variance_factor(points, fit.heldout_residuals_px, fit.inliers)


def _gaps(
    frame: Frame,
    aoi: AreaOfInterest,
    fine: Union[FineResult, EstimationFailure],
    fit: Union[TransformFit, EstimationFailure],
    working: TiePoints,
) -> Gaps:
    agreed = fit.inliers if isinstance(fit, TransformFit) else np.zeros(len(working), np.bool_)
    return find_gaps(frame, aoi, fine.survey if isinstance(fine, FineResult) else None, working, agreed)


def judge(
    frame: Frame,
    fit: Union[TransformFit, EstimationFailure],
    working: TiePoints,
    grid: GeoGrid,
    limits: VerdictConfig,
) -> QualityReport:
    """Returns numbers and verdict of a fit, the images compared under it.

    Args:
        frame: the pair.
        fit: the fit, in px of the rasters themselves, or why there is none.
        working: the same tie points in working px.
        grid: of the reference.
        limits: thresholds of the verdict.
    """
    report = _verdict(frame, fit, working, grid, limits)
    return replace(report, reasons=(*report.reasons, *frame.notes))


def _verdict(
    frame: Frame,
    fit: Union[TransformFit, EstimationFailure],
    working: TiePoints,
    grid: GeoGrid,
    limits: VerdictConfig,
) -> QualityReport:
    if isinstance(fit, EstimationFailure):
        return failed(fit.reason, len(working))
    inliers = working.take(fit.inliers)
    in_working = fit_model(fit.transform.model, inliers.sensed_xy, inliers.reference_xy, like=fit.transform)
    if isinstance(in_working, EstimationFailure):
        return failed(in_working.reason, len(working))
    evidence = gather_evidence(frame, in_working, inliers.reference_xy)
    evidence = replace(evidence, local_px=local_offset_px(fit, working.reference_xy))
    size_map = grid.pixel_size_map if grid.is_georeferenced else None
    return assess(fit, len(working), evidence, size_map, limits_in_reference_px(limits, frame.coarser_px))


def _provenance(job: RegistrationJob, found: Found, trials: tuple[ModelTrial, ...]) -> dict[str, Any]:
    spec = found.describer.spec  # loaded and checked, also where correlation came first
    return {
        "versions": versions(),
        "descriptor": found.found_by,
        "device_reason": found.describer.device_reason,
        "backend_reason": found.describer.backend_reason,
        "weights": None if spec is None else {"name": spec.name, "sha256": spec.sha256},
        "models": [asdict(trial) for trial in trials],
        "aoi_sha256": file_sha256(job.aoi) if job.aoi is not None and job.aoi.is_file() else None,
        "inputs": input_hashes(job),
    }


def input_hashes(job: RegistrationJob) -> dict[str, dict[str, Optional[str]]]:
    """Returns the SHA-256 of both rasters; what is no plain file (a subdataset, a folder) has none."""
    return {
        role: {"sha256": file_sha256(source.path) if source.path.is_file() else None}
        for role, source in (("reference", job.reference), ("sensed", job.sensed))
    }
