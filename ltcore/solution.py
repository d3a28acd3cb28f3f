"""One solution applied to any raster of the same frame: from a run record, tie points or a QGIS .points file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Optional, cast, get_args

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from .config import RasterSource, Resampling, settings_error
from .errors import InputError
from .gcp import GcpSet, read_points
from .geometry.flexible import FlexibleModel
from .geometry.models import FEWEST_POINTS, AnyModel, PlaneMap, fit_model
from .geometry.parameters import from_parameters, invertible, recorded_array
from .geometry.transforms import EstimationFailure, Model, Transform
from .progress import Progress
from .raster.grid import GeoGrid
from .raster.read import grid_of, open_raster
from .raster.tie_points import read_tie_points
from .raster.write import target_for, warp_raster
from .record import read_record

# Fitted to GCPs, which map pixels to map units: a shift alone cannot do that.
GcpModel = Literal["similarity", "affine", "projective", "poly2", "poly3", "tps"]
_RICHEST_FIRST: tuple[GcpModel, ...] = ("projective", "affine", "similarity")
_MOST_PIXELS = 10**11  # of a recorded grid; 200 000 x 200 000 are less than half of it
_POINTS_A_MINIMUM = 3  # a model is chosen where there are three times as many points as it needs


@dataclass(frozen=True)
class Solution:
    """A transform sensed px -> reference px (pixel-edge) and the grid of the reference."""

    transform: PlaneMap
    reference_grid: GeoGrid


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class WarpJob:
    """One raster to warp.

    Attributes:
        sensed: raster with the same pixels as the one that was registered.
        solution: record.json, tie_points.gpkg or .points file.
        out_path: GeoTIFF to write, whole or not at all.
        model: model fitted to tie points (default: the richest that their number allows); a record brings its own.
        resampling: kernel.
        grid: see ltcore.raster.write.target_for.
    """

    sensed: Path
    solution: Path
    out_path: Path
    model: Optional[GcpModel] = None
    resampling: Resampling = "cubic"
    grid: Literal["reference", "sensed"] = "reference"


def warp_with_solution(job: WarpJob, progress: Progress) -> None:
    """Writes all bands of a raster, moved by a solution found for a raster of the same frame.

    Raises:
        InputError: the raster or the solution cannot be used, or they do not belong together.
        OutputError: the file cannot be written.
    """
    if job.out_path.resolve() in (job.sensed.resolve(), job.solution.resolve()):
        raise InputError(f"The input '{job.out_path}' would be overwritten.", fix="Choose another output file.")
    sensed_grid = grid_of(open_raster(RasterSource(job.sensed)))
    found = read_solution(job.solution, sensed_grid, job.model)
    target = target_for(job.grid, found.reference_grid, sensed_grid, found.transform)
    warp_raster(job.sensed, job.out_path, found.transform, target, job.resampling, progress)


def read_solution(path: Path, sensed_grid: GeoGrid, model: Optional[GcpModel] = None) -> Solution:
    """Returns the solution in a file, for the raster of `sensed_grid`.

    Raises:
        InputError: the file cannot be read, holds no solution, or was made for a raster of another size.
    """
    if path.suffix.lower() == ".json":
        return _from_record(path, sensed_grid, model)
    if path.suffix.lower() == ".gpkg":
        return _fitted(path, read_tie_points(path), sensed_grid, model)
    if path.suffix.lower() == ".points":
        return _fitted(path, read_points(path, sensed_grid), sensed_grid, model)
    raise InputError(f"'{path.name}' is no solution.", fix="Give a record.json, a tie_points.gpkg or a .points file.")


def _from_record(path: Path, sensed_grid: GeoGrid, model: Optional[GcpModel]) -> Solution:
    record = read_record(path)
    values = record.get("transform", {})
    if values.get("model") is None:
        raise InputError(f"'{path.name}' holds no transform: that registration failed.", fix="Use another solution.")
    try:
        transform = _recorded(values)
        grids = {role: _recorded_grid(record["inputs"][role]["grid"], role) for role in ("reference", "sensed")}
    except ValidationError as error:
        raise settings_error(error) from error
    except (KeyError, TypeError) as error:
        raise InputError(f"'{path.name}' is not a whole run record.", f"{error} is missing or malformed.") from error
    except ValueError as error:
        raise InputError(f"'{path.name}' cannot be used.", f"{error}.", "Use a record as it was written.") from error
    if model is not None and model != transform.model:
        raise InputError(
            f"'{path.name}' holds a {transform.model} transform, not a {model} one.",
            fix="Leave --transform out, or give tie_points.gpkg, to which any model can be fitted.",
        )
    if (grids["sensed"].width, grids["sensed"].height) != (sensed_grid.width, sensed_grid.height):
        raise InputError(
            f"The solution was found for a raster of {grids['sensed'].width} x {grids['sensed'].height} pixels, "
            f"this one has {sensed_grid.width} x {sensed_grid.height}.",
            fix="Use a raster of the same frame.",
        )
    return Solution(transform, grids["reference"])


def _recorded_grid(values: Any, role: str) -> GeoGrid:
    """Returns a grid as it stands in a record. Raises ValueError if no raster can have it."""
    grid: GeoGrid = TypeAdapter(GeoGrid).validate_json(json.dumps(values), strict=True)
    if min(grid.width, grid.height) < 1 or grid.width * grid.height > _MOST_PIXELS:
        raise ValueError(f"its {role} of {grid.width} x {grid.height} px is empty or too large")
    _, a, b, _, d, e = grid.geotransform or (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    if not np.isfinite(grid.geotransform or 0.0).all() or a * e == b * d:
        raise ValueError(f"the geotransform of its {role} places no pixel")
    return grid


def _recorded(values: dict[str, Any]) -> PlaneMap:
    """Returns the transform that stands in a record. Raises ValueError if it cannot be one of a registration."""
    model = TypeAdapter(AnyModel).validate_python(values.get("model"))
    if model in get_args(FlexibleModel):
        return from_parameters(cast(FlexibleModel, model), values["parameters"])
    matrix = recorded_array(values["matrix"], (3, 3))
    if model != "projective" and tuple(matrix[2]) != (0, 0, 1):
        raise ValueError(f"the last row of the matrix of its {model} transform is not 0, 0, 1")
    return Transform(cast(Model, model), invertible(matrix))


def _fitted(path: Path, gcps: GcpSet, sensed_grid: GeoGrid, model: Optional[GcpModel]) -> Solution:
    """Returns the model fitted to the enabled GCPs; the reference is a north-up grid that holds the sensed image."""
    enabled = [index for index, gcp in enumerate(gcps.gcps) if gcp.enabled]
    source, place = gcps.source_xy()[enabled], gcps.map_xy()[enabled]
    allowed = (m for m in _RICHEST_FIRST if len(source) >= _POINTS_A_MINIMUM * FEWEST_POINTS[m])
    chosen = model or next(allowed, None)
    if chosen is None:
        raise InputError(
            f"'{path.name}' has {len(source)} enabled points, too few to choose a model.", fix="Choose --transform."
        )
    to_map = fit_model(chosen, source * [1, -1], place)  # y up on both sides: a similarity cannot mirror
    if isinstance(to_map, EstimationFailure):
        raise InputError(f"No {chosen} transform can be fitted to '{path.name}':", f"{to_map.reason}.")
    flipped = to_map.between(np.diag([1.0, -1.0, 1.0]), np.eye(3))
    grid = _north_up(flipped, sensed_grid, gcps.crs_wkt)
    x0, size, _, y0, _, _ = grid.geotransform or (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    to_pixel = np.array([[1 / size, 0, -x0 / size], [0, -1 / size, y0 / size], [0, 0, 1.0]])
    return Solution(flipped.between(np.eye(3), to_pixel), grid)


def _north_up(to_map: PlaneMap, sensed: GeoGrid, crs_wkt: Optional[str]) -> GeoGrid:
    width, height = sensed.width, sensed.height
    corners = to_map([[0, 0], [width, 0], [width, height], [0, height]])
    centre = to_map([[width / 2, height / 2], [width / 2 + 1, height / 2], [width / 2, height / 2 + 1]])
    size = float(np.sqrt(abs(np.linalg.det(centre[1:] - centre[0]))))
    extent = np.ptp(corners, axis=0) / size if size > 0 else np.array([np.inf, np.inf])
    if not np.isfinite(extent).all() or extent.prod() > 16 * width * height:
        raise InputError("The solution stretches the raster beyond use.", fix="Choose a simpler transform.")
    geotransform = (float(corners[:, 0].min()), size, 0.0, float(corners[:, 1].max()), 0.0, -size)
    return GeoGrid(max(1, int(np.ceil(extent[0]))), max(1, int(np.ceil(extent[1]))), geotransform, crs_wkt)
