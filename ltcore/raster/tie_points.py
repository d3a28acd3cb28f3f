"""Tie points as a GeoPackage layer, and beside it why there are none elsewhere."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr

from ..errors import InputError
from ..gcp import MAX_POINTS, Gcp, GcpSet, map_positions
from ..result import RegistrationResult, TransformFit
from .geopackage import add_feature, add_gaps, add_layer, point, write_geopackage

ogr.UseExceptions()

LAYER = "tie_points"

_SENSED = ("sensed_x", "sensed_y")
_REALS = (
    *_SENSED, "reference_x", "reference_y", "dx_px", "dy_px", "residual_px", "heldout_px", "score",
    "cov_xx", "cov_xy", "cov_yy",
)  # fmt: skip


def write_tie_points(path: Path, result: RegistrationResult) -> None:
    """Writes tie points and gaps as layers `tie_points` and `no_points` of a GeoPackage, whole or not at all.

    A point lies at its reference position, in the reference's CRS; without geotransform in the frame in which QGIS
    draws the reference (x = column, y = -row), the CRS being GeoPackage's "undefined Cartesian". Fields: id (from
    1), positions in pixel-edge px of both rasters, residual (reference - transform(sensed), reference px, y down),
    heldout_px, score, enabled (1 for inliers) and the covariance of the offset, px^2. What was not measured is
    NULL. An empty layer is possible.

    The second layer, in the same frame, is that of ltcore.raster.geopackage.add_gaps; it is left out if nobody looked.

    Raises:
        OutputError: the file cannot be written.
    """
    write_geopackage(path, partial(_fill, result))


def _fill(result: RegistrationResult, dataset: Any) -> None:
    grid = result.reference_grid
    layer = add_layer(dataset, LAYER, grid, ogr.wkbPoint, {"id": int, "enabled": int, **dict.fromkeys(_REALS, float)})
    dataset.StartTransaction()
    for index, (x, y) in enumerate(map_positions(grid, result.tie_points.reference_xy)):
        add_feature(layer, point(x, y), _values(result, index))
    dataset.CommitTransaction()
    if result.gaps is not None:
        add_gaps(dataset, result.gaps, grid)


def _values(result: RegistrationResult, index: int) -> dict[str, Any]:
    points = result.tie_points
    covariance = points.covariance_px2[index]
    values: dict[str, Any] = {
        "id": index + 1,
        "enabled": 0,
        "sensed_x": points.sensed_xy[index, 0],
        "sensed_y": points.sensed_xy[index, 1],
        "reference_x": points.reference_xy[index, 0],
        "reference_y": points.reference_xy[index, 1],
        "score": points.score[index],
        "cov_xx": covariance[0, 0],
        "cov_xy": covariance[0, 1],
        "cov_yy": covariance[1, 1],
    }
    if isinstance(result.fit, TransformFit):
        dx, dy = result.fit.residuals_px[index]
        values.update(enabled=int(result.fit.inliers[index]), dx_px=dx, dy_px=dy, residual_px=math.hypot(dx, dy))
        values["heldout_px"] = result.fit.heldout_px[index]
    return {name: value if isinstance(value, int) else float(value) for name, value in values.items()}


def read_tie_points(path: Path) -> GcpSet:
    """Returns the tie points of a GeoPackage as GCPs: edited points keep their place, deleted ones are gone.

    Raises:
        InputError: the file cannot be read, or has no layer `tie_points` with the fields of write_tie_points.
    """
    if not path.is_file():
        raise InputError(f"The file '{path}' does not exist.", fix="Check the path.")
    try:
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY)
        layer = dataset.GetLayerByName(LAYER)
        if layer is None:
            raise InputError(f"'{path.name}' has no layer '{LAYER}'.", fix="Give a tie_points.gpkg.")
        crs = layer.GetSpatialRef()
        known = crs is not None and (crs.IsProjected() or crs.IsGeographic())
        if layer.GetFeatureCount() > MAX_POINTS:
            raise InputError(f"'{path.name}' has more than {MAX_POINTS:,} points.", fix="Thin them first.")
        gcps = tuple(_gcp(feature, number) for number, feature in enumerate(layer, start=1))
    except (RuntimeError, KeyError) as error:
        raise InputError(f"'{path.name}' holds no tie points that can be read:", f"{error}.") from error
    return GcpSet(gcps, crs.ExportToWkt() if known else None)


def _gcp(feature: Any, number: int) -> Gcp:
    place = feature.GetGeometryRef()
    values = [feature.GetFieldAsDouble(name) if feature.IsFieldSetAndNotNull(name) else math.nan for name in _SENSED]
    values += [place.GetX(), place.GetY()] if place is not None else [math.nan, math.nan]
    if not all(math.isfinite(value) for value in values):
        raise KeyError(f"point {number} has no finite position")
    col, row, x, y = values
    return Gcp(number, col, row, x, y, enabled=bool(feature.GetFieldAsInteger("enabled")))
