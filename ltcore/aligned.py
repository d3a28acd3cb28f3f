"""The sensed scene resampled onto the working grid of the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import cv2
import numpy as np

from .frame import Scene
from .geometry.models import PlaneMap
from .geometry.sampling import at_every_pixel
from .raster.read import MaskedImage, Window
from .types import FloatArray

_CORNERS = 4


def read_aligned(sensed: Scene, window: Window, transform: PlaneMap) -> MaskedImage:
    """Returns the sensed scene resampled onto a window of the reference's working grid.

    Args:
        sensed: scene on its own working grid.
        window: window of the reference's working grid.
        transform: sensed working px -> reference working px (pixel-edge).
    """
    shape = (window.height, window.width)
    places = at_every_pixel(transform.inverse(), (window.x, window.y), shape) if transform.matrix is None else None
    part = _part(sensed, window, _corners(transform, window) if places is None else places.reshape(-1, 2))
    if part is None:
        return MaskedImage(np.zeros(shape, np.float32), np.zeros(shape, np.bool_))
    solid = cv2.erode(part.image.valid.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=(0,))
    if places is None:
        centred = _to_window(part, window, np.asarray(transform.matrix))
        size = (window.width, window.height)
        values = cv2.warpPerspective(np.asarray(part.image.values), centred, size, flags=cv2.INTER_CUBIC)
        valid = cv2.warpPerspective(solid, centred, size, flags=cv2.INTER_NEAREST) > 0
    else:
        at = places / part.scale - part.low - 0.5
        at = np.where(np.isfinite(at), at, -10.0).astype(np.float32)  # where there is no place, outside
        values = cv2.remap(np.asarray(part.image.values), at, np.empty(0), cv2.INTER_CUBIC)
        valid = cv2.remap(solid, at, np.empty(0), cv2.INTER_NEAREST) > 0
    return MaskedImage(np.clip(values, 0, 255), valid)


def _corners(transform: PlaneMap, window: Window) -> FloatArray:
    """Returns the places of the window's corners; lines stay lines under a matrix, so they bound its image."""
    rim = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [window.width, window.height] + [window.x, window.y]
    return transform.inverse()(rim)


@dataclass(frozen=True)
class _Part:
    """Part of the sensed scene, perhaps decimated: px of the scene a px of it (2,), and its first column and row."""

    image: MaskedImage
    scale: FloatArray
    low: FloatArray


def _part(sensed: Scene, window: Window, places: FloatArray) -> Optional[_Part]:
    """Returns the part of the scene around (N, 2) places that a window shows, None where there is nothing to show.

    Places that are nan do not count where a transform bends, but a window with a corner beyond the horizon is empty.
    """
    known = places[np.isfinite(places).all(axis=1)]
    if not len(known) or len(known) < len(places) <= _CORNERS:
        return None
    low = np.maximum(np.floor(known.min(axis=0)).astype(int) - 4, -4)
    limit = [sensed.view.width + 4, sensed.view.height + 4]
    high = np.minimum(np.ceil(known.max(axis=0)).astype(int) + 4, limit)
    if (high - low < 8).any():
        return None
    # A transform that shrinks much would alias and read too much: read the sensed scene coarser instead.
    area = float(np.prod(high - low)) / (window.width * window.height)
    factor = max(1.0, np.sqrt(area) / 1.5)
    scene = sensed.decimated(factor) if factor > 1.2 else sensed
    scale = np.array([sensed.view.width / scene.view.width, sensed.view.height / scene.view.height])
    low, high = np.floor(low / scale).astype(int), np.ceil(high / scale).astype(int)
    image = scene.read(Window(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])))
    return _Part(image, scale, low.astype(np.float64))


def _to_window(part: _Part, window: Window, matrix: FloatArray) -> FloatArray:
    """Returns the matrix part px -> window px, counted from pixel centres as OpenCV does."""
    to_sensed = np.diag([*part.scale, 1.0]) @ _shift(part.low[0], part.low[1])
    return _shift(-0.5, -0.5) @ _shift(-window.x, -window.y) @ matrix @ to_sensed @ _shift(0.5, 0.5)


def _shift(x: float, y: float) -> FloatArray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
