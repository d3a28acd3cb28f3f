"""Co-registration of visible and near-infrared rasters: the QGIS-free library."""

from __future__ import annotations

import logging

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())
