"""Suite *crossscene*: two dates of one place, the red band of one against the near-infrared band of the other.

Shifted: by 0.5 to 10 px that the georeference does not know. Turned: any rotation, scale and offset of suite geometry,
no georeference. How far the dates themselves lie apart is not known; the offset of their red bands (phase correlation
of gradients) stands in each row as `between_dates_px`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ltcore.types import FloatArray

from .geometry import turned
from .pairs import Pair, check_grid, generator, write_band
from .scenes import Scene, load_scenes
from .smallshift import towards
from .warps import Image, Warp, resampled, similarity

_GRADIENT_SIGMA_PX = 1.0


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields two pairs for each two dates of a place whose scenes share their grid, in both orders."""
    for first, second in itertools.permutations(load_scenes(data, split), 2):
        same_grid = first.georeference == second.georeference and first.size == second.size
        if first.place != second.place or not first.georeference or not same_grid:
            continue
        name = f"{first.name} and {second.name}"
        facts = {"between_dates_px": [round(float(value), 2) for value in offset_px(first.red, second.red)]}
        yield _shifted(name, first, second, folder, generator(seed, name, "shifted"), facts)
        yield _turned(name, first, second, folder, generator(seed, name, "turned"), facts)


def _shifted(name: str, first: Scene, second: Scene, folder: Path, random: np.random.Generator, facts: dict) -> Pair:
    size = np.array(first.size)
    warp = Warp(similarity(0, 1, towards(random, 0.5, 10), size, size))
    reference = write_band(folder / "reference.tif", first.red, first.georeference)
    sensed = write_band(folder / "sensed.tif", resampled(second.nir, warp, first.size), first.georeference)
    checks = check_grid(warp, first.size, first.size)
    return Pair("shifted", name, reference, sensed, True, checks, "shift", facts=facts)


def _turned(name: str, first: Scene, second: Scene, folder: Path, random: np.random.Generator, facts: dict) -> Pair:
    warp, size, scale = turned("similarity", first.size, random)
    reference = write_band(folder / "reference.tif", first.red, {})
    sensed = write_band(folder / "sensed.tif", resampled(second.nir, warp, size, scale), {})
    return Pair("turned", name, reference, sensed, False, check_grid(warp, first.size, size), "similarity", facts=facts)


def offset_px(first: Image, second: Image) -> FloatArray:
    """Returns the (x, y) by which the second image lies beside the first, px, by their gradients."""
    gradients = [_gradient(image) for image in (first, second)]
    window = cv2.createHanningWindow(first.shape[::-1], cv2.CV_32F)
    return np.array(cv2.phaseCorrelate(*gradients, window)[0])


def _gradient(image: Image) -> Image:
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), _GRADIENT_SIGMA_PX)
    return cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
