"""Tie points that other programs measured: which columns mean what, and where the points lie in both rasters.

    .points of the QGIS Georeferencer
        as in ltcore.gcp.read_points.
    a table with sensed_x, sensed_y and a point geometry or reference_x, reference_y (.gpkg .geojson .csv .shp)
        pixel-edge px of each raster; the geometry lies where the reference shows the point and counts first. Where
        they are there: score, enabled, cov_xx, cov_xy, cov_yy (px^2).
    AROSICS tie points: X_UTM, Y_UTM, X_SHIFT_M, Y_SHIFT_M (.shp)
        a place in the sensed raster and what moves it onto the reference, map units; -9999 is no measurement;
        OUTLIER where it is there.
    KARIOS: dx, dy and x0, y0 (.csv) or a point geometry (kp_delta.json)
        px from the centre of the first pixel, sensed less reference, both rasters on one grid; score.

Names of columns may be in capitals or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, ogr, osr

from ..errors import InputError
from ..gcp import read_points
from ..types import FloatArray, TiePoints
from .grid import GeoGrid

ogr.UseExceptions()

MAX_POINTS = 200_000

_MAX_BYTES = 500_000_000
_DRIVERS = ["GPKG", "GeoJSON", "CSV", "ESRI Shapefile"]
_OWN_LAYER = "tie_points"
_NOT_MEASURED = -9999.0  # AROSICS's fill value
_USUAL_VARIANCE_PX2 = 0.25  # of a point whose file does not tell
_CENTRE = 0.5  # pixel-edge coordinate of the first pixel's centre
_FEWEST_INSIDE = 0.5  # share of the points; below, the file belongs to other rasters
_WORDS = {"true": 1.0, "false": 0.0}

_OWN = ("sensed_x", "sensed_y")
_AROSICS = ("x_utm", "y_utm", "x_shift_m", "y_shift_m")
_KARIOS = ("dx", "dy")
_OTHERS = ("reference_x", "reference_y", "x0", "y0", "score", "enabled", "outlier", "cov_xx", "cov_xy", "cov_yy")


@dataclass(frozen=True)
class ForeignPoints:
    """K > 0 tie points in px of both rasters, and (K,) whether their file says that they are good."""

    points: TiePoints
    enabled: NDArray[np.bool_]


@dataclass(frozen=True)
class _Table:
    """A table of N rows: (N,) numbers of the columns it has, nan where empty; (N, 2) points or None; its CRS."""

    path: Path
    columns: dict[str, FloatArray]
    geometry: Optional[FloatArray]
    crs_wkt: Optional[str]

    def numbers(self, *names: str) -> FloatArray:
        """Returns the (N, names) numbers of columns that must be there and finite."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise InputError(f"'{self.path.name}' has no column {', '.join(missing)}.", fix="Add it.")
        values = np.column_stack([self.columns[name] for name in names])
        return _finite(self.path, values, ", ".join(names))

    def optional(self, name: str, default: float) -> FloatArray:
        """Returns the (rows,) numbers of a column, `default` where there is none."""
        rows = len(next(iter(self.columns.values())))
        values = self.columns.get(name, np.full(rows, np.nan))
        return np.where(np.isfinite(values), values, default)


def read_foreign_points(path: Path, reference: GeoGrid, sensed: GeoGrid) -> ForeignPoints:
    """Returns the tie points of a file for two rasters.

    Raises:
        InputError: the file cannot be read, its columns are not known, a number is missing or not finite, there are
            more than 200,000 rows or none, its CRS does not fit, or most points lie outside the rasters.
    """
    if not path.is_file():
        raise InputError(f"The file '{path}' does not exist.", fix="Check the path.")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"'{path.name}' has {path.stat().st_size:,} bytes; at most {_MAX_BYTES:,} are read.")
    try:
        is_points = path.suffix.lower() == ".points"
        found = _of_points_file(path, reference, sensed) if is_points else _of_table(path, reference, sensed)
    except (RuntimeError, UnicodeError) as error:
        raise InputError(f"'{path.name}' holds no tie points that can be read:", f"{error}.") from error
    _check_inside(path, found.points, reference, sensed)
    return found


