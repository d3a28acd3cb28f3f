"""Chips of an index read through GDAL into tiles with keypoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ltcore.config import RasterSource
from ltcore.errors import InputError
from ltcore.features.sift import detect_keypoints
from ltcore.frame import Scene
from ltcore.raster.radiometry import percentile_stretch
from ltcore.raster.read import RasterView, Window, grid_of, open_raster

from .pack import Tile
from .tiles import Chip

NIR = "NIR"
UNUSED = "-"
LUMINANCE_WEIGHTS = {"R": 0.299, "G": 0.587, "B": 0.114, "PAN": 1.0}  # ITU-R BT.601; a panchromatic band as it is


@dataclass(frozen=True)
class ChipScenes:
    """The bands of a raster, each stretched to 0..255: luminance, the visible ones in their order, near infrared."""

    luminance: Scene
    visible: tuple[Scene, ...]
    nir: Scene

    @property
    def full_window(self) -> Window:
        """The whole raster."""
        return self.luminance.view.full_window


def check_bands(bands: tuple[str, ...]) -> None:
    """Checks the names of bands.

    Raises:
        InputError: an unknown name, no visible band, or not exactly one NIR.
    """
    unknown = [name for name in bands if name not in {*LUMINANCE_WEIGHTS, NIR, UNUSED}]
    if unknown:
        known = ", ".join([*LUMINANCE_WEIGHTS, NIR, UNUSED])
        raise InputError(f"The band '{unknown[0]}' is not known.", f"Known are {known} (not used).")
    if bands.count(NIR) != 1 or not any(name in LUMINANCE_WEIGHTS for name in bands):
        raise InputError(f"The bands {','.join(bands)} are not one NIR and at least one visible band.")


def open_chip(chip: Chip) -> ChipScenes:
    """Returns the bands of the raster (or rasters) of a chip, each with the stretch of the whole raster.

    Raises:
        InputError: GDAL cannot read a file, a band is blank, or the bands are not the index's.
    """
    check_bands(chip.bands)
    visible, nir = _open_files(chip)
    numbers = {number: name for number, name in enumerate(chip.bands, 1) if name in LUMINANCE_WEIGHTS}
    weights = np.array([LUMINANCE_WEIGHTS[name] for name in numbers.values()])
    name = chip.path.name
    return ChipScenes(
        _scene(visible, dict(zip(numbers, weights / weights.sum())), name),
        tuple(_scene(visible, {number: 1.0}, name) for number in numbers),
        _scene(nir, {1 if chip.nir_path else chip.bands.index(NIR) + 1: 1.0}, (chip.nir_path or chip.path).name),
    )


def _open_files(chip: Chip) -> tuple[Any, Any]:
    """Returns the datasets of the visible bands and of NIR, which may be one."""
    visible = open_raster(RasterSource(chip.path))
    count = visible.RasterCount + (chip.nir_path is not None)
    if count != len(chip.bands):
        raise InputError(f"'{chip.path.name}' has {count} bands, the index says {','.join(chip.bands)}.")
    if chip.nir_path is None:
        return visible, visible
    nir = open_raster(RasterSource(chip.nir_path))
    if chip.bands[-1] != NIR or nir.RasterCount != 1:
        raise InputError(f"'{chip.nir_path.name}' is not a single band of near infrared.")
    grids = grid_of(visible), grid_of(nir)
    if (grids[0].width, grids[0].height) != (grids[1].width, grids[1].height):
        sizes = " and ".join(f"{grid.width} x {grid.height}" for grid in grids)
        raise InputError(f"'{chip.path.name}' and '{chip.nir_path.name}' have {sizes} pixels: not one grid.")
    return visible, nir


def _scene(dataset: Any, weights: dict[int, float], name: str) -> Scene:
    """Returns the weighted mean of some bands as inference sees it."""
    view = RasterView(dataset, tuple(weights), tuple(weights.values()), dataset.RasterXSize, dataset.RasterYSize)
    return Scene(view, percentile_stretch(view, name))


class ChipReader:
    """Reads chips, keeping the last raster open: its windows share one stretch, as in use."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] | None = None
        self._bands: ChipScenes | None = None

    def open(self, chip: Chip) -> ChipScenes:
        """Returns the bands of the chip's raster.

        Raises:
            InputError: as `open_chip`.
        """
        key = (chip.path, chip.nir_path, chip.bands)
        if self._bands is None or key != self._key:
            self._bands, self._key = open_chip(chip), key
        return self._bands

    def load(self, chip: Chip, max_keypoints: int) -> Tile:
        """Returns the tile with its keypoints, at most `max_keypoints` of each of luminance and NIR.

        Raises:
            InputError: as `open_chip`, or the window lies outside the raster.
        """
        bands = self.open(chip)
        window = window_of(chip, bands)
        visible = [each.read(window) for each in (bands.luminance, *bands.visible)]
        nir = bands.nir.read(window)
        found = [detect_keypoints(image.values, image.valid, max_keypoints) for image in (visible[0], nir)]
        return Tile(
            name=chip.name,
            visible=torch.from_numpy(np.stack([image.values for image in visible])),
            nir=torch.from_numpy(nir.values.copy()),
            xy=np.concatenate([keypoints.xy for keypoints in found]),
            size_px=np.concatenate([keypoints.size_px for keypoints in found]),
        )


def window_of(chip: Chip, bands: ChipScenes) -> Window:
    """Returns the chip's window of its raster.

    Raises:
        InputError: it lies, even partly, outside.
    """
    full = bands.full_window
    if chip.window is None:
        return full
    window = Window(*chip.window)
    right, bottom = window.x + window.width, window.y + window.height
    if min(window.x, window.y, window.width - 1, window.height - 1) < 0 or right > full.width or bottom > full.height:
        raise InputError(f"The window {chip.window} lies outside '{chip.path.name}' ({full.width} x {full.height} px).")
    return window
