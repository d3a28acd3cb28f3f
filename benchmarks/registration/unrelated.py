"""Suite *unrelated*: pairs that have nothing in common and must be refused, with and without georeference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from .pairs import Pair, generator, write_band
from .scenes import Scene, load_scenes
from .warps import Image

_OTHERS = 2  # other places a scene


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields the near-infrared band of two other places, the mirrored band and noise for each scene."""
    scenes = load_scenes(data, split)
    for number, scene in enumerate(scenes):
        for georeference in ({}, scene.any_georeference):
            reference = write_band(folder / "reference.tif", scene.red, georeference)
            for kind, name, image in _unrelated(scenes, number, seed):
                sensed = write_band(folder / "sensed.tif", image, georeference)
                yield Pair(kind, name, reference, sensed, bool(georeference), None)


def _unrelated(scenes: list[Scene], number: int, seed: int) -> Iterator[tuple[str, str, Image]]:
    scene = scenes[number]
    others = [other for other in scenes[number + 1 :] + scenes[:number] if other.place != scene.place]
    for other in others[:_OTHERS]:
        resized = cv2.resize(other.nir, scene.size, interpolation=cv2.INTER_AREA)
        yield "other place", f"{scene.name} and {other.name}", resized
    yield "mirrored", scene.name, scene.nir[:, ::-1].copy()
    noise = generator(seed, scene.name, "noise").normal(100, 20, scene.red.shape)
    yield "noise", scene.name, noise.astype(np.float32)
