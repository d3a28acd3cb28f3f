"""How far the near-infrared band lies off the visible ones, measured from their structure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from ltcore.frame import Scene
from ltcore.geometry.transforms import Transform
from ltcore.raster.radiometry import gradient_magnitude
from ltcore.raster.read import Window
from ltcore.refine import WINDOW_PX, Offsets, measure_offsets
from ltcore.structure import structure_score
from ltcore.types import FloatArray

from .tiles import CLEAR_PEAK, MAX_OFFSET_PX

_STRIDE_PX = 32  # between the windows that are measured
_MAX_WINDOWS = 100
_SEARCH_PX = 24
_MIN_PEAK_RATIO = 1.15  # as in the fine stage of a registration
_MIN_VALID_SHARE = 0.75  # of a window, in both bands
_AGREEMENT_PX = 1.0  # windows whose offsets differ by less say the same
_COARSE = 4  # decimation at which larger offsets are looked for


@dataclass(frozen=True)
class Alignment:
    """The offset of near infrared.

    Attributes:
        offset_px: (x, y) that lays NIR on the visible bands when added to positions in it.
        peak_z: how far the bands' structure agrees there above chance, in deviations; under 7 says nothing.
    """

    offset_px: tuple[float, float]
    peak_z: float

    @property
    def is_clear(self) -> bool:
        """Whether the offset is to be believed."""
        return self.peak_z >= CLEAR_PEAK

    @property
    def length_px(self) -> float:
        """Length of the offset."""
        return math.hypot(*self.offset_px)

    @property
    def is_misaligned(self) -> bool:
        """Whether the bands are clearly off by more than half a pixel."""
        return self.is_clear and self.length_px > MAX_OFFSET_PX


def measure_alignment(visible: Scene, nir: Scene, window: Window) -> Alignment:
    """Returns the offset between two scenes of one grid in a window; peak_z 0 where it has too little structure.

    Offsets of up to 24 px are found, up to 96 px where the window is at least 256 px wide and high.
    """
    alignment = _measure(visible, nir, window)
    if alignment.is_clear or min(window.width, window.height) < _COARSE * WINDOW_PX:
        return alignment
    smaller = visible.decimated(_COARSE)
    scale = np.array([visible.view.width / smaller.view.width, visible.view.height / smaller.view.height])
    x, y = (int(v) for v in np.floor([window.x, window.y] / scale))
    width, height = (int(v) for v in np.floor([window.width, window.height] / scale))
    coarse = _measure(smaller, nir.decimated(_COARSE), Window(x, y, width, height))
    found = Alignment(_pair(np.array(coarse.offset_px) * scale), coarse.peak_z)
    # Nearer than a coarse pixel says no more than that nothing lies far off.
    return found if found.is_clear and found.length_px > _COARSE else alignment


def _measure(visible: Scene, nir: Scene, window: Window) -> Alignment:
    images = visible.read(window), nir.read(window)
    corners = _corners(images[0].valid & images[1].valid)
    found = measure_offsets(gradient_magnitude(images[0]), gradient_magnitude(images[1]), corners, _SEARCH_PX)
    common = _common_offset(found)
    if common is None:
        return Alignment((0.0, 0.0), 0.0)
    onto_visible = -common  # the windows' offsets lead from the visible image into NIR
    matrix = np.eye(3)
    matrix[:2, 2] = onto_visible
    score = structure_score(visible, nir, window, Transform("shift", matrix))
    return Alignment(_pair(onto_visible), score)


def _corners(valid: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Returns the (K, 2) column, row of windows spread evenly over an image, without those of few valid pixels."""
    height, width = valid.shape
    if min(height, width) < WINDOW_PX:
        return np.zeros((0, 2), np.intp)
    room = np.array([width, height]) - WINDOW_PX
    stride = max(_STRIDE_PX, math.sqrt(room[0] * room[1] / _MAX_WINDOWS))
    x, y = (np.linspace(0, side, int(side / stride) + 1).round().astype(np.intp) for side in room)
    corners = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    half = WINDOW_PX // 2
    share = uniform_filter(valid.astype(np.float32), WINDOW_PX, mode="constant")
    kept: NDArray[np.intp] = corners[share[corners[:, 1] + half, corners[:, 0] + half] >= _MIN_VALID_SHARE]
    return kept


def _common_offset(found: Offsets) -> FloatArray | None:
    """Returns the (2,) mean of the largest group of windows that agree, or None if no window is clear."""
    clear = (found.peak_ratio >= _MIN_PEAK_RATIO) & ~found.on_edge & (found.correlation > 0)
    if not clear.any():
        return None
    offset, weight = found.offset_px[clear], found.correlation[clear]
    apart = np.linalg.norm(offset[:, None] - offset[None], axis=2)
    support = ((apart <= _AGREEMENT_PX) * weight).sum(axis=1)
    near = apart[support.argmax()] <= _AGREEMENT_PX
    result: FloatArray = np.average(offset[near], axis=0, weights=weight[near])
    return result


def _pair(values: FloatArray) -> tuple[float, float]:
    return float(values[0]), float(values[1])
