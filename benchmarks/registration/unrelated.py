"""Suite *unrelated*: pairs with nothing in common, or with no answer that is the only one: they must be refused, with
and without georeference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from .pairs import Pair, generator, write_band
from .scenes import Scene, load_scenes
from .warps import Image

_OTHERS = 3  # other places a scene
_PERIOD_PX = 48  # of a repeated texture
_SEEN_THROUGH_CLOUDS = 0.03
_OVERLAP = 0.04  # of the scene's width
_WATER_PX = 160  # side of a window that shows water alone
_WATER_INDEX = 0.15  # (red - near infrared) / (red + near infrared) of water, at least
_WATER_SHARE = 0.98

Found = tuple[str, str, Image, Image]  # kind, name, reference, sensed


def pairs(data: Path, split: str, folder: Path, seed: int) -> Iterator[Pair]:
    """Yields, for each scene, the near-infrared band of other places and whatever else is no picture of its ground."""
    scenes = load_scenes(data, split)
    for number, scene in enumerate(scenes):
        for kind, name, first, second in _unrelated(scenes, number, seed):
            for georeference in ({}, scene.any_georeference):
                reference = write_band(folder / "reference.tif", first, georeference)
                sensed = write_band(folder / "sensed.tif", second, georeference)
                yield Pair(kind, name, reference, sensed, bool(georeference), None)


def _unrelated(scenes: list[Scene], number: int, seed: int) -> Iterator[Found]:
    scene = scenes[number]
    name, red, nir = scene.name, scene.red, scene.nir
    others = [other for other in scenes[number + 1 :] + scenes[:number] if other.place != scene.place]
    for other in others[:_OTHERS]:
        resized = cv2.resize(other.nir, scene.size, interpolation=cv2.INTER_AREA)
        yield "other place", f"{name} and {other.name}", red, resized
    yield "mirrored", name, red, nir[:, ::-1].copy()
    noise = generator(seed, name, "noise").normal(100, 20, red.shape)
    yield "noise", name, red, noise.astype(np.float32)
    yield "blank", name, red, np.full_like(nir, nir.mean())
    yield "stripes", name, red, _stripes(scene, generator(seed, name, "stripes"))
    yield "clouds", name, red, _clouded(scene, generator(seed, name, "clouds"))
    yield "repeated", name, *_repeated(scene, generator(seed, name, "repeated"))
    yield "overlap under 5 %", name, *_barely_overlapping(scene)
    for first, second in _waters(scene):
        yield "water", name, first, second


def _stripes(scene: Scene, random: np.random.Generator) -> Image:
    """Returns what a sensor without contrast shows: stripes of its columns, and noise."""
    height, width = scene.nir.shape
    columns = random.normal(100, 10, width)
    return (columns[None, :] + random.normal(0, 2, (height, width))).astype(np.float32)


def _clouded(scene: Scene, random: np.random.Generator) -> Image:
    """Returns the near-infrared band under clouds (spectrum 1/f) that leave a few per cent of it to be seen."""
    nir = scene.nir
    frequency = np.hypot(np.fft.fftfreq(nir.shape[0])[:, None], np.fft.rfftfreq(nir.shape[1])[None, :])
    spectrum = np.fft.rfft2(random.normal(size=nir.shape)) / np.maximum(frequency, 1 / max(nir.shape)) ** 1.5
    clouds = np.fft.irfft2(spectrum, s=nir.shape)
    bright = nir.max() * (1 + 0.2 * (clouds - clouds.min()) / np.ptp(clouds))
    seen = clouds < np.quantile(clouds, _SEEN_THROUGH_CLOUDS)
    return np.where(seen, nir, bright).astype(np.float32)


def _repeated(scene: Scene, random: np.random.Generator) -> tuple[Image, Image]:
    """Returns both bands of a small window, repeated over the scene; the sensed one begins a period later."""
    width, height = scene.size
    x, y = (int(random.integers(0, side - _PERIOD_PX)) for side in (width, height))
    times = (height // _PERIOD_PX + 2, width // _PERIOD_PX + 2)
    tiled = [np.tile(band[y : y + _PERIOD_PX, x : x + _PERIOD_PX], times) for band in (scene.red, scene.nir)]
    return tiled[0][:height, :width].copy(), tiled[1][:height, _PERIOD_PX : _PERIOD_PX + width].copy()


def _barely_overlapping(scene: Scene) -> tuple[Image, Image]:
    """Returns the left part in red and the right part in near infrared, as wide as each other."""
    width = scene.size[0]
    part = round(width / (2 - _OVERLAP))
    return scene.red[:, :part].copy(), scene.nir[:, width - part :].copy()


def _waters(scene: Scene) -> Iterator[tuple[Image, Image]]:
    """Yields the red band of one window of water and the near-infrared one of the next."""
    index = (scene.red - scene.nir) / np.maximum(scene.red + scene.nir, 1e-6)
    wet = (index > _WATER_INDEX).astype(np.float32)
    width, height = scene.size
    corners = [
        (x, y)
        for y in range(0, height - _WATER_PX + 1, _WATER_PX)
        for x in range(0, width - _WATER_PX + 1, _WATER_PX)
        if wet[y : y + _WATER_PX, x : x + _WATER_PX].mean() >= _WATER_SHARE
    ]
    for (x1, y1), (x2, y2) in zip(corners, corners[1:]):
        first = scene.red[y1 : y1 + _WATER_PX, x1 : x1 + _WATER_PX].copy()
        yield first, scene.nir[y2 : y2 + _WATER_PX, x2 : x2 + _WATER_PX].copy()
