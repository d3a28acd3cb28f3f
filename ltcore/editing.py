"""Tie points that people edit: examined, refined and written for the plugin's dock.

The points come in a numpy file (.npz) with `sensed_xy` (K, 2), `reference_xy` (K, 2), `score` (K,), `covariance_px2`
(K, 2, 2) and `enabled` (K,); all places are pixel-edge px of the rasters themselves.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Callable, Optional, Union
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from .accuracy import with_accuracy
from .config import ModelChoice, RegistrationJob, VerdictConfig, settings_from_json
from .coverage import CoverageCells, Evidence
from .errors import InputError
from .evidence import coverage_cells, structure_under
from .frame import Frame, Search, build_frame
from .geometry.models import AnyModel, fit_model
from .geometry.refit import refit
from .geometry.selection import fit_tie_points
from .geometry.transforms import EstimationFailure, apply_matrix, estimate
from .outputs import check_out_dir, write_outputs
from .progress import Progress, SubProgress, checkpoint
from .quality import assess, failed
from .raster.grid import GeoGrid
from .raster.read import grid_of, open_raster
from .record import file_sha256, read_record
from .result import QualityReport, RegistrationResult, TransformFit, check_grid
from .search import stricter
from .summary import plain, result_summary
from .types import FloatArray, TiePoints
from .uncertainty import precision_of
from .versions import versions


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
class Pair:
    """Both rasters, their grids, and the frame in which the images are compared."""

    job: RegistrationJob
    datasets: tuple[Any, Any]

    @property
    def grids(self) -> tuple[GeoGrid, GeoGrid]:
        """Grids of the reference and of the sensed raster."""
        return grid_of(self.datasets[0]), grid_of(self.datasets[1])

    def frame(self, search: Search = "given") -> Frame:
        """Returns the frame of a search (ltcore.frame)."""
        offset = self.job.config.match.max_offset
        return build_frame(*self.datasets, self.job.reference, self.job.sensed, offset, search)

    def frame_under(self, transform: Callable[[ArrayLike], FloatArray], sensed_xy: FloatArray) -> tuple[Frame, bool]:
        """Returns the frame that shows the sensed raster under a transform, and whether it lies where it may lie.

        Where the transform moves the (K, 2) points farther than the largest offset, what georeference says of position
        is not believed, as in the wider searches of ltcore.search.
        """
        frame = self.frame()
        if frame.max_offset_px is None or not len(sensed_xy):
            return frame, True
        view = frame.reference.view
        said = view.from_source(apply_matrix(frame.prior, sensed_xy))
        offset = np.median(np.linalg.norm(view.from_source(transform(sensed_xy)) - said, axis=1))
        near = bool(offset <= frame.max_offset_px)
        return (frame if near else self.frame("free")), near


def open_pair(job: RegistrationJob) -> Pair:
    """Returns the pair of a job. Raises InputError where a raster cannot be used."""
    return Pair(job, (open_raster(job.reference), open_raster(job.sensed)))


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
    prior = pair.frame().prior
    checkpoint(progress)
    fit = _fit(edit, points, enabled, prior)
    count, limits = len(points) + edit.deleted, edit.job.config.verdict
    if isinstance(fit, EstimationFailure):
        return pair, Examined(points, fit, failed(fit.reason, count), prior, limits, fit.reason)
    progress.report(0.4, "Comparing the images")
    frame, near = pair.frame_under(fit.transform, points.sensed_xy[fit.inliers])
    limits = limits if near else stricter(limits)
    looked = _look(frame, points, fit)
    if isinstance(looked, EstimationFailure):
        return pair, Examined(points, fit, failed(looked.reason, count), prior, limits, looked.reason)
    cells, structure = looked
    grids = pair.grids
    size = grids[0].pixel_size_map if grids[0].is_georeferenced else None
    evidence = Evidence(cells.share_held(points.reference_xy[fit.inliers]), structure)
    quality = with_accuracy(assess(fit, count, evidence, size, limits), fit, points.reference_xy, grids)
    quality = replace(quality, reasons=(*quality.reasons, *frame.notes))
    return pair, Examined(points, fit, quality, prior, limits, "", cells, structure)


def _fit(
    edit: EditJob, points: TiePoints, enabled: NDArray[np.bool_], prior: FloatArray
) -> Union[TransformFit, EstimationFailure]:
    if edit.model == "auto":
        return fit_tie_points(points, prior, edit.job.config.fit)[0]
    return refit(edit.model, points, enabled, prior)


def _look(frame: Frame, points: TiePoints, fit: TransformFit) -> Union[tuple[CoverageCells, float], EstimationFailure]:
    """Returns the cells of the overlap, for px of the reference itself, and the structure score under a fit."""
    view, used = frame.reference.view, points.take(fit.inliers)
    working = frame.sensed.view.from_source(used.sensed_xy), view.from_source(used.reference_xy)
    known = np.isfinite(np.hstack(working)).all(axis=1)
    model: AnyModel = fit.transform.model
    precision = precision_of(used)[known]
    in_working = fit_model(model, working[0][known], working[1][known], precision, fit.transform)
    if isinstance(in_working, EstimationFailure):
        return in_working
    own = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * [view.dataset.RasterXSize, view.dataset.RasterYSize]
    if view.origin is not None:
        own = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * [view.origin.RasterXSize, view.origin.RasterYSize]
    to_working = estimate("affine", own, view.from_source(own))
    if isinstance(to_working, EstimationFailure):
        return to_working
    cells = coverage_cells(frame, in_working)
    return CoverageCells(cells.to_cells @ to_working.matrix, cells.shared), structure_under(frame, in_working)


def _read_points(path: Path) -> tuple[TiePoints, NDArray[np.bool_]]:
    try:
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
        provenance={
            "versions": versions(),
            "edited": True,
            "weights": known.get("weights"),
            "inputs": {
                role: {"sha256": file_sha256(source.path) if source.path.is_file() else None}
                for role, source in (("reference", edit.job.reference), ("sensed", edit.job.sensed))
            },
        },
    )
    return result_summary(result, write_outputs(result, SubProgress(progress, 0.3, 1.0)))


METHODS: dict[str, Callable[[dict[str, Any], Progress], dict[str, Any]]] = {
    "examine": examine,
    "write_edited": write_edited,
}
