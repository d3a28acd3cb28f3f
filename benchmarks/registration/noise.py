"""Suite *noise*: pairs no one would call ordinary. A FAIL is fair here; a wrong PASS or WARN never is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Callable

import numpy as np

from .pairs import Pair, generator, write_band
from .related import Kind, contrast, spoiled_pair
from .scenes import load_scenes
from .warps import Image

_LEVELS = (0.1, 0.2, 0.4)  # standard deviation of the noise, of the contrast
_STRIPES = 0.1  # standard deviation of a column's offset, of the contrast
_LOOKS = 4  # of the speckle: its standard deviation is 1 / sqrt(looks) of the pixel's value


def _noisy(image: Image, random: np.random.Generator, level: float) -> Image:
    return image + (level * contrast(image) * random.normal(size=image.shape)).astype(np.float32)


def _speckled(image: Image, random: np.random.Generator) -> Image:
    return image * random.gamma(_LOOKS, 1 / _LOOKS, image.shape).astype(np.float32)


def _striped(image: Image, random: np.random.Generator) -> Image:
    return image + (_STRIPES * contrast(image) * random.normal(size=image.shape[1])).astype(np.float32)


_SPOILT = {
    **{f"noise of {100 * level:.0f} %": partial(_noisy, level=level) for level in _LEVELS},
    "speckle": _speckled,
    "stripes": _striped,
}


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields two pairs a kind of noise and scene: turned without georeference, shifted with it."""
    for scene in load_scenes(data, split):
        for georeference in ({}, scene.any_georeference):
            reference = write_band(folder / "reference.tif", scene.red, georeference)
            for name, spoil in _SPOILT.items():
                kind = _kind(name, bool(georeference), spoil)
                yield spoiled_pair(kind, scene, reference, georeference, generator(seed, scene.name, kind.name))


def _kind(name: str, georeferenced: bool, spoil: Callable[[Image, np.random.Generator], Image]) -> Kind:
    if georeferenced:
        return Kind(f"shifted, {name}", 0, (0.2, 10), 1, spoil, "shift")
    return Kind(f"turned, {name}", 2 * np.pi, (0, 30), 1.4, spoil)
