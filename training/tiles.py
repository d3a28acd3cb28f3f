"""Co-registered visible and near-infrared tiles listed in an index.csv, split by place, or packed in one file.

The index has a row a tile. Used are the columns file, split, place, bands, red_nir_dx_px, red_nir_dy_px, peak_z and,
where they stand, nir_file (a near-infrared raster of its own on the same grid) and col_off, row_off, width, height
(the window of a larger raster). Nothing here imports GDAL before a raster is read.
"""

from __future__ import annotations

import csv
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltcore.errors import InputError

from .pack import PACKED_SUFFIX, SPLITS, Split, Tile, read_tiles

__all__ = ["FOLDER_VARIABLE", "INDEX_NAME", "Chip", "Split", "Tile", "find_index", "load_tiles", "read_index"]

_LOG = logging.getLogger(__name__)

FOLDER_VARIABLE = "LTFORMER_DATA"
INDEX_NAME = "index.csv"
COLUMNS = ("file", "split", "place", "bands", "red_nir_dx_px", "red_nir_dy_px", "peak_z")

MAX_OFFSET_PX = 0.5  # a larger offset between the bands would be learned as truth
CLEAR_PEAK = 7.0  # correlation peak, in deviations, from which a measured offset is believed


@dataclass(frozen=True)
class Chip:
    """A row of the index.

    Attributes:
        path: raster of the visible bands, and of NIR unless that has a file of its own.
        split: train, val, test, or anything else for a row that is left out.
        place: all chips of a place stand in one split.
        bands: what the bands are, in their order: R, G, B, PAN, NIR, or "-" for one that is not used.
        offset_px: (x, y) that lays NIR on the visible bands when added to positions in it.
        peak_z: how clear that is, in deviations of the correlation.
        window: column, row, width and height of the part that is meant, or None for the whole raster.
        nir_path: raster whose only band is NIR, or None; the last of `bands` is then this one.
    """

    path: Path
    split: str
    place: str
    bands: tuple[str, ...]
    offset_px: tuple[float, float]
    peak_z: float
    window: tuple[int, int, int, int] | None = None
    nir_path: Path | None = None

    @property
    def is_aligned(self) -> bool:
        """Whether the bands lie on each other as far as could be measured."""
        return self.peak_z < CLEAR_PEAK or float(np.hypot(*self.offset_px)) <= MAX_OFFSET_PX

    @property
    def name(self) -> str:
        """Name of the file, followed by column and row of the window if it has one."""
        return self.path.name if self.window is None else f"{self.path.name}@{self.window[0]},{self.window[1]}"


def find_index(data: Path | None = None) -> Path:
    """Returns the index, or file of packed tiles, that is meant by `data` or else by LTFORMER_DATA.

    Args:
        data: an index (.csv), packed tiles (.safetensors), or a folder with index.csv or chips/index.csv.

    Raises:
        InputError: neither is given, or there is no index.
    """
    named = data or (Path(os.environ[FOLDER_VARIABLE]) if os.environ.get(FOLDER_VARIABLE) else None)
    if named is None:
        raise InputError(
            "No training data was given.",
            "",
            f"Name an index.csv or its folder by --data or the variable {FOLDER_VARIABLE}.",
        )
    candidates = (named, named / INDEX_NAME, named / "chips" / INDEX_NAME)
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise InputError(
            f"'{named}' has no {INDEX_NAME}.",
            "",
            f"Make one with python -m training.dataset, or check --data or {FOLDER_VARIABLE}.",
        )
    return found


def read_index(index: Path, split: Split) -> list[Chip]:
    """Returns the aligned chips of one split, in the order of the index.

    Raises:
        InputError: the index cannot be read, a place stands in more than one split, or the split is empty.
    """
    chips = [chip for chip in _read_chips(index) if chip.split in SPLITS]
    splits: dict[str, str] = {}
    for chip in chips:
        if splits.setdefault(chip.place, chip.split) != chip.split:
            raise InputError(f"The place '{chip.place}' stands in two splits.", "", "Give all its chips one split.")
    members = [chip for chip in chips if chip.split == split]
    chosen = [chip for chip in members if chip.is_aligned]
    if len(chosen) < len(members):
        _LOG.info("%d of %d %s chips are misaligned and left out", len(members) - len(chosen), len(members), split)
    if not chosen:
        raise InputError(f"The index '{index}' has no aligned chip of the split '{split}'.")
    return chosen


def _read_chips(index: Path) -> list[Chip]:
    try:
        with index.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = set(COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise InputError(f"The index '{index}' has no column {', '.join(sorted(missing))}.")
            return [_chip(index, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The index '{index}' cannot be read.", f"{error}.") from error


def _chip(index: Path, line: int, row: dict[str, str]) -> Chip:
    try:
        window = None
        if row.get("col_off"):
            left, top, width, height = (int(row[name]) for name in ("col_off", "row_off", "width", "height"))
            window = left, top, width, height
        return Chip(
            path=index.parent / row["file"],
            split=row["split"],
            place=row["place"],
            bands=tuple(row["bands"].split(",")),
            offset_px=(float(row["red_nir_dx_px"] or 0), float(row["red_nir_dy_px"] or 0)),
            peak_z=float(row["peak_z"] or 0),
            window=window,
            nir_path=index.parent / row["nir_file"] if row.get("nir_file") else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # a short row gives None, a long one a list
        raise InputError(f"Line {line} of the index '{index}' cannot be read.", f"{error}.") from error


def load_tiles(index: Path, split: Split, keypoints_per_band: int) -> list[Tile]:
    """Returns the tiles of a split with their keypoints, in the order of the index.

    Args:
        index: as `find_index` returns it; packed tiles keep the keypoints with which they were packed.
        split: which tiles.
        keypoints_per_band: SIFT keypoints of each of luminance and NIR, at most.

    Raises:
        InputError: the index or one of its files cannot be used.
    """
    if index.suffix == PACKED_SUFFIX:
        return read_tiles(index, split)
    from .chips import ChipReader  # noqa: PLC0415 - needs GDAL, packed tiles do not

    reader = ChipReader()
    return [reader.load(chip, keypoints_per_band) for chip in read_index(index, split)]
