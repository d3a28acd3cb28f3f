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
from .types import FloatArray

_SEARCH_PX = 48  # offsets compared; the noise is measured beyond _NEAR_PX
_NEAR_PX = 6
_TOLERANCE_PX = 3  # a coarse transform may be off by this much
_LOCAL_PX = 31  # side of the neighbourhood in which gradients are normalised
_MIN_COMMON_SHARE = 0.02
_RIVAL = 0.85  # agreement a shared pixel of a wrong offset, over that at the solution, from which ground repeats
_MIN_RIVAL_SHARE = 0.25  # of the common ground: what shares less agrees by chance
_MIN_COMMON_PX = 16  # least width and height of what both images show


def structure_score(reference: Scene, sensed: Scene, window: Window, transform: PlaneMap, unique_px: int = 0) -> float:
    """Returns how far the agreement of both images' gradients under the transform stands above chance.

    Args:
        reference: scene on its working grid.
        sensed: scene on its own working grid.
        window: window of the reference's working grid to compare, at most about 2000 px a side.
        transform: sensed working px -> reference working px.
        unique_px: up to which offset the ground must not repeat itself.

    Returns:
        The score, in standard deviations of the correlation at wrong offsets (6 to 48 px); 0 where one of them agrees
        better, where one up to `unique_px` agrees nearly as well (by 85 % a pixel that both images show), or where
        the images share less than 2 % of the window or 16 px a side.
    """
    image, aligned = reference.read(window), read_aligned(sensed, window, transform)
    common = image.valid & aligned.valid
    rows, columns = np.flatnonzero(common.any(axis=1)), np.flatnonzero(common.any(axis=0))
    if common.mean() < _MIN_COMMON_SHARE or min(np.ptp(rows), np.ptp(columns)) < _MIN_COMMON_PX:
        return 0.0
    reach = max(unique_px, _SEARCH_PX)
    total = _local_total(common)
    a, b = (_local_contrast(gradient_magnitude(each, 1.0), common, total) for each in (image, aligned))
    shifted, x, y = _agreement(a, b, reach)
    distance = np.hypot(x, y)
    # Beyond half of what both images show, little is left to compare: the noise there would be too small.
    across, down = (min(_SEARCH_PX, np.ptp(places) / 2) for places in (columns, rows))
    noise = shifted[(distance > _NEAR_PX) & (np.abs(x) <= across) & (np.abs(y) <= down)]
    spread = 1.4826 * np.median(np.abs(noise - np.median(noise)))  # robust standard deviation
    at_solution = shifted[distance <= _TOLERANCE_PX].max()
    if at_solution < shifted[distance > _NEAR_PX].max() or (unique_px and _repeats(shifted, distance, common, reach)):
        return 0.0
    return float((at_solution - np.median(noise)) / max(float(spread), 1e-9))


def best_shift(reference: Scene, sensed: Scene, window: Window, reach_px: int) -> tuple[int, int]:
    """Returns the x, y by which the sensed scene is to be moved so that the gradients of the window agree best.

    Args:
        reference: scene on its working grid.
        sensed: scene on the same grid.
        window: window of the grid to compare, at most about 2000 px a side.
        reach_px: longest shift.
    """
    images = reference.read(window), sensed.read(window)
    a, b = (_local_contrast(gradient_magnitude(image, 1.0), image.valid, _local_total(image.valid)) for image in images)
    shifted, x, y = _agreement(a, b, reach_px)
    best = np.where(np.hypot(x, y) <= reach_px, shifted, -np.inf).argmax()
    row, column = np.unravel_index(best, shifted.shape)
    return -int(x[0, column]), -int(y[row, 0])


def _repeats(agreement: NDArray[np.float32], distance_px: FloatArray, common: NDArray[np.bool_], reach: int) -> bool:
    """Returns whether a wrong offset agrees nearly as well as the solution, a pixel that both images show."""
    weight = common.astype(np.float32)
    shared, *_ = _agreement(weight, weight, reach)
    rival = (distance_px > _NEAR_PX) & (shared > _MIN_RIVAL_SHARE * shared.max())
    at_solution = agreement[distance_px <= _TOLERANCE_PX].max() / shared.max()
    return bool((agreement[rival] / shared[rival]).max() > _RIVAL * at_solution)


def _agreement(
    a: NDArray[np.float32], b: NDArray[np.float32], reach: int
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
    """Returns the correlation of a(p) with b(p + offset) for offsets up to `reach` px along each axis (2 reach + 1,
    2 reach + 1), and the x (1, 2 reach + 1) and the y (2 reach + 1, 1) of the offsets."""
    shape = [fft.next_fast_len(side + reach, real=True) for side in a.shape]
    spectrum = fft.rfft2(b, shape)
    # In place: at 1400 px each of these takes 18 MB, and this is where a registration holds most.
    spectrum *= np.conj(spectrum) if a is b else np.conj(fft.rfft2(a, shape))
    surface = fft.irfft2(spectrum, shape, overwrite_x=True)
    y, x = (np.arange(-reach, min(reach + 1, side - reach)) for side in shape)
    return surface[np.ix_(y, x)], x[None, :], y[:, None]


def _local_total(common: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Returns the share of each pixel's neighbourhood that counts, at least 0.001."""
    if common.all():
        return np.ones(common.shape, np.float32)
    total: NDArray[np.float32] = np.maximum(uniform_filter(common.astype(np.float32), _LOCAL_PX), np.float32(1e-3))
    return total


def _local_contrast(
    magnitude: NDArray[np.float32], common: NDArray[np.bool_], total: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Returns gradients with mean 0 and unit deviation in each neighbourhood, so that no bright edge rules alone."""
    weight = common.astype(np.float32)
    centred = (magnitude - uniform_filter(magnitude * weight, _LOCAL_PX) / total) * weight
    deviation = np.sqrt(np.maximum(uniform_filter(centred**2, _LOCAL_PX) / total, 0))
    result: NDArray[np.float32] = np.clip(centred / np.maximum(deviation, 0.25), -3, 3) * weight
    return result
