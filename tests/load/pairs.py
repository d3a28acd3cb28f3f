"""Small pairs, and what a registration of them says and writes, for comparison."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from tests.data.make_rasters import make_raster, texture, to_bytes

SAMPLE = Path(__file__).resolve().parents[2] / "samples/georeferenced"
SIDE = 160
_CHANGING = ("seconds", "cpu_seconds", "outputs", "device")  # how long it took, where to, how many threads


def small_pairs(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Writes the pairs and returns them by name, reference first.

    "placed": a window of the georeferenced sample; "plain": the same without georeference, the sensed one turned;
    "unrelated": a texture in place of the turned one; "blank": one value in place of it; "missing": no file.
    """
    visible, nir = (window(folder, name) for name in ("visible", "nir"))
    place = {"geotransform": gdal.Open(str(nir)).GetGeoTransform(), "epsg": 26917}
    unrelated = make_raster(folder / "unrelated.tif", to_bytes(texture(96, 96)))
    blank = make_raster(folder / "blank.tif", np.full((SIDE, SIDE), 90, np.uint8), **place)
    plain_visible = make_raster(folder / "plain_visible.tif", gdal.Open(str(visible)).ReadAsArray())
    turned = np.rot90(gdal.Open(str(nir)).ReadAsArray())
    return {
        "placed": (visible, nir),
        "plain": (plain_visible, make_raster(folder / "plain_nir.tif", np.ascontiguousarray(turned))),
        "unrelated": (plain_visible, unrelated),
        "blank": (visible, blank),
        "missing": (visible, folder / "missing.tif"),
    }


def window(folder: Path, name: str) -> Path:
    """Returns a window of a georeferenced sample as a file."""
    path = folder / f"{name}.tif"
    gdal.Translate(str(path), str(SAMPLE / f"{name}.tif"), srcWin=[200, 160, SIDE, SIDE])
    return path


def lasting(summary: dict[str, Any]) -> dict[str, Any]:
    """Returns what of a result must be the same however often, however fast and wherever it is made."""
    return {key: value for key, value in summary.items() if key not in _CHANGING}


def digests(folder: Path) -> dict[str, str]:
    """Returns what tells whether points and pixels are the same to the last bit: file name -> digest."""
    names = ("tie_points.gpkg", "gcps.points", "warped.tif", "offsets.gpkg")
    made = [folder / name for name in names if (folder / name).exists()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in made}
