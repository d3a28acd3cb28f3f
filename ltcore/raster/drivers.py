"""What this GDAL is and can."""

from __future__ import annotations

from osgeo import gdal


def gdal_version() -> str:
    """Returns GDAL's release name, e.g. "3.6.2"."""
    return str(gdal.__version__)


def raster_drivers() -> list[str]:
    """Returns the short names of the raster drivers, sorted."""
    drivers = (gdal.GetDriver(number) for number in range(gdal.GetDriverCount()))
    return sorted(d.ShortName for d in drivers if d.GetMetadataItem(gdal.DCAP_RASTER) == "YES")