def _check_inside(path: Path, points: TiePoints, reference: GeoGrid, sensed: GeoGrid) -> None:
    if not len(points):
        raise InputError(f"'{path.name}' holds no tie points.", fix="Choose another file.")
    for grid, xy, name in ((reference, points.reference_xy, "reference"), (sensed, points.sensed_xy, "sensed raster")):
        inside = int(((xy >= 0) & (xy <= [grid.width, grid.height])).all(axis=1).sum())
        if inside < _FEWEST_INSIDE * len(xy):
            raise InputError(
                f"'{path.name}' does not belong to these rasters:",
                f"{inside} of {len(xy)} points lie in the {name}, which has {grid.width} x {grid.height} px.",
                "Check the rasters, their order and the CRS of the file.",
            )


def _of_points_file(path: Path, reference: GeoGrid, sensed: GeoGrid) -> ForeignPoints:
    gcp_set = read_points(path, sensed)
    if len(gcp_set) > MAX_POINTS:
        raise _too_many(path)
    places = _placed(path, gcp_set.map_xy(), gcp_set.crs_wkt, reference)
    enabled = np.array([gcp.enabled for gcp in gcp_set.gcps], dtype=np.bool_)
    return _found(places, gcp_set.source_xy(), enabled)


def _of_table(path: Path, reference: GeoGrid, sensed: GeoGrid) -> ForeignPoints:
    table = _read_table(path)
    kinds: Iterable[tuple[tuple[str, ...], Callable[[_Table, GeoGrid, GeoGrid], ForeignPoints]]] = (
        (_OWN, _own),
        (_AROSICS, _arosics),
        (_KARIOS, _karios),
    )
    for needed, read in kinds:
        if set(needed) <= set(table.columns):
            return read(table, reference, sensed)
    known = "; ".join(", ".join(needed) for needed, _ in kinds)
    raise InputError(f"The columns of '{path.name}' are not known.", f"One of these sets is needed: {known}.")


def _own(table: _Table, reference: GeoGrid, _: GeoGrid) -> ForeignPoints:
    can_be_placed = table.geometry is not None and (table.crs_wkt is None or reference.is_georeferenced)
    if table.geometry is not None and (can_be_placed or "reference_x" not in table.columns):
        places = _placed(table.path, table.geometry, table.crs_wkt, reference)
    else:
        places = table.numbers("reference_x", "reference_y")
    found = _found(places, table.numbers(*_OWN), table.optional("enabled", 1.0) != 0, table.optional("score", 1.0))
    return ForeignPoints(_with_covariances(found.points, table), found.enabled)


def _with_covariances(points: TiePoints, table: _Table) -> TiePoints:
    xx, xy, yy = (table.optional(name, np.nan) for name in ("cov_xx", "cov_xy", "cov_yy"))
    is_usable = (xx > 0) & (yy > 0) & (xx * yy > xy**2)
    given = np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2)
    covariance = np.where(is_usable[:, None, None], given, points.covariance_px2)
    return TiePoints(points.reference_xy, points.sensed_xy, points.score, covariance)


def _arosics(table: _Table, reference: GeoGrid, sensed: GeoGrid) -> ForeignPoints:
    shift = np.column_stack([table.columns["x_shift_m"], table.columns["y_shift_m"]])
    is_measured = (np.isfinite(shift) & (shift != _NOT_MEASURED)).all(axis=1)
    place = table.numbers("x_utm", "y_utm")[is_measured]
    return _found(
        _placed(table.path, place + shift[is_measured], table.crs_wkt, reference),
        _placed(table.path, place, table.crs_wkt, sensed),
        table.optional("outlier", 0.0)[is_measured] == 0,
    )


def _karios(table: _Table, reference: GeoGrid, sensed: GeoGrid) -> ForeignPoints:
    grids = [(grid.width, grid.height, grid.geotransform) for grid in (reference, sensed)]
    if grids[0] != grids[1]:
        raise InputError(
            f"'{table.path.name}' counts pixels of one grid, but these rasters have two.",
            fix="Choose the rasters that KARIOS compared.",
        )
    if {"x0", "y0"} <= set(table.columns):
        first = table.numbers("x0", "y0")
    elif table.geometry is not None:
        first = _placed(table.path, table.geometry, table.crs_wkt, reference)
    else:
        raise InputError(f"'{table.path.name}' has dx and dy, but neither x0 and y0 nor points.")
    places = first + _CENTRE
    enabled = np.ones(len(places), dtype=np.bool_)
    return _found(places, places + table.numbers(*_KARIOS), enabled, table.optional("score", 1.0))


