"""Tie points that people edit: examined, refined and written for the plugin's dock.

The points come in a numpy file (.npz) with `sensed_xy` (K, 2), `reference_xy` (K, 2), `score` (K,), `covariance_px2`
(K, 2, 2) and `enabled` (K,); all places are pixel-edge px of the rasters themselves.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Optional, Union
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from .accuracy import with_accuracy
from .config import ModelChoice, RegistrationJob, VerdictConfig, settings_from_json
from .coverage import CoverageCells, Evidence
from .errors import InputError
from .evidence import coverage_cells, structure_under
from .frame import Frame
from .geometry.models import AnyModel, fit_model
from .geometry.refit import refit
from .geometry.transforms import EstimationFailure, estimate
from .imported import fit_enabled
from .neighbourhoods import local_offset_px
from .outputs import check_out_dir, write_outputs
from .pair import Pair, in_working_grids, open_pair
from .pipeline import input_hashes
from .progress import Progress, SubProgress, checkpoint
from .quality import assess, failed, limits_in_reference_px
from .record import read_record
from .result import QualityReport, RegistrationResult, TransformFit, check_grid
from .summary import plain, result_summary
from .types import FloatArray, TiePoints
from .uncertainty import precision_of
from .versions import versions

_MAX_BYTES = 64 * 2**20  # of the arrays of edited tie points; 100 000 take 7 MiB


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class EditJob:
    """Edited tie points of a pair.

    Attributes:
        job: the pair and its settings; `out_dir` counts for `write_edited` alone.
        points: file of the tie points.
        model: family of the transform; "auto" chooses it, and the inliers, as a registration does.
        deleted: measured tie points that are no longer there: for the verdict they do not agree.
        record: record of the registration that measured them, if there was one.
    """

    job: RegistrationJob
    points: Path
    model: ModelChoice
    deleted: int = Field(default=0, ge=0)
    record: Optional[Path] = None


@dataclass(frozen=True)
class Examined:
    """Edited tie points with their fit and what the images say of it; without a fit there is nothing to say.

    Attributes:
        points: K tie points.
        fit: the fit, or why there is none.
        quality: numbers and verdict.
        prior: 3x3 matrix, see ltcore.frame.
        limits: limits of the verdict, stricter where the fit lies far from the georeference.
        failure: why the images could not be compared under the fit, or ''.
        cells: of the overlap, for px of the reference itself; None after a failure.
        structure: score of ltcore.structure; None after a failure.
    """

    points: TiePoints
    fit: Union[TransformFit, EstimationFailure]
    quality: QualityReport
    prior: FloatArray
    limits: VerdictConfig
    failure: str = ""
    cells: Optional[CoverageCells] = None
    structure: Optional[float] = None


def examine_points(edit: EditJob, progress: Progress) -> tuple[Pair, Examined]:
    """Returns the fit of edited tie points and its verdict, with the images compared under it.

    Raises:
        InputError: the rasters or the points cannot be used.
    """
    progress.report(0.0, "Opening the rasters")
    pair = open_pair(edit.job)
    points, enabled = _read_points(edit.points)
    frame = pair.frame()
    prior = frame.prior
    checkpoint(progress)
    if edit.model == "auto":
        fit, _ = fit_enabled(points, enabled, frame, edit.job.config.fit)
    else:
        fit = refit(edit.model, points, enabled, prior)
    count, limits = len(points) + edit.deleted, edit.job.config.verdict
    if isinstance(fit, EstimationFailure):
        return pair, Examined(points, fit, failed(fit.reason, count), prior, limits, fit.reason)
    progress.report(0.4, "Comparing the images")
    frame, limits = pair.frame_under(fit.transform, points.sensed_xy[fit.inliers])
    limits = limits_in_reference_px(limits, frame.coarser_px)
    looked = _look(frame, points, fit)
    if isinstance(looked, EstimationFailure):
        return pair, Examined(points, fit, failed(looked.reason, count), prior, limits, looked.reason)
    cells, structure = looked
    grids = pair.grids
    size = grids[0].pixel_size_map if grids[0].is_georeferenced else None
    local_px = local_offset_px(fit, points.reference_xy)
    evidence = Evidence(cells.share_held(points.reference_xy[fit.inliers]), structure, local_px)
    quality = with_accuracy(assess(fit, count, evidence, size, limits), fit, points.reference_xy, grids)
    quality = replace(quality, reasons=(*quality.reasons, *frame.notes))
    return pair, Examined(points, fit, quality, prior, limits, "", cells, structure)


def _look(frame: Frame, points: TiePoints, fit: TransformFit) -> Union[tuple[CoverageCells, float], EstimationFailure]:
    """Returns the cells of the overlap, for px of the reference itself, and the structure score under a fit."""
    view, used = frame.reference.view, in_working_grids(frame, points.take(fit.inliers))
    used = used.take(np.isfinite(np.hstack([used.reference_xy, used.sensed_xy])).all(axis=1))
    model: AnyModel = fit.transform.model
    in_working = fit_model(model, used.sensed_xy, used.reference_xy, precision_of(used), fit.transform)
    if isinstance(in_working, EstimationFailure):
        return in_working
    raster = view.dataset if view.origin is None else view.origin
    own = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * [raster.RasterXSize, raster.RasterYSize]
    to_working = estimate("affine", own, view.from_source(own))
    if isinstance(to_working, EstimationFailure):
        return to_working
    cells = coverage_cells(frame, in_working)
    return CoverageCells(cells.to_cells @ to_working.matrix, cells.shared), structure_under(frame, in_working)


def _read_points(path: Path) -> tuple[TiePoints, NDArray[np.bool_]]:
    try:
        with ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MAX_BYTES:
            raise ValueError(f"it unpacks to {unpacked:,} bytes, and {_MAX_BYTES:,} are the limit")
        with np.load(path, allow_pickle=False) as file:
            points = TiePoints(*(file[name] for name in ("reference_xy", "sensed_xy", "score", "covariance_px2")))
            enabled = np.array(file["enabled"], dtype=np.bool_).reshape(len(points))
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise InputError(f"The edited tie points '{path}' cannot be read.", f"{error}.") from error
    if not np.isfinite(np.hstack([points.reference_xy, points.sensed_xy])).all():
        raise InputError("The edited tie points cannot be used.", "One has no finite position.", "Delete it.")
    return points, enabled


def examine(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Answers the request `examine` (params: an EditJob as JSON): what the dock needs to judge edits itself.

    Keys: model, enabled, check_grid, prior, limits, to_cells, shared, structure, quality, failure,
    pixel_size_map; what is unknown without a fit is None.
    """
    pair, found = examine_points(settings_from_json(EditJob, params), progress)
    fit, (grid, sensed_grid), cells = found.fit, pair.grids, found.cells
    values: dict[str, Any] = plain(
        {
            "model": fit.transform.model if isinstance(fit, TransformFit) else None,
            "enabled": fit.inliers if isinstance(fit, TransformFit) else None,
            "failure": found.failure or None,
            "check_grid": check_grid(fit.transform, sensed_grid) if isinstance(fit, TransformFit) else None,
            "prior": found.prior,
            "limits": asdict(found.limits),
            "to_cells": None if cells is None else cells.to_cells,
            "shared": None if cells is None else cells.shared,
            "structure": found.structure,
            "quality": asdict(found.quality),
            "pixel_size_map": grid.pixel_size_map if grid.is_georeferenced else None,
        }
    )
    return values


def write_edited(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Answers the request `write_edited` (params: an EditJob as JSON): writes all files of a registration.

    Returns the object of `ltcore register --json`. The record says that the points were edited; replaying it gives
    those that were measured.
    """
    edit = settings_from_json(EditJob, params)
    check_out_dir(edit.job)
    pair, found = examine_points(edit, SubProgress(progress, 0.0, 0.3))
    known = {} if edit.record is None else read_record(edit.record)
    result = RegistrationResult(
        job=edit.job,
        reference_grid=pair.grids[0],
        sensed_grid=pair.grids[1],
        tie_points=found.points,
        fit=found.fit,
        quality=found.quality,
        device=str(known.get("device", "cpu")),
        backend=str(known.get("backend", "numpy")),
        counts={"tie_points": len(found.points), "deleted": edit.deleted},
        seconds=dict(known.get("seconds", {})),
        cpu_seconds=dict(known.get("cpu_seconds", {})),
        provenance={
            "versions": versions(),
            "edited": True,
            "weights": known.get("weights"),
            "inputs": input_hashes(edit.job),
        },
    )
    return result_summary(result, write_outputs(result, SubProgress(progress, 0.3, 1.0)))
