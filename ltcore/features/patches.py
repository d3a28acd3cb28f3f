"""Oriented, scaled, foveated windows around keypoints: what the network sees.

The geometry is defined once, by `PatchSampling` and `window_points`; inference samples it with cv2.remap,
training with torch.
"""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from ..types import FloatArray, Keypoints

_REMAP_ROWS = 16384  # cv2.remap takes maps of less than 32768 rows


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PatchSampling:
    """Which part of the image a patch shows.

    Attributes:
        support_factor: half-width of the window over the size of the keypoint.
        min_half_width_px: least half-width of the window, px of the image.
        max_half_width_px: largest half-width.
        patch_px: rows and columns of the patch.
        foveation: 0 samples evenly; f > 0 moves radius r of the window (1 at its sides) to r(1 - f + f r),
            denser at the centre.
    """

    support_factor: Annotated[float, Field(gt=0, le=64)] = 6.0
    min_half_width_px: Annotated[float, Field(gt=0, le=1024)] = 16.0
    max_half_width_px: Annotated[float, Field(gt=0, le=1024)] = 64.0
    patch_px: Annotated[int, Field(ge=32, le=256, multiple_of=32)] = 64
    foveation: Annotated[float, Field(ge=0, lt=1)] = 0.5

    def half_width_px(self, size_px: ArrayLike) -> FloatArray:
        """Returns the half-width of the window for each keypoint size, px."""
        wanted = self.support_factor * np.asarray(size_px, dtype=np.float64)
        width: FloatArray = np.clip(wanted, self.min_half_width_px, self.max_half_width_px)
        return width


def unit_grid(sampling: PatchSampling) -> FloatArray:
    """Returns the (P * P, 2) sampling points of an upright window of half-width 1 about (0, 0), by rows."""
    steps = np.linspace(-1, 1, sampling.patch_px)
    x, y = np.meshgrid(steps, steps)
    points = np.column_stack([x.ravel(), y.ravel()])
    radius = np.linalg.norm(points, axis=1, keepdims=True)
    foveated: FloatArray = points * (1 - sampling.foveation + sampling.foveation * radius)
    return foveated


def window_points(xy: FloatArray, half_width_px: FloatArray, angles_deg: ArrayLike, grid: FloatArray) -> FloatArray:
    """Returns the (2, N, P * P) x and y in the image of the windows' points, in the frame of `xy`.

    Args:
        xy: (N, 2) centres.
        half_width_px: (N,).
        angles_deg: (N,) clockwise in the image: the window's x axis points along (cos, sin).
        grid: (P * P, 2) of `unit_grid`.
    """
    angle = np.deg2rad(np.asarray(angles_deg, dtype=np.float64))
    cosine, sine = half_width_px * np.cos(angle), half_width_px * np.sin(angle)
    rows = np.array([[cosine, -sine, xy[:, 0]], [sine, cosine, xy[:, 1]]]).transpose(0, 2, 1).reshape(-1, 3)
    points = np.dot(rows, np.vstack([grid.T, np.ones(len(grid))]))  # one large product instead of N small ones
    placed: FloatArray = points.reshape(2, len(xy), -1)
    return placed


def sample_patches(
    image: NDArray[np.float32], keypoints: Keypoints, angles_deg: ArrayLike, sampling: PatchSampling
) -> NDArray[np.float32]:
    """Returns the (N, P, P) patches, bilinear, mirrored beyond the borders; no keypoints give (0, P, P).

    Args:
        image: (H, W) grey levels, each side under 32768.
        keypoints: N keypoints.
        angles_deg: (N,) orientations of the windows.
        sampling: geometry of the window.
    """
    side = sampling.patch_px
    patches = np.empty((len(keypoints), side, side), np.float32)
    grid, half_width = unit_grid(sampling), sampling.half_width_px(keypoints.size_px)
    centres = keypoints.xy - 0.5  # OpenCV's (0, 0) is the centre of the first pixel
    angles = np.asarray(angles_deg, dtype=np.float64)
    source = np.ascontiguousarray(image, dtype=np.float32)
    step = _REMAP_ROWS // side
    for start in range(0, len(keypoints), step):
        part = slice(start, start + step)
        points = window_points(centres[part], half_width[part], angles[part], grid).astype(np.float32)
        x, y = points.reshape(2, -1, side)
        flat = np.asarray(cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))
        patches[part] = flat.reshape(-1, side, side)
    return patches
