"""Suite *geometry*: nothing is known. Any rotation, scale 0.5 to 2, offset up to half the image, no georeference; with
and without a perspective of up to 2 %."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .pairs import Pair, check_grid, generator, write_band
from .scenes import load_scenes
from .warps import Warp, resampled, similarity

KINDS = {"similarity": "similarity", "perspective": "projective"}  # kind -> family of the truth
_DRAWS = 2
_SCALE = 2.0
_OFFSET = 0.5  # of the shorter side
_PERSPECTIVE = 0.02  # change of scale from the middle to the border
_MAX_SENSED_PX = 768


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields two pairs a kind and scene."""
    for scene in load_scenes(data, split):
        reference = write_band(folder / "reference.tif", scene.red, {})
        for kind, family in KINDS.items():
            for draw in range(_DRAWS):
                warp, size, scale = turned(kind, scene.size, generator(seed, scene.name, kind, draw))
                sensed = write_band(folder / "sensed.tif", resampled(scene.nir, warp, size, scale), {})
                facts = {"draw": draw, "scale": round(scale, 3), "matrix": warp.matrix.tolist()}
                checks = check_grid(warp, scene.size, size)
                yield Pair(kind, scene.name, reference, sensed, False, checks, family, facts=facts)


def turned(kind: str, size: tuple[int, int], random: np.random.Generator) -> tuple[Warp, tuple[int, int], float]:
    """Returns a random warp, the (width, height) of the sensed image that shows as much ground as a reference of
    `size`, and the size of its pixels in reference px."""
    scale = float(np.exp(random.uniform(-np.log(_SCALE), np.log(_SCALE))))
    angle, towards, length = random.uniform(0, 2 * np.pi), random.uniform(0, 2 * np.pi), random.uniform(0, _OFFSET)
    offset = length * min(size) * np.array([np.cos(towards), np.sin(towards)])
    width, height = (min(round(side / scale), _MAX_SENSED_PX) for side in size)
    matrix = similarity(angle, scale, offset, np.array([width, height]), np.array(size))
    if kind == "perspective":
        matrix = matrix @ _perspective(random, width, height)
    return Warp(matrix), (width, height), scale


def _perspective(random: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Returns the (3, 3) matrix of a tilt about the middle of an image."""
    to_middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    tilt = np.eye(3)
    tilt[2, :2] = random.uniform(-_PERSPECTIVE, _PERSPECTIVE, 2) / [width / 2, height / 2]
    return np.linalg.inv(to_middle) @ tilt @ to_middle
