"""Tiles of a split with the places they show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ltcore.errors import InputError
from training.chips import ChipReader
from training.evaluate import is_evaluated
from training.tiles import Split, Tile, find_index, read_index

CHIP_PX = 128  # tiles with a longer shorter side are scenes


@dataclass(frozen=True)
class Scene:
    """A tile and the place it shows; all tiles of a place stand in one split."""

    place: str
    tile: Tile

    @property
    def visible(self) -> NDArray[np.float32]:
        """(H, W) luminance, grey levels."""
        grey: NDArray[np.float32] = self.tile.visible[0].numpy()
        return grey

    @property
    def nir(self) -> NDArray[np.float32]:
        """(H, W) near-infrared grey levels."""
        grey: NDArray[np.float32] = self.tile.nir.numpy()
        return grey

    @property
    def shorter_side_px(self) -> int:
        """Rows or columns, whichever are fewer."""
        return int(min(self.tile.nir.shape))


def load_scenes(data: Optional[Path], split: Split) -> list[Scene]:
    """Returns the tiles of a split that are large enough to be evaluated, in the order of the index.

    Raises:
        InputError: there is no index, or it is a file of packed tiles, which does not say the places.
    """
    index = find_index(data)
    if index.suffix != ".csv":
        raise InputError(f"'{index.name}' does not say the places.", "", "Give the index.csv or its folder.")
    reader = ChipReader()
    scenes = [Scene(chip.place, reader.load(chip, 1)) for chip in read_index(index, split)]
    return [scene for scene in scenes if is_evaluated(scene.tile)]
