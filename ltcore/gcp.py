"""Ground control points: pixels of the sensed raster tied to map coordinates, as QGIS and GDAL want them.

Map coordinates are those of the reference's CRS. A reference without geotransform has none; its map is then the
frame in which QGIS draws it: x = column, y = -row. The rules of the .points file are in docs/adr/0004-points-files.md.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from osgeo import gdal, osr

from .atomic import atomic_path, write_error
from .errors import InputError, OutputError
from .geometry.spread import far_apart
from .raster.grid import GeoGrid
from .result import RegistrationResult, TransformFit
from .types import FloatArray

gdal.UseExceptions()
osr.UseExceptions()

MAX_GDAL_GCPS = 1000  # a thin plate spline over more takes GDAL many seconds
SAME_PLACE_PX = 1e-6  # within which two GCPs are one

_HEADER = "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"
_CRS_MARK = "#CRS: "
_MAX_LINE_CHARACTERS = 100_000
MAX_POINTS = 1_000_000


@dataclass(frozen=True)
class Gcp:
    """One ground control point.

    Attributes:
        id: number from 1; the same as in tie_points.gpkg.
        col: column in the sensed raster, pixel-edge px.
        row: row in the sensed raster, pixel-edge px.
        x: map coordinate in the set's CRS.
        y: map coordinate in the set's CRS.
        enabled: whether the transform rests on it.
        residual_px: (x, y) residual in reference px, y down; None if no transform was fitted.
    """

    id: int
    col: float
    row: float
    x: float
    y: float
    enabled: bool = True
    residual_px: tuple[float, float] | None = None


@dataclass(frozen=True)
class GcpSet:
    """GCPs of one raster, perhaps none, and the CRS (WKT) of their map coordinates, None if unknown."""

    gcps: tuple[Gcp, ...]
    crs_wkt: str | None = None

    def __len__(self) -> int:
        return len(self.gcps)

    def source_xy(self) -> FloatArray:
        """Returns the (N, 2) pixel-edge positions in the sensed raster."""
        return np.array([(gcp.col, gcp.row) for gcp in self.gcps], dtype=np.float64).reshape(-1, 2)

    def map_xy(self) -> FloatArray:
        """Returns the (N, 2) map coordinates."""
        return np.array([(gcp.x, gcp.y) for gcp in self.gcps], dtype=np.float64).reshape(-1, 2)


def gcp_set_from(result: RegistrationResult) -> GcpSet:
    """Returns a GCP for every tie point; those that are no inliers (all of them without a fit) are not enabled."""
    points, grid = result.tie_points, result.reference_grid
    fit = result.fit if isinstance(result.fit, TransformFit) else None
    places = map_positions(grid, points.reference_xy)
    gcps = tuple(
        Gcp(
            id=index + 1,
            col=float(points.sensed_xy[index, 0]),
            row=float(points.sensed_xy[index, 1]),
            x=float(places[index, 0]),
            y=float(places[index, 1]),
            enabled=fit is not None and bool(fit.inliers[index]),
            residual_px=None if fit is None else (float(fit.residuals_px[index, 0]), float(fit.residuals_px[index, 1])),
        )
        for index in range(len(points))
    )
    return GcpSet(gcps, grid.crs_wkt if grid.geotransform is not None else None)


def map_positions(grid: GeoGrid, xy: ArrayLike) -> FloatArray:
    """Returns the (N, 2) map coordinates of pixel-edge points, in QGIS's layer frame if there is no geotransform."""
    if grid.geotransform is not None:
        return grid.to_map(xy)
    return np.asarray(xy, dtype=np.float64).reshape(-1, 2) * [1.0, -1.0]


def points_file_obstacle(source_grid: GeoGrid) -> str:
    """Returns why no .points file can be written for this sensed raster, or "" if it can."""
    if not source_grid.is_rotated:
        return ""
    return (
        "The sensed raster has a rotated geotransform, which the QGIS Georeferencer ignores: "
        "its points would land on wrong pixels."
    )


