"""The rasters of a folder: whole ones and pairs of files, what their bands are, and the windows of large ones."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from ltcore.config import RasterSource
from ltcore.errors import InputError
from ltcore.raster.read import open_raster

from .chips import NIR, UNUSED, check_bands

RASTER_SUFFIXES = (".tif", ".tiff", ".jp2", ".img")  # not those of quicklooks

_BY_COUNT = {3: ("R", "G", NIR), 4: ("R", "G", "B", NIR)}
_VISIBLE_BY_COUNT = {1: ("R",), 3: ("R", "G", "B")}  # of a file whose NIR stands in another one
_BY_COLOUR = {gdal.GCI_RedBand: "R", gdal.GCI_GreenBand: "G", gdal.GCI_BlueBand: "B"}
if hasattr(gdal, "GCI_NIRBand"):  # from GDAL 3.10 on
    _BY_COLOUR[gdal.GCI_NIRBand] = NIR
_BY_DESCRIPTION = {
    **dict.fromkeys(("r", "red"), "R"),
    **dict.fromkeys(("g", "green"), "G"),
    **dict.fromkeys(("b", "blue"), "B"),
    **dict.fromkeys(("pan", "panchromatic"), "PAN"),
    **dict.fromkeys(("n", "nir", "near infrared", "near-infrared", "near_infrared", "nearinfrared"), NIR),
}


@dataclass(frozen=True)
class RasterFiles:
    """A raster of the folder, or a pair of files; `name` is its place as far as that tells: the path without suffix."""

    path: Path
    name: str
    nir_path: Path | None = None


@dataclass(frozen=True)
class Patterns:
    """Which files are visible and which near infrared; each pattern has one `*`, which stands for the same text."""

    visible: str
    nir: str


def find_rasters(folder: Path, patterns: Patterns | None) -> tuple[list[RasterFiles], list[Path]]:
    """Returns the rasters of a folder and its subfolders in alphabetical order, and pair files without a partner.

    Args:
        folder: where to look; hidden files are not looked at.
        patterns: of pairs of files; without them each file of a raster's suffix is one raster.

    Raises:
        InputError: no folder, a name that is not Unicode, or a pattern without exactly one `*`.
    """
    if not folder.is_dir():
        raise InputError(f"'{folder}' is no folder.", "", "Name the folder that holds the rasters.")
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    paths = {name: path for name, path in paths.items() if not any(part.startswith(".") for part in name.split("/"))}
    if patterns is not None:
        return _find_pairs(paths, patterns)
    rasters = {name: path for name, path in paths.items() if path.suffix.lower() in RASTER_SUFFIXES}
    _check_names(rasters)
    return [RasterFiles(path, _stem(name)) for name, path in rasters.items()], []


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:  # bytes that are no text, which the index is
            raise InputError(f"The file name {name!r} is not Unicode.", "", "Rename the file.") from error


def _stem(name: str) -> str:
    return name[: -len(Path(name).suffix)] if Path(name).suffix else name


def _find_pairs(paths: dict[str, Path], patterns: Patterns) -> tuple[list[RasterFiles], list[Path]]:
    visible, nir = (_matches(paths, pattern) for pattern in (patterns.visible, patterns.nir))
    _check_names([*visible.values(), *nir.values()])
    pairs = []
    for key, name in visible.items():
        if key in nir and nir[key] != name:
            folder, text = key
            pairs.append(RasterFiles(paths[name], f"{folder}/{text}" if folder else text, paths[nir[key]]))
    lonely = {paths[name] for found in (visible, nir) for name in found.values()}
    lonely -= {path for pair in pairs for path in (pair.path, pair.nir_path) if path is not None}
    return pairs, sorted(lonely)


def _matches(paths: dict[str, Path], pattern: str) -> dict[tuple[str, str], str]:
    """Returns the names that fit, by folder and the text that `*` stands for; a pattern with `/` names the folder."""
    if pattern.count("*") != 1:
        raise InputError(f"The pattern '{pattern}' has not exactly one *.", "", "Write for example '*_NIR.tif'.")
    before, after = (re.escape(part) for part in pattern.split("*"))
    expression = re.compile(f"(?P<folder>(?:.*/)?){before}(?P<text>[^/]+){after}")
    found = {}
    for name in paths:
        match = expression.fullmatch(name)
        if match:
            found[match["folder"].rstrip("/"), match["text"]] = name
    return found


def bands_of(files: RasterFiles, given: tuple[str, ...] | None) -> tuple[tuple[str, ...], str]:
    """Returns what the bands of a raster are, NIR last where it has a file of its own, and how that is known.

    Descriptions and colours of the bands count only where they name all of them; GDAL marks the fourth band of many
    rasters as alpha though it is near infrared.

    Raises:
        InputError: GDAL cannot open it, or neither names nor number of the bands tell what they are.
    """
    dataset = open_raster(RasterSource(files.path))
    own = () if files.nir_path is None else (NIR,)
    count = dataset.RasterCount
    if given is not None:
        if len(given) != count + len(own):
            raise InputError(f"It has {count + len(own)} bands, --bands names {len(given)}: {','.join(given)}.")
        return given, "by --bands"
    for named, how in ((_described(dataset), "by description"), (_coloured(dataset), "by colour")):
        bands = (*named, *own)
        if len(named) == count and bands.count(NIR) == 1 and len(set(bands)) == len(bands):
            check_bands(bands)
            return bands, how
    if not own and _coloured(dataset) == ["R", "G", "B"] and count == 3:
        raise InputError("Its 3 bands are marked red, green, blue.", "", "If the last is NIR, say so: --bands R,G,NIR.")
    assumed = (_VISIBLE_BY_COUNT if own else _BY_COUNT).get(count)
    if assumed is None:
        raise InputError(f"It has {count} band(s), not named.", "", f"Name them by --bands, {UNUSED} for others.")
    return (*assumed, *own), f"assumed of {count} band(s)"


def _described(dataset: Any) -> list[str]:
    texts = (dataset.GetRasterBand(number + 1).GetDescription() for number in range(dataset.RasterCount))
    return [_BY_DESCRIPTION[text.strip().lower()] for text in texts if text.strip().lower() in _BY_DESCRIPTION]


def _coloured(dataset: Any) -> list[str]:
    colours = (dataset.GetRasterBand(number + 1).GetColorInterpretation() for number in range(dataset.RasterCount))
    return [_BY_COLOUR[colour] for colour in colours if colour in _BY_COLOUR]


def windows_of(
    width: int, height: int, side_px: int, at_most: int, apart: bool = False
) -> Sequence[tuple[int, int, int, int] | None]:
    """Returns column, row, width, height of equal windows side by side, or [None] for a raster that is no larger.

    Args:
        width: columns of the raster.
        height: rows of the raster.
        side_px: largest side of a window.
        at_most: of more windows, so many are kept, evenly spread.
        apart: only every second window along both axes, so that none touches another.
    """
    if max(width, height) <= side_px:
        return [None]
    x, y = (
        np.linspace(0, side, math.ceil(side / side_px) + 1).round().astype(int).tolist() for side in (width, height)
    )
    step = 2 if apart else 1
    columns, rows = (list(zip(edges, edges[1:]))[::step] for edges in (x, y))
    windows = [(left, top, right - left, low - top) for top, low in rows for left, right in columns]
    kept = np.unique(np.linspace(0, len(windows) - 1, min(at_most, len(windows))).round().astype(int))
    return [windows[number] for number in kept]
