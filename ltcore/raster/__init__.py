"""Rasters: the only part of ltcore that speaks to GDAL, apart from gcp.py."""

from __future__ import annotations

from osgeo import gdal, osr

from ..network import is_allowed
from .services import refuse_services

gdal.UseExceptions()
osr.UseExceptions()
if gdal.GetConfigOption("GDAL_CACHEMAX") is None:
    gdal.SetCacheMax(256 * 2**20)  # by default 5 % of the memory, which is most of what a run takes
gdal.SetConfigOption("GDAL_PAM_ENABLED", "NO")  # inputs are never modified: no .aux.xml beside them
gdal.PushErrorHandler("CPLQuietErrorHandler")  # failures arrive as exceptions, with the same text
gdal.SetConfigOption("GDAL_VRT_ENABLE_PYTHON", "NO")  # a raster brings no code
if not is_allowed():
    refuse_services()
