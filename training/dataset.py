"""Co-registered visible and near-infrared tiles listed in an index.csv, split by place.

The index has a row a tile; used are the columns file, split, place, bands, red_nir_dx_px, red_nir_dy_px, peak_z.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from osgeo import gdal
from torch import Tensor

from ltcore.errors import InputError
from ltcore.features.sift import detect_keypoints
from ltcore.types import FloatArray

Split = Literal["train", "val", "test"]
FOLDER_VARIABLE = "LTFORMER_DATA"

_MAX_OFFSET_PX = 0.5  # a larger offset between the bands would be learned as truth
_CLEAR_PEAK = 7.0  # correlation peak, in deviations, from which a measured offset is believed
_LUMINANCE = {"R": 0.299, "G": 0.587, "B": 0.114}
_PERCENTILES = (1.0, 99.0)


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
        InputError: GDAL cannot read the file, or its bands are not the index's.
    """
    bands = read_bands(chip.path)
    if len(bands) != len(chip.bands) or chip.bands[-1] != "NIR":
        raise InputError(f"'{chip.path.name}' has {len(bands)} bands, the index says {','.join(chip.bands)}.")
    weight = np.array([_LUMINANCE[letter] for letter in chip.bands[:-1]])
    luminance = np.tensordot(weight / weight.sum(), bands[:-1], axes=1)
    valid = np.isfinite(bands).all(axis=0)
    visible = [stretch(band, valid) for band in (luminance, *bands[:-1])]
    nir = stretch(bands[-1], valid)
    found = [detect_keypoints(image, valid, max_keypoints) for image in (visible[0], nir)]
    return Tile(
        name=chip.path.name,
        visible=torch.from_numpy(np.stack(visible)),
        nir=torch.from_numpy(nir),
        xy=np.concatenate([keypoints.xy for keypoints in found]),
        size_px=np.concatenate([keypoints.size_px for keypoints in found]),
    )


def read_bands(path: Path) -> NDArray[np.float32]:
    """Returns all bands (B, H, W) of a raster as float32, nan where one has no data.

    Raises:
        InputError: GDAL cannot read the file.
    """
    try:
        dataset = gdal.Open(str(path))
        values = None if dataset is None else dataset.ReadAsArray()
    except RuntimeError as error:  # where GDAL's exceptions are switched on
        raise InputError(f"'{path}' cannot be read.", f"GDAL says: {error}.") from error
    if values is None:
        raise InputError(f"'{path}' cannot be read.", f"GDAL says: {gdal.GetLastErrorMsg()}.")
    bands = values.astype(np.float32).reshape(-1, dataset.RasterYSize, dataset.RasterXSize)
    masks = [dataset.GetRasterBand(i + 1).GetMaskBand().ReadAsArray() for i in range(len(bands))]
    result: NDArray[np.float32] = np.where(np.stack(masks) > 0, bands, np.nan)
    return result


def stretch(band: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Returns the band with the 1st and 99th percentile of its valid pixels at 0 and 255; zeros where invalid."""
    if not valid.any():
        return np.zeros(band.shape, np.float32)
    low, high = np.percentile(band[valid], _PERCENTILES)
    scaled = (band - low) * (255.0 / max(high - low, 1e-6))
    return np.where(valid, np.clip(scaled, 0, 255), 0).astype(np.float32)


def load_tiles(folder: Path, split: Split, keypoints_per_band: int) -> list[Tile]:
    """Returns the tiles of a split with their keypoints, in the order of the index."""
    return [load_tile(chip, keypoints_per_band) for chip in read_index(folder, split)]
