"""Tie points as a GeoPackage layer, and beside it why there are none elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from osgeo import gdal, ogr, osr

from ..atomic import atomic_path, write_error
from ..errors import InputError
from ..gcp import Gcp, GcpSet, map_positions
from ..result import RegistrationResult, TransformFit
from ..types import Gaps
from .grid import GeoGrid

ogr.UseExceptions()

LAYER = "tie_points"
GAPS_LAYER = "no_points"

_REALS = (
    "sensed_x", "sensed_y", "reference_x", "reference_y", "dx_px", "dy_px", "residual_px", "heldout_px", "score",
    "cov_xx", "cov_xy", "cov_yy",
)  # fmt: skip
_NO_CRS = 'LOCAL_CS["Undefined Cartesian SRS"]'  # the GeoPackage standard's srs_id -1; 0 would be degrees
_FIXED_DATE = "2000-01-01T00:00:00.000Z"  # of the last change: equal results give equal files


def write_tie_points(path: Path, result: RegistrationResult) -> None:
    """Writes tie points and gaps as layers `tie_points` and `no_points` of a GeoPackage, whole or not at all.

    A point lies at its reference position, in the reference's CRS; without geotransform in the frame in which QGIS
    draws the reference (x = column, y = -row), the CRS being GeoPackage's "undefined Cartesian". Fields: id (from
    1), positions in pixel-edge px of both rasters, residual (reference - transform(sensed), reference px, y down),
    heldout_px, score, enabled (1 for inliers) and the covariance of the offset, px^2. What was not measured is
    NULL. An empty layer is possible.

    The second layer, in the same frame, holds a multipolygon for each reason why cells of the overlap have no good tie
    point: reason, number of cells, share of the overlap's cells (0 to 1). It is left out if nobody looked.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_path(path) as temporary:
        try:
            with _fixed_date():
                _write(temporary, result)
        except RuntimeError as error:
            raise write_error(path, error) from error


@contextmanager
def _fixed_date() -> Iterator[None]:
    before = gdal.GetThreadLocalConfigOption("OGR_CURRENT_DATE")
    gdal.SetThreadLocalConfigOption("OGR_CURRENT_DATE", _FIXED_DATE)
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption("OGR_CURRENT_DATE", before)


def _write(path: Path, result: RegistrationResult) -> None:
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    grid = result.reference_grid
    crs = osr.SpatialReference()
    crs.SetFromUserInput(grid.crs_wkt if grid.is_georeferenced and grid.crs_wkt else _NO_CRS)
    crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    layer = dataset.CreateLayer(LAYER, crs, ogr.wkbPoint, ["FID=fid", "GEOMETRY_NAME=geom"])
    layer.CreateField(ogr.FieldDefn("id", ogr.OFTInteger))
    layer.CreateField(ogr.FieldDefn("enabled", ogr.OFTInteger))
    for name in _REALS:
        layer.CreateField(ogr.FieldDefn(name, ogr.OFTReal))
    dataset.StartTransaction()
    for index, (x, y) in enumerate(map_positions(result.reference_grid, result.tie_points.reference_xy)):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({float(x)!r} {float(y)!r})"))
        for name, value in _values(result, index).items():
            if value is not None:
                feature.SetField(name, value)
        layer.CreateFeature(feature)
    dataset.CommitTransaction()
    if result.gaps is not None:
        _write_gaps(dataset, crs, result.gaps, grid)
    del layer, dataset


def _write_gaps(dataset: Any, crs: Any, gaps: Gaps, grid: GeoGrid) -> None:
    """Adds the second layer: programs that are told no name open the first."""
    layer = dataset.CreateLayer(GAPS_LAYER, crs, ogr.wkbMultiPolygon, ["FID=fid", "GEOMETRY_NAME=geom"])
    for name, kind in (("reason", ogr.OFTString), ("cells", ogr.OFTInteger), ("share", ogr.OFTReal)):
        layer.CreateField(ogr.FieldDefn(name, kind))
    corners = map_positions(grid, gaps.corners_xy.reshape(-1, 2)).reshape(-1, 4, 2)
    finite = np.isfinite(corners).all(axis=(1, 2))
    reasons = np.array(gaps.reasons, dtype=object)
    dataset.StartTransaction()
    for reason, share in gaps.shares.items():
        area = shapely.union_all(shapely.polygons(corners[finite & (reasons == reason)]))
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("reason", reason)
        feature.SetField("cells", int((reasons == reason).sum()))
        feature.SetField("share", share)
        feature.SetGeometry(ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkb(shapely.to_wkb(area))))
        layer.CreateFeature(feature)
    dataset.CommitTransaction()


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
    return {
        name: value if isinstance(value, int) else float(value)
        for name, value in values.items()
        if math.isfinite(value)
    }


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
        gcps = tuple(_gcp(feature, number) for number, feature in enumerate(layer, start=1))
    except (RuntimeError, KeyError) as error:
        raise InputError(f"'{path.name}' holds no tie points that can be read:", f"{error}.") from error
    return GcpSet(gcps, crs.ExportToWkt() if known else None)


def _gcp(feature: Any, number: int) -> Gcp:
    place = feature.GetGeometryRef()
    values = [feature.GetFieldAsDouble(name) for name in ("sensed_x", "sensed_y")]
    values += [place.GetX(), place.GetY()] if place is not None else [math.nan, math.nan]
    if not all(math.isfinite(value) for value in values):
        raise KeyError(f"point {number} has no finite position")
    col, row, x, y = values
    return Gcp(number, col, row, x, y, enabled=bool(feature.GetFieldAsInteger("enabled")))
