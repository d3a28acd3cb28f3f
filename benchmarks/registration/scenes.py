"""The scenes that pairs are made of: red and near-infrared band of the same place, aligned."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ltcore.config import RasterSource
from ltcore.raster.read import grid_of, open_raster
from ltcore.raster.views import plain_view

MIN_SIDE_PX = 150
MAX_SIDE_PX = 512  # larger scenes are cut to their middle: times of pairs can be compared
NATIVE_LIMIT_PX = 0.3  # bands that are not aligned better than this themselves are no truth
_MADE_UP = {"geotransform": (500_000.0, 10.0, 0.0, 5_600_000.0, 0.0, -10.0), "epsg": 32633}


@dataclass(frozen=True)
class Scene:
    """One chip.

    Attributes:
        name: stem of its file.
        place: all scenes of a place stand in one split.
        red: (H, W).
        nir: (H, W).
        georeference: geotransform and EPSG code for make_raster; empty where the chip has none.
        native_px: measured offset between its bands.
    """

    name: str
    place: str
    red: NDArray[np.float32]
    nir: NDArray[np.float32]
    georeference: dict[str, Any]
    native_px: float

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), px."""
        height, width = self.red.shape
        return width, height

    def middle(self, side_px: int) -> Scene:
        """Returns its middle, at most `side_px` a side."""
        width, height = self.size
        keep_x, keep_y = min(side_px, width), min(side_px, height)
        x, y = (width - keep_x) // 2, (height - keep_y) // 2
        red, nir = (band[y : y + keep_y, x : x + keep_x] for band in (self.red, self.nir))
        georeference = dict(self.georeference)
        if georeference:
            x0, a, b, y0, d, e = georeference["geotransform"]
            georeference["geotransform"] = (x0 + a * x + b * y, a, b, y0 + d * x + e * y, d, e)
        return replace(self, red=red, nir=nir, georeference=georeference)

    @property
    def any_georeference(self) -> dict[str, Any]:
        """Its georeference; 10 m in UTM 33N where it has none."""
        return self.georeference or _MADE_UP


def load_scenes(data: Path, split: str, max_side_px: int = MAX_SIDE_PX) -> list[Scene]:
    """Returns the scenes of a split that are at least 150 px a side and whose bands are aligned to 0.3 px."""
    kept = [row for row in _rows(data, split) if _native_px(row) <= NATIVE_LIMIT_PX]
    return [_scene(data, row).middle(max_side_px) for row in kept]


def excluded_scenes(data: Path, split: str) -> list[dict[str, Any]]:
    """Returns the names of scenes whose bands are not aligned to 0.3 px, and by how much they are not."""
    return [
        {"scene": Path(row["file"]).stem, "native_px": round(_native_px(row), 3)}
        for row in _rows(data, split)
        if _native_px(row) > NATIVE_LIMIT_PX
    ]


def _rows(data: Path, split: str) -> list[dict[str, str]]:
    with (data / "chips" / "index.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == split and "scenes/" in row["file"]]
    return [row for row in rows if min(int(row["width"]), int(row["height"])) >= MIN_SIDE_PX]


def _native_px(row: dict[str, str]) -> float:
    return float(np.hypot(float(row["red_nir_dx_px"]), float(row["red_nir_dy_px"])))


def _scene(data: Path, row: dict[str, str]) -> Scene:
    path, names = data / "chips" / row["file"], row["bands"].split(",")
    dataset = open_raster(RasterSource(path))
    grid = grid_of(dataset)
    views = (plain_view(dataset, RasterSource(path, names.index(band) + 1)) for band in ("R", "NIR"))
    red, nir = (np.array(view.read(view.full_window).values) for view in views)
    known = row["epsg"] and grid.is_georeferenced
    georeference = {"geotransform": grid.geotransform, "epsg": int(row["epsg"])} if known else {}
    return Scene(path.stem, row["place"], red, nir, georeference, _native_px(row))