def write_points(path: Path, gcp_set: GcpSet, source_grid: GeoGrid) -> None:
    """Writes a .points file for the QGIS Georeferencer (3.22.4 and later), whole or not at all.

    Source coordinates are (column, -row) for a raster without geotransform, else its map coordinates. An empty set
    gives a file with a header only. dX, dY and residual are reference px, y down; QGIS does not read them.

    Raises:
        OutputError: the sensed raster's geotransform is rotated, or the file cannot be written.
    """
    obstacle = points_file_obstacle(source_grid)
    if obstacle:
        raise OutputError(
            "No .points file was written.", obstacle, "Use gcps.vrt, or warp the sensed raster north-up first."
        )
    lines = [] if gcp_set.crs_wkt is None else [_CRS_MARK + _one_line_wkt(gcp_set.crs_wkt)]
    lines.append(_HEADER)
    for gcp, (source_x, source_y) in zip(gcp_set.gcps, map_positions(source_grid, gcp_set.source_xy())):
        dx, dy = gcp.residual_px or (0.0, 0.0)
        numbers = [_number(value) for value in (gcp.x, gcp.y, source_x, source_y)]
        residual = [_number(round(value, 6)) for value in (dx, dy, math.hypot(dx, dy))]
        lines.append(",".join([*numbers, str(int(gcp.enabled)), *residual]))
    with atomic_path(path) as temporary:
        temporary.write_bytes(("\n".join(lines) + "\n").encode())  # not write_text: Windows would change the line ends


def _number(value: float) -> str:
    """Returns the shortest decimal that gives the same double, without exponent."""
    return np.format_float_positional(value + 0.0, trim="-")  # + 0.0: no negative zero


def _one_line_wkt(crs_wkt: str) -> str:
    return _crs(crs_wkt).ExportToWkt(["FORMAT=WKT2_2019", "MULTILINE=NO"])  # type: ignore[no-any-return]


def _crs(text: str) -> osr.SpatialReference:
    crs = osr.SpatialReference()
    crs.SetFromUserInput(text)
    crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return crs


def read_points(path: Path, source_grid: GeoGrid) -> GcpSet:
    """Returns the GCPs of a .points file of any QGIS version, for the raster of `source_grid`.

    Headers with pixelX and a CRS line (3.20 to 3.22.3) hold pixels, all others layer coordinates.

    Raises:
        InputError: with the number of the line that is malformed, and why.
    """
    if points_file_obstacle(source_grid):
        raise InputError(f"'{path.name}' cannot be read.", points_file_obstacle(source_grid), "Use gcps.vrt.")
    lines = _lines(path)
    number, header = next(lines, (1, ""))
    crs_wkt = None
    if header.startswith(_CRS_MARK):
        crs_wkt = _crs_of(path, number, header.removeprefix(_CRS_MARK))
        number, header = next(lines, (2, ""))
    if "mapX" not in header:
        raise _malformed(path, number, "a header that begins with mapX,mapY is expected")
    in_pixels = source_grid.geotransform is None or ("pixelX" in header and crs_wkt is not None)
    gcps: list[Gcp] = []
    for number, line in lines:
        values, enabled = _fields(path, number, line)
        col, row = (values[2], -values[3]) if in_pixels else source_grid.to_pixel(values[2:])[0].tolist()
        if not (math.isfinite(col) and math.isfinite(row)):
            raise _malformed(path, number, "its coordinates must be finite numbers")
        gcps.append(Gcp(len(gcps) + 1, col, row + 0.0, values[0], values[1], enabled))
        if len(gcps) > MAX_POINTS:
            raise _malformed(path, number, f"more than {MAX_POINTS:,} points cannot be read")
    return GcpSet(tuple(gcps), crs_wkt)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Gives the lines of a text file and their numbers from 1, never holding more than one."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            number = 0
            while line := stream.readline(_MAX_LINE_CHARACTERS + 1):
                number += 1
                if len(line) > _MAX_LINE_CHARACTERS:
                    raise _malformed(path, number, f"it is longer than {_MAX_LINE_CHARACTERS:,} characters")
                yield number, line
    except UnicodeDecodeError as error:
        raise InputError(f"'{path.name}' is not a .points file.", "It is not UTF-8 text.") from error
    except OSError as error:
        raise InputError(f"'{path.name}' could not be read.", f"The system says: {error.strerror}.") from error


