"""Measures how far a sensed raster lies from its reference; nothing is corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np

from .config import FeatureConfig, RegistrationJob
from .errors import InputError
from .ltformer.describe import Describer, make_describer
from .offsets import Offsets, OffsetStatistics, offset_statistics
from .pipeline import register
from .progress import Progress
from .raster.crs import unit_name
from .raster.grid import GeoGrid
from .raster.read import grid_of, open_raster, transform_points
from .record import run_record
from .result import RegistrationResult, TransformFit
from .summary import other_limits, plain
from .types import FloatArray


@dataclass(frozen=True)
class Assessment:
    """A registration that was only measured, and the offsets at its tie points."""

    result: RegistrationResult
    offsets: Offsets

    def statistics_px(self) -> Optional[OffsetStatistics]:
        """Returns statistics of the offsets used, in reference px, y down; None without any."""
        return self._statistics(self.offsets.px)

    def statistics_map(self) -> Optional[OffsetStatistics]:
        """Returns the same in map units, y along the CRS's axis."""
        return self._statistics(self.offsets.map)

    def _statistics(self, vectors: FloatArray) -> Optional[OffsetStatistics]:
        used = self.offsets.used
        return offset_statistics(vectors[used], self.result.tie_points.reference_xy[used])


def assess_pair(
    job: RegistrationJob,
    progress: Progress,
    describer_for: Callable[[FeatureConfig], Describer] = make_describer,
) -> Assessment:
    """Returns the offsets of a pair as its georeference places it; writes nothing.

    The tie points are those of ltcore.pipeline.register, and its verdict says whether the measurement can be
    trusted, not whether the offsets are small.

    Raises:
        InputError: a raster cannot be used or has no georeference.
        DeviceError: the device asked for is not there.
        CancelledError: progress says so.
    """
    check_georeference(job)
    result = register(job, progress, describer_for)
    return Assessment(result, offsets_of(result))


def offsets_of(result: RegistrationResult) -> Offsets:
    """Returns the offsets at the tie points of two georeferenced rasters, read anew for their georeference."""
    job, points = result.job, result.tie_points
    said = transform_points(open_raster(job.sensed), open_raster(job.reference), points.sensed_xy, inverse=False)
    offsets_px = said - points.reference_xy
    agreed = result.fit.inliers if isinstance(result.fit, TransformFit) else np.zeros(len(points), np.bool_)
    used = agreed & np.isfinite(offsets_px).all(axis=1)
    return Offsets(offsets_px, _in_map_units(result.reference_grid, offsets_px), used)


def check_georeference(job: RegistrationJob) -> None:
    """Refuses, before any work, rasters whose offset means nothing.

    Raises:
        InputError: one cannot be opened, or has no geotransform or no CRS.
    """
    for source in (job.reference, job.sensed):
        if not grid_of(open_raster(source)).is_georeferenced:
            raise InputError(
                f"'{source.path.name}' has no georeference (geotransform and CRS).",
                "An offset can only be measured between rasters that both say where they lie.",
                "Register them instead (ltcore register): that needs no georeference.",
            )


def _in_map_units(grid: GeoGrid, vectors_px: FloatArray) -> FloatArray:
    return grid.to_map(vectors_px) - grid.to_map([[0, 0]])


def assessment_summary(assessment: Assessment, outputs: Mapping[str, Path]) -> dict[str, Any]:
    """Returns what `ltcore assess --json` prints and the worker answers.

    "verdict" and "reasons" are of the measurement. "offsets" is null without tie points to rest on, else has the
    statistics of ltcore.offsets.OffsetStatistics as "px" and "map", and the map's "unit". "noise_px" is the held-out
    error of the tie points: what of an offset is measurement. "model" is the simplest transform that would correct the
    pair, "gaps" the share of the overlap without tie points by reason.

    Args:
        assessment: the measurement.
        outputs: path of each output that was written.
    """
    result, quality = assessment.result, assessment.result.quality
    summary: dict[str, Any] = plain(
        {
            "verdict": quality.verdict,
            "reasons": quality.reasons,
            **measured(assessment),
            "tie_points": quality.tie_points,
            "inliers": quality.inliers,
            "device": result.device,
            "backend": result.backend,
            "seconds": result.seconds,
            "outputs": dict(outputs),
            "notes": other_limits(result),
        }
    )
    return summary


def measured(assessment: Assessment) -> dict[str, Any]:
    """Returns what summary and record say of the offsets, of JSON's own types."""
    result, quality = assessment.result, assessment.result.quality
    in_px, in_map = assessment.statistics_px(), assessment.statistics_map()
    offsets = None
    if in_px is not None and in_map is not None:
        unit = unit_name(result.reference_grid.crs_wkt or "")
        count = int(assessment.offsets.used.sum())
        offsets = {"count": count, "px": asdict(in_px), "map": asdict(in_map), "unit": unit}
    values: dict[str, Any] = plain(
        {
            "offsets": offsets,
            "noise_px": quality.heldout_rmse_px,
            "coverage": quality.coverage,
            "hull_coverage": quality.hull_coverage,
            "model": result.fit.transform.model if isinstance(result.fit, TransformFit) else None,
            "gaps": None if result.gaps is None else result.gaps.shares,
        }
    )
    return values


def assessment_record(assessment: Assessment, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Returns the run record of the measurement: that of a registration, and "assessment" with what was measured.

    Args:
        assessment: the measurement.
        outputs: file name of each output, relative to the record's folder.
    """
    return {
        **run_record(assessment.result, outputs),
        "notes": other_limits(assessment.result),
        "assessment": measured(assessment),
    }
