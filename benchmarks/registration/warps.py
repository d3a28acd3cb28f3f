"""Known transforms and distortions, sensed px -> reference px, and images resampled through them.

A sensed image shows at pixel s what the source shows at warp(s), so the truth needs no inversion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ltcore.geometry.transforms import apply_matrix
from ltcore.types import FloatArray

Image = NDArray[np.float32]

NODATA = -9999.0
_QUINTIC = 5
_BLUR_PER_FACTOR = 0.5  # Gaussian of half a coarse pixel before a reduction: aliasing under a few per cent


@dataclass(frozen=True)
class Swell:
    """Smooth local distortion: products of sines of one period.

    Attributes:
        amplitude_px: largest displacement on each axis.
        period_px: (x, y) of a full wave.
        phase: (4,) of the waves along x and y of the displacement in x, then of that in y.
    """

    amplitude_px: tuple[float, float]
    period_px: tuple[float, float]
    phase: tuple[float, float, float, float]

    def __call__(self, xy: FloatArray) -> FloatArray:
        """Returns (N, 2) displacements at (N, 2) points, px."""
        turns = 2 * np.pi * xy / np.array(self.period_px)
        waves = [np.sin(turns[:, 0] + self.phase[k]) * np.cos(turns[:, 1] + self.phase[k + 1]) for k in (0, 2)]
        return np.column_stack(waves) * np.array(self.amplitude_px)


@dataclass(frozen=True)
class Warp:
    """A (3, 3) matrix, pixel-edge sensed px -> reference px, and perhaps a distortion after it."""

    matrix: NDArray[np.float64]
    swell: Optional[Swell] = None

    def __call__(self, xy: FloatArray) -> FloatArray:
        """Returns (N, 2) reference px of (N, 2) sensed px."""
        moved: FloatArray = apply_matrix(self.matrix, xy)
        return moved if self.swell is None else moved + self.swell(moved)


def similarity(angle_rad: float, scale: float, offset: FloatArray, size: FloatArray, target: FloatArray) -> FloatArray:
    """Returns the (3, 3) matrix that turns and scales about the middle of a sensed image of `size` (width, height) and
    brings that middle to the middle of a reference of size `target`, moved by `offset` reference px."""
    c, s = scale * np.cos(angle_rad), scale * np.sin(angle_rad)
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    matrix[:2, 2] = np.asarray(target) / 2 + offset - matrix[:2, :2] @ (np.asarray(size) / 2)
    return matrix


def resampled(image: Image, warp: Warp, size: tuple[int, int], factor: float = 1.0) -> Image:
    """Returns a (height, width) image that shows at s what `image` shows at warp(s), -9999 beyond its border.

    Quintic spline. Where a pixel is `factor` > 1 source pixels large, the source is smoothed first.
    """
    if factor > 1:
        image = ndimage.gaussian_filter(image, _BLUR_PER_FACTOR * np.sqrt(factor**2 - 1))
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    places = warp(np.column_stack([x.ravel(), y.ravel()])) - 0.5  # scipy counts from the centre of the first pixel
    inside = ((places >= 0) & (places <= np.array(image.shape[::-1]) - 1)).all(axis=1)
    values = ndimage.map_coordinates(image.astype(np.float64), places[:, ::-1].T, order=_QUINTIC, mode="mirror")
    return np.where(inside, values, NODATA).reshape(size[1], size[0]).astype(np.float32)