def _found(
    reference_xy: FloatArray, sensed_xy: FloatArray, enabled: NDArray[np.bool_], score: Optional[FloatArray] = None
) -> ForeignPoints:
    count = len(enabled)
    score = np.ones(count) if score is None else np.clip(score, 0.0, 1.0)
    covariance = np.tile(_USUAL_VARIANCE_PX2 * np.eye(2), (count, 1, 1))
    return ForeignPoints(TiePoints(reference_xy, sensed_xy, score, covariance), enabled)


def _placed(path: Path, xy: FloatArray, crs_wkt: Optional[str], grid: GeoGrid) -> FloatArray:
    """Returns the (N, 2) px of map coordinates; without CRS they are taken to be in that of the grid."""
    _finite(path, xy, "position")
    if crs_wkt is not None and not grid.is_georeferenced:
        raise InputError(
            f"'{path.name}' has map coordinates, but a raster has no georeference.",
            fix="Choose the rasters that the points were measured on.",
        )
    if grid.geotransform is None:
        return xy * [1.0, -1.0]  # QGIS's frame of a raster without geotransform
    if crs_wkt is not None and len(xy):
        there, here = osr.SpatialReference(), osr.SpatialReference()
        for crs, wkt in ((there, crs_wkt), (here, grid.crs_wkt)):
            crs.ImportFromWkt(wkt)
            crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        moved = osr.CoordinateTransformation(there, here).TransformPoints(xy.tolist())
        xy = _finite(path, np.array(moved, dtype=np.float64)[:, :2], "position in the CRS of the raster")
    return grid.to_pixel(xy)


def _finite(path: Path, values: FloatArray, name: str) -> FloatArray:
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise InputError(f"'{path.name}' has no finite {name} in row {wrong[0] + 1}.", fix="Mend or delete the row.")
    return values


def _read_table(path: Path) -> _Table:
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY, allowed_drivers=_DRIVERS)
    layer = dataset.GetLayerByName(_OWN_LAYER) or dataset.GetLayer(0)
    if layer is None:
        raise InputError(f"'{path.name}' holds no table.", fix="Choose another file.")
    definition = layer.GetLayerDefn()
    fields = [definition.GetFieldDefn(index) for index in range(definition.GetFieldCount())]
    wanted = {
        field.GetName().strip().lower(): index
        for index, field in enumerate(fields)
        if field.GetName().strip().lower() in {*_OWN, *_AROSICS, *_KARIOS, *_OTHERS}
    }
    rows, places = [], []
    for number, feature in enumerate(layer, start=1):
        if number > MAX_POINTS:
            raise _too_many(path)
        rows.append([_number(path, number, feature, index) for index in wanted.values()])
        places.append(_point(feature))
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(wanted))
    geometry = None if definition.GetGeomType() == ogr.wkbNone else np.array(places, dtype=np.float64).reshape(-1, 2)
    crs = layer.GetSpatialRef()
    known = crs is not None and (crs.IsProjected() or crs.IsGeographic())
    return _Table(path, dict(zip(wanted, values.T)), geometry, crs.ExportToWkt() if known else None)


def _number(path: Path, row: int, feature: Any, index: int) -> float:
    if not feature.IsFieldSetAndNotNull(index):
        return float("nan")
    text = feature.GetFieldAsString(index).strip().lower()
    try:
        return _WORDS[text] if text in _WORDS else float(text or "nan")
    except ValueError:
        name = feature.GetFieldDefnRef(index).GetName()
        raise InputError(f"'{path.name}' has no number in column {name}, row {row}:", f"'{text[:20]}'.") from None


def _point(feature: Any) -> tuple[float, float]:
    geometry = feature.GetGeometryRef()
    if geometry is None or ogr.GT_Flatten(geometry.GetGeometryType()) != ogr.wkbPoint or geometry.IsEmpty():
        return float("nan"), float("nan")
    return geometry.GetX(), geometry.GetY()


def _too_many(path: Path) -> InputError:
    return InputError(f"'{path.name}' has more than {MAX_POINTS:,} points.", fix="Thin them first.")
