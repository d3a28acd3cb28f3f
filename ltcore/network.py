"""Names that lead to the network are refused, unless the environment says LTCORE_NETWORK=allowed."""

from __future__ import annotations

import os
import re

from .errors import InputError

_ADDRESS = re.compile(
    r"/vsi(curl|s3|gs|az|adls|oss|swift|webhdfs|hdfs)"
    r"|^(https?|ftp|s3|gs|wms|wmts|wcs|wfs|csw|oapif(_collection)?|ogcapi|es|eedai?|plmosaic|plscenes|daas|ngw|stacit"
    r"|stacta|carto|amigocloud|mongodbv3|pg|postgresql|mysql|mssql|oci|georaster|odbc|gpsbabel|gmlas|adbc|hana):"
    r"|(https?|ftp):/",
    re.IGNORECASE,
)


def is_allowed() -> bool:
    """Tells whether the user allows the network."""
    return os.environ.get("LTCORE_NETWORK") == "allowed"


def check_local(text: str) -> None:
    """Refuses a name that GDAL would take for an address, a database or a program. Raises InputError."""
    if _ADDRESS.search(text) and not is_allowed():
        raise InputError(f"'{text}' is on the network.", "Only local files are read.", "Download it first.")
