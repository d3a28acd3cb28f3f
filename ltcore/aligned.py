"""The sensed scene resampled onto the working grid of the reference."""

from __future__ import annotations

import cv2
import numpy as np

from .frame import Scene
from .geometry.transforms import Transform
from .raster.read import MaskedImage, Window
from .types import FloatArray


def read_aligned(sensed: Scene, window: Window, transform: Transform) -> MaskedImage:
    """Returns the sensed scene resampled onto a window of the reference's working grid.

    Args:
        sensed: scene on its own working grid.
        window: window of the reference's working grid.
        transform: sensed working px -> reference working px (pixel-edge).
    """
    backward = transform.inverse()
    rim = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [window.width, window.height] + [window.x, window.y]
    corners = backward(rim)  # lines stay lines, so the corners bound the window's image
    shape = (window.height, window.width)
    nothing = MaskedImage(np.zeros(shape, np.float32), np.zeros(shape, np.bool_))
    if not np.isfinite(corners).all():
        return nothing
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 4, -4)
    limit = [sensed.view.width + 4, sensed.view.height + 4]
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 4, limit)
    if (high - low < 8).any():
        return nothing
    # A transform that shrinks much would alias and read too much: read the sensed scene coarser instead.
    area = float(np.prod(high - low)) / (window.width * window.height)
    factor = max(1.0, np.sqrt(area) / 1.5)
    scene = sensed.decimated(factor) if factor > 1.2 else sensed
    scale = np.array([sensed.view.width / scene.view.width, sensed.view.height / scene.view.height])
    low, high = np.floor(low / scale).astype(int), np.ceil(high / scale).astype(int)
    part = scene.read(Window(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])))
    # part px (edge) -> sensed px -> reference px -> window px; OpenCV counts from pixel centres.
    to_sensed = np.diag([*scale, 1.0]) @ _shift(low[0], low[1])
    matrix = _shift(-window.x, -window.y) @ transform.matrix @ to_sensed
    centred = _shift(-0.5, -0.5) @ matrix @ _shift(0.5, 0.5)
    size = (window.width, window.height)
    values = cv2.warpPerspective(np.asarray(part.values), centred, size, flags=cv2.INTER_CUBIC)
    solid = cv2.erode(part.valid.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=(0,))
    valid = cv2.warpPerspective(solid, centred, size, flags=cv2.INTER_NEAREST) > 0
    return MaskedImage(np.clip(values, 0, 255), valid)


def _shift(x: float, y: float) -> FloatArray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