def _fields(path: Path, number: int, line: str) -> tuple[list[float], bool]:
    fields = line.split("," if "," in line else "\t")
    if len(fields) < 4:
        raise _malformed(path, number, f"it has {len(fields)} of at least 4 fields")
    try:
        values = [float(field) for field in fields[:4]]
    except ValueError as error:
        raise _malformed(path, number, "its first four fields must be numbers") from error
    if not all(math.isfinite(value) for value in values):
        raise _malformed(path, number, "its coordinates must be finite numbers")
    enable = fields[4].strip() if len(fields) > 4 else "1"
    if not re.fullmatch(r"[01]", enable):
        raise _malformed(path, number, f"its fifth field must be 0 or 1, not '{enable[:20]}'")
    return values, enable == "1"


def _crs_of(path: Path, number: int, text: str) -> str:
    try:
        return str(_crs(text.strip()).ExportToWkt())
    except RuntimeError as error:
        raise _malformed(path, number, "its CRS is not known") from error


def _malformed(path: Path, number: int, reason: str) -> InputError:
    return InputError(f"'{path.name}' has a malformed line {number}:", f"{reason}.")


def write_gcps_vrt(path: Path, gcp_set: GcpSet, source: Path, home: Path | None = None) -> None:
    """Writes a VRT of the sensed raster `source` with GCPs and without geotransform, whole or not at all.

    The GCPs are the enabled ones, thinned evenly to at most 1000, each place once. The sensed file is named relative
    to the folder `home` (default: that of `path`) in which the VRT will lie in the end, where that is possible.

    Raises:
        OutputError: the file cannot be written.
    """
    chosen = [gcp_set.gcps[index] for index in thinned_evenly(gcp_set, MAX_GDAL_GCPS)]
    gcps = [gdal.GCP(gcp.x, gcp.y, 0.0, gcp.col, gcp.row, "", str(gcp.id)) for gcp in chosen]
    with atomic_path(path) as temporary:
        try:
            opened = gdal.OpenEx(str(source), gdal.OF_RASTER)
            bare = gdal.GetDriverByName("VRT").CreateCopy(str(temporary), opened)
            bare.SetGCPs(gcps, gcp_set.crs_wkt or "")
            bare.FlushCache()
            del bare
        except RuntimeError as error:
            raise write_error(path, error) from error
        xml = without_georeference(temporary.read_text(encoding="utf-8"))
        temporary.write_text(_with_relative_source(xml, source, home or path.parent), encoding="utf-8")


def without_georeference(vrt: str) -> str:
    """Returns the XML of a VRT without geotransform and CRS."""
    return re.sub(r"\s*<(SRS|GeoTransform)\b[^>]*>.*?</\1>", "", vrt, flags=re.DOTALL)


def _with_relative_source(xml: str, source: Path, home: Path) -> str:
    if not source.exists():  # a subdataset or a path inside an archive
        return xml
    try:
        relative = Path(os.path.relpath(source.resolve(), home.resolve())).as_posix()
    except ValueError:  # another drive on Windows
        return xml
    escaped = gdal.EscapeString(relative, gdal.CPLES_XML)
    pattern = r'<SourceFilename relativeToVRT="[01]"([^>]*)>[^<]*</SourceFilename>'
    return re.sub(pattern, lambda m: f'<SourceFilename relativeToVRT="1"{m[1]}>{escaped}</SourceFilename>', xml)


def thinned_evenly(gcp_set: GcpSet, at_most: int) -> NDArray[np.intp]:
    """Returns the ascending indices of at most `at_most` enabled GCPs that lie far from each other.

    Points in one place count once; see ltcore.geometry.spread.
    """
    enabled = np.flatnonzero([gcp.enabled for gcp in gcp_set.gcps])
    if not len(enabled):
        return enabled
    return enabled[far_apart(gcp_set.source_xy()[enabled], at_most, SAME_PLACE_PX)]
