"""Suite *smallshift*: georeferenced pairs that are displaced a little, as AROSICS corrects them.

a shift of 0.2 to 4 px · b shift of 5 to 30 px · c turn of 0.3 to 1 degree, scale off by 0.3 to 1 %, shift of 0.5 to 4
px · d smooth local distortion of 2 to 3 px whose period is half the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ltcore.types import FloatArray

from .pairs import Pair, check_grid, generator, write_band
from .scenes import load_scenes
from .warps import Swell, Warp, resampled, similarity

FAMILIES = {"a": "shift", "b": "shift", "c": "similarity", "d": "tps"}
_DRAWS = 1  # of each class and scene


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields a pair a class and scene."""
    for scene in load_scenes(data, split):
        reference = write_band(folder / "reference.tif", scene.red, scene.any_georeference)
        for kind, family in FAMILIES.items():
            for draw in range(_DRAWS):
                warp = displaced(kind, np.array(scene.size, float), generator(seed, scene.name, kind, draw))
                moved = resampled(scene.nir, warp, scene.size)
                sensed = write_band(folder / "sensed.tif", moved, scene.any_georeference)
                checks = check_grid(warp, scene.size, scene.size)
                facts = {"draw": draw, "native_px": round(scene.native_px, 3), "matrix": warp.matrix.tolist()}
                yield Pair(kind, scene.name, reference, sensed, True, checks, family, facts=facts)


def displaced(kind: str, size: FloatArray, random: np.random.Generator) -> Warp:
    """Returns a random displacement of one of the classes for an image of (width, height) px."""
    if kind == "d":
        amplitude, phase = random.uniform(2, 3, 2), random.uniform(0, 2 * np.pi, 4)
        return Warp(np.eye(3), Swell(tuple(amplitude), tuple(size / 2), tuple(phase)))
    if kind == "c":
        angle = _signed(random, 0.3, 1)
        scale = 1 + _signed(random, 0.003, 0.01)
        return Warp(similarity(np.radians(angle), scale, towards(random, 0.5, 4), size, size))
    length = (0.2, 4.0) if kind == "a" else (5.0, 30.0)
    return Warp(similarity(0, 1, towards(random, *length), size, size))


def _signed(random: np.random.Generator, low: float, high: float) -> float:
    return float(random.uniform(low, high) * random.choice([-1, 1]))


def towards(random: np.random.Generator, low: float, high: float) -> FloatArray:
    """Returns a vector of a length between two limits, any direction."""
    angle = random.uniform(0, 2 * np.pi)
    return random.uniform(low, high) * np.array([np.cos(angle), np.sin(angle)])
