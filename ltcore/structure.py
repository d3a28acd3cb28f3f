"""Does the ground's structure agree under a transform? Correlation of gradients, not a count of inliers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import uniform_filter

from .aligned import read_aligned
from .frame import Scene
from .geometry.models import PlaneMap
from .raster.radiometry import gradient_magnitude
from .raster.read import Window

_SEARCH_PX = 48  # offsets compared; the noise is measured beyond _NEAR_PX
_NEAR_PX = 6
_TOLERANCE_PX = 3  # a coarse transform may be off by this much
_LOCAL_PX = 31  # side of the neighbourhood in which gradients are normalised
_MIN_COMMON_SHARE = 0.02
_MIN_COMMON_PX = 16  # least width and height of what both images show


def structure_score(
    reference: Scene, sensed: Scene, window: Window, transform: PlaneMap, rivals_px: int = _SEARCH_PX
) -> float:
    """Returns how far the agreement of both images' gradients under the transform stands above chance.

    Args:
        reference: scene on its working grid.
        sensed: scene on its own working grid.
        window: window of the reference's working grid to compare, at most about 2000 px a side.
        transform: sensed working px -> reference working px.
        rivals_px: how far wrong offsets are compared, at least 48.

    Returns:
        The score, in standard deviations of the correlation at wrong offsets (6 to 48 px); 0 where a wrong offset
        up to `rivals_px` agrees better, or where the images share less than 2 % of the window or 16 px a side.
    """
    image, aligned = reference.read(window), read_aligned(sensed, window, transform)
    common = image.valid & aligned.valid
    rows, columns = np.flatnonzero(common.any(axis=1)), np.flatnonzero(common.any(axis=0))
    if common.mean() < _MIN_COMMON_SHARE or min(np.ptp(rows), np.ptp(columns)) < _MIN_COMMON_PX:
        return 0.0
    a = _local_contrast(gradient_magnitude(image, 1.0), common)
    b = _local_contrast(gradient_magnitude(aligned, 1.0), common)
    reach = max(rivals_px, _SEARCH_PX)
    shape = [fft.next_fast_len(side + reach, real=True) for side in a.shape]
    surface = fft.irfft2(np.conj(fft.rfft2(a, shape)) * fft.rfft2(b, shape), shape)
    side = 2 * reach + 1
    shifted = np.roll(surface, (reach, reach), axis=(0, 1))[:side, :side]
    y, x = np.mgrid[-reach : shifted.shape[0] - reach, -reach : shifted.shape[1] - reach]
    distance = np.hypot(x, y)
    # Beyond half of what both images show, little is left to compare: the noise there would be too small.
    across, down = (min(_SEARCH_PX, np.ptp(places) / 2) for places in (columns, rows))
    noise = shifted[(distance > _NEAR_PX) & (np.abs(x) <= across) & (np.abs(y) <= down)]
    spread = 1.4826 * np.median(np.abs(noise - np.median(noise)))  # robust standard deviation
    at_solution = shifted[distance <= _TOLERANCE_PX].max()
    if at_solution < shifted[distance > _NEAR_PX].max():
        return 0.0
    return float((at_solution - np.median(noise)) / max(float(spread), 1e-9))


def _local_contrast(magnitude: NDArray[np.float32], common: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Returns gradients with mean 0 and unit deviation in each neighbourhood, so that no bright edge rules alone."""
    weight = common.astype(np.float32)
    total = np.maximum(uniform_filter(weight, _LOCAL_PX), np.float32(1e-3))
    centred = (magnitude - uniform_filter(magnitude * weight, _LOCAL_PX) / total) * weight
    deviation = np.sqrt(np.maximum(uniform_filter(centred**2, _LOCAL_PX) / total, 0))
    result: NDArray[np.float32] = np.clip(centred / np.maximum(deviation, 0.25), -3, 3) * weight
    return result
