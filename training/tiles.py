"""Co-registered visible and near-infrared tiles listed in an index.csv, split by place.

The index has a row a tile; used are the columns file, split, place, bands, red_nir_dx_px, red_nir_dy_px, peak_z.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ltcore.config import RasterSource
from ltcore.errors import InputError
from ltcore.features.sift import detect_keypoints
from ltcore.raster.radiometry import percentile_stretch
from ltcore.raster.read import MaskedImage, RasterView, open_raster
from ltcore.types import FloatArray

Split = Literal["train", "val", "test"]
FOLDER_VARIABLE = "LTFORMER_DATA"

_MAX_OFFSET_PX = 0.5  # a larger offset between the bands would be learned as truth
_CLEAR_PEAK = 7.0  # correlation peak, in deviations, from which a measured offset is believed
_LUMINANCE = {"R": 0.299, "G": 0.587, "B": 0.114}


@dataclass(frozen=True)
class Chip:
    """A row of the index: `bands` are letters such as ("R", "G", "B", "NIR"), `offset_px` red to NIR (x, y)."""

    path: Path
    split: str
    place: str
    bands: tuple[str, ...]
    offset_px: tuple[float, float]
    peak_z: float

    @property
    def is_aligned(self) -> bool:
        """Whether the bands lie on each other as far as could be measured."""
        return self.peak_z < _CLEAR_PEAK or float(np.hypot(*self.offset_px)) <= _MAX_OFFSET_PX


@dataclass(frozen=True)
class Tile:
    """A tile in memory, grey levels 0 to 255.

    Attributes:
        name: of its file.
        visible: (V, H, W) float32: luminance first, then the visible bands.
        nir: (H, W) float32.
        xy: (K, 2) float64 pixel-edge positions of SIFT keypoints of luminance and NIR.
        size_px: (K,) their sizes.
    """

    name: str
    visible: Tensor
    nir: Tensor
    xy: FloatArray
    size_px: FloatArray


def data_folder(folder: Path | None = None) -> Path:
    """Returns the data folder: the argument, or what the environment variable LTFORMER_DATA names.

    Raises:
        InputError: neither is given, or there is no chips/index.csv in it.
    """
    named = folder or (Path(os.environ[FOLDER_VARIABLE]) if os.environ.get(FOLDER_VARIABLE) else None)
    if named is None:
        raise InputError(
            "No training data was given.", "", f"Set {FOLDER_VARIABLE} or --data to a folder with chips/index.csv."
        )
    if not (named / "chips" / "index.csv").is_file():
        raise InputError(f"'{named}' is no data folder: it has no chips/index.csv.", "", f"Check {FOLDER_VARIABLE}.")
    return named


def read_index(folder: Path, split: Split) -> list[Chip]:
    """Returns the aligned chips of one split, in the order of the index.

    Raises:
        InputError: a place stands in more than one split, or the split is empty.
    """
    with (folder / "chips" / "index.csv").open(newline="", encoding="utf-8") as file:
        chips = [_chip(folder / "chips", row) for row in csv.DictReader(file)]
    splits: dict[str, str] = {}
    for chip in chips:
        if splits.setdefault(chip.place, chip.split) != chip.split:
            raise InputError(f"The place '{chip.place}' stands in two splits.", "", "Give all its chips one split.")
    chosen = [chip for chip in chips if chip.split == split and chip.is_aligned]
    if not chosen:
        raise InputError(f"The index in '{folder}' has no aligned chip of the split '{split}'.")
    return chosen


def _chip(folder: Path, row: dict[str, str]) -> Chip:
    return Chip(
        path=folder / row["file"],
        split=row["split"],
        place=row["place"],
        bands=tuple(row["bands"].split(",")),
        offset_px=(float(row["red_nir_dx_px"] or 0), float(row["red_nir_dy_px"] or 0)),
        peak_z=float(row["peak_z"] or 0),
    )


def load_tile(chip: Chip, max_keypoints: int) -> Tile:
    """Returns the tile with its keypoints, at most `max_keypoints` of each of luminance and NIR.

    Raises:
        InputError: GDAL cannot read the file, a band is blank, or the bands are not the index's.
    """
    dataset = open_raster(RasterSource(chip.path))
    count = dataset.RasterCount
    if count != len(chip.bands) or chip.bands[-1] != "NIR":
        raise InputError(f"'{chip.path.name}' has {count} bands, the index says {','.join(chip.bands)}.")
    weight = np.array([_LUMINANCE[letter] for letter in chip.bands[:-1]])
    luminance = _stretched(dataset, dict(enumerate(weight / weight.sum(), 1)), chip.path.name)
    bands = [_stretched(dataset, {number: 1.0}, chip.path.name) for number in range(1, count + 1)]
    found = [detect_keypoints(image.values, image.valid, max_keypoints) for image in (luminance, bands[-1])]
    return Tile(
        name=chip.path.name,
        visible=torch.from_numpy(np.stack([image.values for image in (luminance, *bands[:-1])])),
        nir=torch.from_numpy(bands[-1].values.copy()),
        xy=np.concatenate([keypoints.xy for keypoints in found]),
        size_px=np.concatenate([keypoints.size_px for keypoints in found]),
    )


def _stretched(dataset: Any, weights: dict[int, float], name: str) -> MaskedImage:
    """Returns the weighted mean of some bands as inference sees it: grey levels 0 to 255, 0 where not valid."""
    size = dataset.RasterXSize, dataset.RasterYSize
    view = RasterView(dataset, tuple(weights), tuple(weights.values()), *size)
    return percentile_stretch(view, name)(view.read(view.full_window))


def load_tiles(folder: Path, split: Split, keypoints_per_band: int) -> list[Tile]:
    """Returns the tiles of a split with their keypoints, in the order of the index."""
    return [load_tile(chip, keypoints_per_band) for chip in read_index(folder, split)]
