"""Sub-pixel offsets between windows of two aligned images, by phase correlation of gradient magnitudes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft

from .peak import frequencies, peak_covariance, subpixel_peaks
from .types import FloatArray

WINDOW_PX = 64

_BATCH = 128  # windows transformed at a time: 128 x 64 x 64 complex64 is 4 MB
_EXCLUDED_PX = 3  # half-side of the neighbourhood of the peak in which no second peak is looked for


@dataclass(frozen=True)
class Offsets:
    """Measured offsets of K windows.

    Attributes:
        offset_px: (K, 2) x, y such that sensed(p + offset) shows what reference(p) shows.
        peak_ratio: (K,) highest over second-highest correlation peak.
        correlation: (K,) normalised correlation of both windows at the offset, in [-1, 1].
        covariance_px2: (K, 2, 2) of the offset.
        on_edge: (K,) the peak lay on the edge of the search, so the truth may lie beyond.
    """

    offset_px: FloatArray
    peak_ratio: FloatArray
    correlation: FloatArray
    covariance_px2: FloatArray
    on_edge: NDArray[np.bool_]


def measure_offsets(
    reference: NDArray[np.float32],
    sensed: NDArray[np.float32],
    corners: NDArray[np.intp],
    search_px: int,
    window_px: int = WINDOW_PX,
) -> Offsets:
    """Returns the offsets of square windows between two gradient images on one grid.

    The cross-power spectrum of the Hann-windowed gradients is normalised to its phase (Kuglin and Hines, "The
    phase correlation image alignment method", 1975); its peak is found to a fraction of a pixel by `peak`.

    Args:
        reference: (H, W) gradient magnitude.
        sensed: (H, W) gradient magnitude, already aligned but for the offsets sought.
        corners: (K, 2) column, row of the windows' first pixels; whole windows lie inside the images.
        search_px: largest offset looked for along each axis, under half a window.
        window_px: side of the windows, even.
    """
    parts = [
        _measure_batch(reference, sensed, corners[start : start + _BATCH], search_px, window_px)
        for start in range(0, len(corners), _BATCH)
    ]
    if not parts:
        empty = np.zeros(0)
        return Offsets(np.zeros((0, 2)), empty, empty, np.zeros((0, 2, 2)), np.zeros(0, np.bool_))
    return Offsets(*(np.concatenate([getattr(p, name) for p in parts]) for name in Offsets.__annotations__))


def _measure_batch(
    reference: NDArray[np.float32],
    sensed: NDArray[np.float32],
    corners: NDArray[np.intp],
    search_px: int,
    window_px: int,
) -> Offsets:
    a = _windows(reference, corners, window_px)
    spectrum = np.conj(fft.rfft2(a))
    surface = fft.irfft2(_phase(spectrum, _windows(sensed, corners, window_px)), s=(window_px, window_px))
    coarse, peak_ratio, on_edge = _integer_peaks(surface, search_px)
    # Cut anew at the integer offset, both windows show the same ground: the taper no longer pulls towards 0.
    limit = np.array([sensed.shape[1], sensed.shape[0]]) - window_px
    recut = np.clip(corners + coarse, 0, limit)
    b = _windows(sensed, recut, window_px)
    peak, sharpness = subpixel_peaks(_phase(spectrum, b), coarse - (recut - corners))
    return Offsets(
        recut - corners + peak, peak_ratio, _correlation(a, b), peak_covariance(sharpness, window_px), on_edge
    )


def _phase(conjugate: NDArray[np.complex64], windows: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Returns the weighted phase of the cross-power spectrum of (K, S, S) windows with a conjugate spectrum."""
    cross = fft.rfft2(windows) * conjugate
    result: NDArray[np.complex64] = cross * (frequencies(windows.shape[1]).weight / np.maximum(np.abs(cross), 1e-9))
    return result


def _windows(image: NDArray[np.float32], corners: NDArray[np.intp], side: int) -> NDArray[np.float32]:
    """Returns (K, side, side) windows of mean 0 under a Hann taper."""
    taper = np.hanning(side + 2)[1:-1].astype(np.float32)
    weight = np.outer(taper, taper)
    cut = sliding_window_view(image, (side, side))[corners[:, 1], corners[:, 0]]
    mean = (cut * weight).sum(axis=(1, 2), keepdims=True) / weight.sum()
    result: NDArray[np.float32] = (cut - mean) * weight
    return result


def _integer_peaks(
    surface: NDArray[np.float32], search_px: int
) -> tuple[NDArray[np.intp], FloatArray, NDArray[np.bool_]]:
    """Returns the (K, 2) x, y of the highest peaks within the search, the peak ratio, and whether on the edge."""
    shifted = np.roll(surface, (search_px, search_px), axis=(1, 2))[:, : 2 * search_px + 1, : 2 * search_px + 1]
    count, side = len(shifted), 2 * search_px + 1
    best = shifted.reshape(count, -1).argmax(axis=1)
    row, column = np.divmod(best, side)
    steps = np.arange(side)
    near = (np.abs(steps - row[:, None]) <= _EXCLUDED_PX)[:, :, None] & (
        np.abs(steps - column[:, None]) <= _EXCLUDED_PX
    )[:, None, :]
    second = np.where(near, -np.inf, shifted).reshape(count, -1).max(axis=1)
    highest = shifted[np.arange(count), row, column]
    ratio = highest / np.maximum(second, 1e-12)
    on_edge = (row == 0) | (row == side - 1) | (column == 0) | (column == side - 1)
    return np.column_stack([column, row]) - search_px, ratio.astype(np.float64), on_edge


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> FloatArray:
    """Returns the (K,) normalised correlation of windows cut at the integer offset."""
    norm = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    result: FloatArray = ((a * b).sum(axis=(1, 2)) / np.maximum(norm, 1e-9)).astype(np.float64)
    return result
