"""Coordinate reference systems, so far as lengths need them."""

from __future__ import annotations

import math

from osgeo import osr

_METRES_PER_DEGREE = 111_320.0  # of a great circle of the mean Earth radius


def metres_per_unit(crs_wkt: str, latitude_deg: float) -> float:
    """Returns the length of one map unit in metres; for degrees the geometric mean of both axes at a latitude."""
    crs = osr.SpatialReference()
    crs.ImportFromWkt(crs_wkt)
    if crs.IsGeographic():
        squeeze = max(1e-6, math.cos(math.radians(min(90.0, abs(latitude_deg)))))
        return _METRES_PER_DEGREE * math.sqrt(squeeze)
    return float(crs.GetLinearUnits())


def unit_name(crs_wkt: str) -> str:
    """Returns the name of the CRS's map unit, such as "metre" or "degree"."""
    crs = osr.SpatialReference()
    crs.ImportFromWkt(crs_wkt)
    return str(crs.GetAngularUnitsName() if crs.IsGeographic() else crs.GetLinearUnitsName())
