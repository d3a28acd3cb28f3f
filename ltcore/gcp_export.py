"""Tie points from a file, perhaps edited, written for the Georeferencer, for GDAL and as a table."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from .atomic import atomic_path
from .config import RasterSource
from .errors import InputError
from .gcp import GcpSet, write_gcps_vrt, write_points
from .progress import Progress, SubProgress, checkpoint
from .raster.grid import GeoGrid
from .raster.plain_copy import write_plain_copy
from .raster.read import grid_of, open_raster
from .raster.tie_points import read_tie_points

_COLUMNS = ("id", "enabled", "column", "row", "map_x", "map_y")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ExportJob:
    """What is to be written; a path that is None is not.

    Attributes:
        tie_points: GeoPackage with the layer `tie_points` of ltcore.raster.tie_points.
        sensed: raster that the points' sensed positions belong to.
        points_file: for the QGIS Georeferencer; for `plain_copy` where that is asked for, else for `sensed`.
        gcps_vrt: VRT of the sensed raster with the GCPs.
        csv: table of all points; column and row are pixel-edge, in the sensed raster.
        plain_copy: GeoTIFF of the sensed raster without geotransform.
        home: folder in which the VRT will lie in the end (default: its own).
    """

    tie_points: Path
    sensed: Path
    points_file: Optional[Path] = None
    gcps_vrt: Optional[Path] = None
    csv: Optional[Path] = None
    plain_copy: Optional[Path] = None
    home: Optional[Path] = None


def export_gcps(job: ExportJob, progress: Progress) -> dict[str, Any]:
    """Writes the files of a job, each whole or not at all; returns {"points": how many, "enabled": how many}.

    Raises:
        InputError: the points or the raster cannot be read, there are no points, or one lies outside the raster.
        OutputError: a file cannot be written, or the Georeferencer would misread the points (rotated geotransform).
        CancelledError: the user cancelled.
    """
    gcps, grid = read_tie_points(job.tie_points), grid_of(open_raster(RasterSource(job.sensed)))
    _check(gcps, grid, job)
    if job.points_file is not None:
        frame = replace(grid, geotransform=None) if job.plain_copy is not None else grid
        write_points(job.points_file, gcps, frame)
    if job.csv is not None:
        _write_csv(job.csv, gcps)
    if job.gcps_vrt is not None:
        write_gcps_vrt(job.gcps_vrt, gcps, job.sensed, job.home)
    checkpoint(progress)
    if job.plain_copy is not None:
        write_plain_copy(job.sensed, job.plain_copy, SubProgress(progress, 0.1, 1.0))
    return {"points": len(gcps), "enabled": sum(gcp.enabled for gcp in gcps.gcps)}


def _check(gcps: GcpSet, grid: GeoGrid, job: ExportJob) -> None:
    if not len(gcps):
        raise InputError(f"'{job.tie_points.name}' has no tie points.", fix="Choose another layer.")
    xy = gcps.source_xy()
    high = xy.max(axis=0)
    if xy.min() < -1 or (high > [grid.width + 1, grid.height + 1]).any():
        raise InputError(
            f"The tie points were not found on '{job.sensed.name}':",
            f"they reach to column {high[0]:.0f} and row {high[1]:.0f}, it has {grid.width} x {grid.height} pixels.",
            "Choose the sensed raster that was registered.",
        )


def _write_csv(path: Path, gcps: GcpSet) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        writer.writerows((gcp.id, int(gcp.enabled), gcp.col, gcp.row, gcp.x, gcp.y) for gcp in gcps.gcps)
