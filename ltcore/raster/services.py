"""GDAL without a network: addresses hidden inside files, a VRT's sources or XML's schemas, lead nowhere either.

This holds for the whole process, as GDAL's drivers and settings do.
"""

from __future__ import annotations

import os

from osgeo import gdal

# All drivers that talk to servers or start programs, in any GDAL, GMLAS for the schemas it fetches.
_DRIVERS = (
    *("ADBC", "AmigoCloud", "Carto", "CouchDB", "CSW", "DAAS", "DODS", "EEDA", "EEDAI", "Elasticsearch", "GeoRaster"),
    *("GMLAS", "GPSBabel", "HANA", "HTTP", "JPIPKAK", "MongoDBv3", "MSSQLSpatial", "MySQL", "NGW", "OAPIF", "OCI"),
    *("ODBC", "OGCAPI", "OGR_OGDI", "PLMOSAIC", "PLSCENES", "PostGISRaster", "PostgreSQL", "RDA", "STACIT", "STACTA"),
    *("WCS", "WFS", "WMS", "WMTS"),
)
_NOWHERE = "127.0.0.1:1"
_SETTINGS = {
    "GDAL_HTTP_PROXY": _NOWHERE,
    "GDAL_HTTPS_PROXY": _NOWHERE,
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
}


def refuse_services() -> None:
    """Takes the drivers of services and databases out of GDAL and leaves HTTP no way out."""
    for name in ("no_proxy", "NO_PROXY"):  # they would lead past the proxy that is none
        os.environ.pop(name, None)
    for name, value in _SETTINGS.items():
        gdal.SetConfigOption(name, value)
    present = [driver for driver in map(gdal.GetDriverByName, _DRIVERS) if driver is not None]
    # osgeo.ogr registers all drivers again when it is loaded; the setting holds for that, too.
    gdal.SetConfigOption("GDAL_SKIP", ",".join(driver.ShortName for driver in present))
    for driver in present:
        driver.Deregister()
