"""What each raster of a folder is good for: its windows, their measured alignment, or why they are left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from shapely.geometry.base import BaseGeometry

from ltcore.errors import InputError
from ltcore.progress import Progress, checkpoint
from ltcore.raster.read import Window, grid_of
from ltcore.refine import WINDOW_PX

from .alignment import measure_alignment
from .chips import ChipReader, ChipScenes
from .inventory import RasterFiles, bands_of, windows_of
from .places import footprint, join_places, split_places
from .tiles import MAX_OFFSET_PX, Chip, Split

LEFT_OUT = "left out"  # in the column split

_MIN_VALID_SHARE = 0.25  # of a window


@dataclass(frozen=True)
class SurveyOptions:
    """How rasters are taken.

    Attributes:
        bands: of every raster, or None to find out.
        window_px: larger rasters are cut into windows of at most this side.
        max_windows: most windows of a raster, evenly spread.
        split_rasters: take windows that do not touch, each a place of its own.
    """

    bands: tuple[str, ...] | None = None
    window_px: int = 1024
    max_windows: int = 16
    split_rasters: bool = False


@dataclass(frozen=True)
class SplitOptions:
    """How places are found and split.

    Attributes:
        place_pattern: regular expression whose first group (else whole match) in a raster's name is its place.
        val: share of the pixels.
        test: share of the pixels.
        seed: of the draw.
    """

    place_pattern: str | None = None
    val: float = 0.15
    test: float = 0.15
    seed: int = 0


@dataclass(frozen=True)
class Candidate:
    """A row of the index to be.

    Attributes:
        chip: the raster or its window; its split is LEFT_OUT until it gets one.
        size_px: width and height; 0, 0 if it could not be read.
        bands_by: how the bands are known.
        reason: why it is left out, or nothing.
        ground: outline of the raster on the Earth, where it is known.
    """

    chip: Chip
    size_px: tuple[int, int] = (0, 0)
    bands_by: str = ""
    reason: str = ""
    ground: BaseGeometry | None = None


def survey(rasters: Sequence[RasterFiles], options: SurveyOptions, progress: Progress) -> list[Candidate]:
    """Returns a candidate for each raster, or for each window of a large one; nothing is dropped.

    Raises:
        CancelledError: the user asked to stop.
    """
    candidates: list[Candidate] = []
    for number, files in enumerate(rasters):
        checkpoint(progress)
        progress.report(number / len(rasters), "Measuring rasters")
        try:
            candidates += _survey_raster(files, options)
        except InputError as error:
            candidates.append(Candidate(_chip(files, ()), reason=str(error)))
    return candidates


def without_partner(paths: Sequence[Path]) -> list[Candidate]:
    """Returns the candidates of files of pairs whose other file is not there."""
    chips = [_chip(RasterFiles(path, path.stem), ()) for path in paths]
    return [Candidate(chip, reason="Without partner: no other file fits the patterns.") for chip in chips]


def _chip(files: RasterFiles, bands: tuple[str, ...]) -> Chip:
    return Chip(files.path, LEFT_OUT, files.name, bands, (0.0, 0.0), 0.0, nir_path=files.nir_path)


def _survey_raster(files: RasterFiles, options: SurveyOptions) -> list[Candidate]:
    bands, bands_by = bands_of(files, options.bands)
    chip = _chip(files, bands)
    scenes = ChipReader().open(chip)
    width, height = scenes.luminance.view.width, scenes.luminance.view.height
    if min(width, height) < WINDOW_PX:
        raise InputError(f"It is {width} x {height} px; at least {WINDOW_PX} x {WINDOW_PX} are needed.")
    whole = Candidate(chip, (width, height), bands_by, ground=footprint(grid_of(scenes.luminance.view.dataset)))
    windows = windows_of(width, height, options.window_px, options.max_windows, options.split_rasters)
    parts = (_part(whole, window, scenes, options.split_rasters) for window in windows)
    return [_measured(part, scenes) for part in parts]


def _part(whole: Candidate, window: tuple[int, int, int, int] | None, scenes: ChipScenes, own_place: bool) -> Candidate:
    """Returns the candidate of a window, or the whole one for None."""
    if window is None:
        return whole
    part = replace(whole, chip=replace(whole.chip, window=window), size_px=window[2:])
    if not own_place:
        return part
    ground = footprint(grid_of(scenes.luminance.view.dataset), window)
    return replace(part, chip=replace(part.chip, place=f"{part.chip.place}@{window[0]},{window[1]}"), ground=ground)


def _measured(candidate: Candidate, scenes: ChipScenes) -> Candidate:
    """Returns the candidate with its alignment, and the reason if it cannot be used."""
    chip = candidate.chip
    window = scenes.full_window if chip.window is None else Window(*chip.window)
    try:
        visible, nir = scenes.luminance.read(window), scenes.nir.read(window)
    except InputError as error:
        return replace(candidate, reason=str(error))
    valid = visible.valid & nir.valid
    if valid.mean() < _MIN_VALID_SHARE:
        return replace(candidate, reason=f"Without data: {valid.mean():.0%} of it is valid.")
    if min(np.ptp(image.values[valid]) for image in (visible, nir)) == 0:
        return replace(candidate, reason="Blank: all pixels of a band have one value.")
    alignment = measure_alignment(scenes.luminance, scenes.nir, window)
    reason = ""
    if alignment.is_misaligned:
        x, y = alignment.offset_px
        reason = f"Off by ({x:.2f}, {y:.2f}) px; at most {MAX_OFFSET_PX}."
    measured = replace(chip, offset_px=alignment.offset_px, peak_z=alignment.peak_z)
    return replace(candidate, chip=measured, reason=reason)


def split_candidates(candidates: Sequence[Candidate], options: SplitOptions) -> list[Candidate]:
    """Returns the candidates with place and split; those that are left out have no part in either.

    Raises:
        InputError: the place pattern is no regular expression.
    """
    used = [candidate for candidate in candidates if not candidate.reason]
    names = [_place(candidate.chip.place, options.place_pattern) for candidate in used]
    places = join_places(names, [candidate.ground for candidate in used])
    sizes: dict[str, float] = dict.fromkeys(places, 0.0)
    for place, candidate in zip(places, used):
        sizes[place] += float(np.prod(candidate.size_px))
    splits = split_places(sizes, options.val, options.test, options.seed)
    found = iter(places)
    return [candidate if candidate.reason else _placed(candidate, next(found), splits) for candidate in candidates]


def _placed(candidate: Candidate, place: str, splits: dict[str, Split]) -> Candidate:
    return replace(candidate, chip=replace(candidate.chip, place=place, split=splits[place]))


def _place(name: str, pattern: str | None) -> str:
    if pattern is None:
        return name
    try:
        match = re.search(pattern, name)
    except re.error as error:
        raise InputError(f"The place pattern '{pattern}' is no regular expression.", f"{error}.") from error
    if match is None:
        return name
    return match.group(1 if match.re.groups else 0) or name
