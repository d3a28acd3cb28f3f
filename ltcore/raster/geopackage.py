"""GeoPackages in the reference's frame, whole or not at all, and the layer of gaps that all of them have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Union

import numpy as np
import shapely
from osgeo import gdal, ogr, osr

from ..atomic import atomic_path, write_error
from ..gcp import map_positions
from ..types import Gaps
from .grid import GeoGrid

ogr.UseExceptions()

GAPS_LAYER = "no_points"

_FIELD_KINDS = {int: ogr.OFTInteger, float: ogr.OFTReal, str: ogr.OFTString}
_NO_CRS = 'LOCAL_CS["Undefined Cartesian SRS"]'  # the GeoPackage standard's srs_id -1; 0 would be degrees
_FIXED_DATE = "2000-01-01T00:00:00.000Z"  # of the last change: equal results give equal files

Values = Mapping[str, Union[int, float, str]]


def write_geopackage(path: Path, fill: Callable[[Any], None]) -> None:
    """Writes a GeoPackage, whole or not at all.

    Args:
        path: file to write.
        fill: adds layers to an empty OGR dataset, and keeps nothing of it: it is closed after that.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_path(path) as temporary, _fixed_date():
        try:
            dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(temporary))
            try:
                fill(dataset)
            finally:
                dataset.Destroy()  # closes the file whoever still knows of it: Windows deletes no open one
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


def add_layer(dataset: Any, name: str, grid: GeoGrid, geometry: int, fields: Mapping[str, type]) -> Any:
    """Returns a new layer in the reference's CRS; without georeference the CRS is GeoPackage's "undefined Cartesian".

    Args:
        dataset: OGR dataset.
        name: of the layer.
        grid: of the reference.
        geometry: OGR's number of the geometry type.
        fields: field name -> int, float or str.
    """
    crs = osr.SpatialReference()
    crs.SetFromUserInput(grid.crs_wkt if grid.is_georeferenced and grid.crs_wkt else _NO_CRS)
    crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    layer = dataset.CreateLayer(name, crs, geometry, ["FID=fid", "GEOMETRY_NAME=geom"])
    for field, kind in fields.items():
        layer.CreateField(ogr.FieldDefn(field, _FIELD_KINDS[kind]))
    return layer


def add_feature(layer: Any, geometry: Any, values: Values) -> None:
    """Adds a feature; a value that is not finite becomes NULL."""
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(geometry)
    for name, value in values.items():
        if isinstance(value, str) or math.isfinite(value):
            feature.SetField(name, value)
    layer.CreateFeature(feature)


def point(x: float, y: float) -> Any:
    """Returns an OGR point."""
    return ogr.CreateGeometryFromWkt(f"POINT ({float(x)!r} {float(y)!r})")


def line(x: float, y: float, dx: float, dy: float) -> Any:
    """Returns an OGR line from a point by an offset."""
    ends = (float(x), float(y)), (float(x + dx), float(y + dy))
    return ogr.CreateGeometryFromWkt("LINESTRING ({!r} {!r}, {!r} {!r})".format(*ends[0], *ends[1]))


def add_gaps(dataset: Any, gaps: Gaps, grid: GeoGrid) -> None:
    """Adds the layer `no_points`: a multipolygon for each reason why cells of the overlap have no good tie point.

    Fields: reason, number of cells, share of the overlap's cells (0 to 1). It must not be the first layer: programs
    that are told no name open that.
    """
    fields = {"reason": str, "cells": int, "share": float}
    layer = add_layer(dataset, GAPS_LAYER, grid, ogr.wkbMultiPolygon, fields)
    corners = map_positions(grid, gaps.corners_xy.reshape(-1, 2)).reshape(-1, 4, 2)
    finite = np.isfinite(corners).all(axis=(1, 2))
    reasons = np.array(gaps.reasons, dtype=object)
    dataset.StartTransaction()
    for reason, share in gaps.shares.items():
        area = shapely.union_all(shapely.polygons(corners[finite & (reasons == reason)]))
        geometry = ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkb(shapely.to_wkb(area)))
        add_feature(layer, geometry, {"reason": reason, "cells": int((reasons == reason).sum()), "share": share})
    dataset.CommitTransaction()
