"""Suite *related*: ordinary pairs that must be registered, whatever else is wrong with them. A FAIL of one is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import numpy as np

from ltcore.types import FloatArray

from .pairs import Pair, check_grid, generator, write_band
from .scenes import Scene, load_scenes
from .smallshift import towards
from .warps import NODATA, Image, Warp, resampled, similarity

_FULL = 2 * np.pi
_NOISE = 0.05  # standard deviation, of the contrast
_HAZE = 0.5  # share of the haze at the foggier side


@dataclass(frozen=True)
class Kind:
    """How the sensed image differs from the reference.

    Attributes:
        name: of the kind.
        turn_rad: largest turn.
        shift_px: least and largest shift.
        scale: largest change of scale, as a factor.
        spoil: gives the image as the sensor would have it; pixels that are -9999 hold no data.
        family: simplest model that describes the truth.
    """

    name: str
    turn_rad: float
    shift_px: tuple[float, float]
    scale: float
    spoil: Callable[[Image, np.random.Generator], Image]
    family: str = "similarity"


def _clean(image: Image, random: np.random.Generator) -> Image:
    return image


def _noisy(image: Image, random: np.random.Generator) -> Image:
    return image + (_NOISE * contrast(image) * random.normal(size=image.shape)).astype(np.float32)


def _hazed(image: Image, random: np.random.Generator) -> Image:
    """Returns the image under haze that thickens from left to right and takes contrast away."""
    thickness = _HAZE * np.linspace(0, 1, image.shape[1], dtype=np.float32)
    return image * (1 - thickness) + thickness * np.float32(image.max())


def _gamma(image: Image, random: np.random.Generator) -> Image:
    """Returns the image as 8 bit grey values through a curve."""
    low, high = _ends(image)
    share = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
    return np.round(255 * share ** random.choice([0.5, 2.0])).astype(np.float32)


def contrast(image: Image) -> float:
    """Returns what lies between the 1st and the 99th percentile of the pixels that hold data."""
    low, high = _ends(image)
    return high - low


def _ends(image: Image) -> tuple[float, float]:
    low, high = np.percentile(image[image != NODATA], [1, 99])
    return float(low), float(high)


_FREE = (
    Kind("turned", _FULL, (0, 30), 1.4, _clean),
    Kind("turned again", _FULL, (0, 30), 1.4, _clean),
    Kind("scaled", 0.1, (0, 30), 2.0, _clean),
    Kind("far", 0.1, (60, 90), 1.1, _clean),
    Kind("turned, noisy", _FULL, (0, 30), 1.4, _noisy),
    Kind("turned, hazed", _FULL, (0, 30), 1.4, _hazed),
    Kind("turned, gamma", _FULL, (0, 30), 1.4, _gamma),
    Kind("turned a little", 0.05, (0, 10), 1.02, _clean),
)
_GEOREFERENCED = (
    Kind("shifted a little", 0, (0.2, 4), 1, _clean, "shift"),
    Kind("shifted", 0, (5, 30), 1, _clean, "shift"),
    Kind("shifted again", 0, (5, 30), 1, _clean, "shift"),
    Kind("not shifted", 0, (0, 0), 1, _clean, "shift"),
    Kind("shifted, turned a little", 0.02, (0, 10), 1.01, _clean),
    Kind("shifted, noisy", 0, (0.2, 10), 1, _noisy, "shift"),
    Kind("shifted, hazed", 0, (0.2, 10), 1, _hazed, "shift"),
    Kind("shifted, gamma", 0, (0.2, 10), 1, _gamma, "shift"),
)


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields a pair a kind and scene."""
    for scene in load_scenes(data, split):
        for kinds, georeference in ((_FREE, {}), (_GEOREFERENCED, scene.any_georeference)):
            reference = write_band(folder / "reference.tif", scene.red, georeference)
            for kind in kinds:
                random = generator(seed, scene.name, kind.name)
                yield spoiled_pair(kind, scene, reference, georeference, random)


def spoiled_pair(
    kind: Kind, scene: Scene, reference: Path, georeference: dict[str, Any], random: np.random.Generator
) -> Pair:
    """Returns the pair of a reference and the near-infrared band, moved and spoilt, written beside it."""
    warp = Warp(_matrix(kind, scene, random))
    moved = resampled(scene.nir, warp, scene.size)
    image = np.where(moved == NODATA, NODATA, kind.spoil(moved, random)).astype(np.float32)
    sensed = write_band(reference.with_name("sensed.tif"), image, georeference)
    checks = check_grid(warp, scene.size, scene.size)
    return Pair(kind.name, scene.name, reference, sensed, bool(georeference), checks, kind.family)


def _matrix(kind: Kind, scene: Scene, random: np.random.Generator) -> FloatArray:
    size = np.array(scene.size, float)
    turn = random.uniform(-kind.turn_rad, kind.turn_rad)
    scale = float(np.exp(random.uniform(-np.log(kind.scale), np.log(kind.scale))))
    shift = towards(random, *kind.shift_px) if kind.shift_px[1] else np.zeros(2)
    return similarity(turn, scale, shift, size, size)
