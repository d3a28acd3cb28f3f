"""Versions of the software that a result depends on."""

from __future__ import annotations

import importlib.metadata
import platform

from . import __version__
from .raster.drivers import gdal_version

_PACKAGES = ("numpy", "scipy", "torch", "openvino", "onnxruntime", "opencv-python-headless", "shapely")


def versions() -> dict[str, str]:
    """Returns name -> version; packages that are not installed are left out."""
    found = {"ltcore": __version__, "python": platform.python_version(), "gdal": gdal_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
