"""Sub-pixel offsets between windows of two aligned images, by phase correlation of gradient magnitudes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft

from .peak import frequencies, peak_covariance, subpixel_peaks
from .types import FloatArray

WINDOW_PX = 64

_BATCH_PX = 32 * 64 * 64  # pixels of the windows transformed at a time: they and their spectra stay in a core's cache
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
    batch = max(1, _BATCH_PX // window_px**2)
    parts = [
        _measure_batch(reference, sensed, corners[start : start + batch], search_px, window_px)
        for start in range(0, len(corners), batch)
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
    spectrum = fft.rfft2(a)
    np.conj(spectrum, out=spectrum)
    b = _windows(sensed, corners, window_px)
    cross = _phase(spectrum, b)
    surface = fft.irfft2(cross, s=(window_px, window_px))
    coarse, peak_ratio, on_edge = _integer_peaks(surface, search_px)
    # Cut anew at the integer offset, both windows show the same ground: the taper no longer pulls towards 0.
    limit = np.array([sensed.shape[1], sensed.shape[0]]) - window_px
    recut = np.clip(corners + coarse, 0, limit)
    moved = (recut != corners).any(axis=1)
    if moved.any():
        b[moved] = _windows(sensed, recut[moved], window_px)
        cross[moved] = _phase(spectrum[moved], b[moved])
    peak, sharpness = subpixel_peaks(cross, coarse - (recut - corners))
    return Offsets(
        recut - corners + peak, peak_ratio, _correlation(a, b), peak_covariance(sharpness, window_px), on_edge
    )


def _phase(conjugate: NDArray[np.complex64], windows: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Returns the weighted phase of the cross-power spectrum of (K, S, S) windows with a conjugate spectrum."""
    cross: NDArray[np.complex64] = fft.rfft2(windows)
    cross *= conjugate
    cross *= frequencies(windows.shape[1]).weight / np.maximum(np.abs(cross), np.float32(1e-9))
    return cross


def _windows(image: NDArray[np.float32], corners: NDArray[np.intp], side: int) -> NDArray[np.float32]:
    """Returns (K, side, side) windows of mean 0 under a Hann taper."""
    weight = _taper(side)
    cut: NDArray[np.float32] = sliding_window_view(image, (side, side))[corners[:, 1], corners[:, 0]]
    cut -= (cut * weight).sum(axis=(1, 2), keepdims=True) / weight.sum()
    cut *= weight
    return cut


@lru_cache(maxsize=8)
def _taper(side: int) -> NDArray[np.float32]:
    """Returns (side, side) Hann weights, none of them 0."""
    taper = np.hanning(side + 2)[1:-1].astype(np.float32)
    weight = np.outer(taper, taper)
    weight.flags.writeable = False  # shared by all windows of the size
    return weight


def _integer_peaks(
    surface: NDArray[np.float32], search_px: int
) -> tuple[NDArray[np.intp], FloatArray, NDArray[np.bool_]]:
    """Returns the (K, 2) x, y of the highest peaks within the search, the peak ratio, and whether on the edge."""
    # Offsets below 0 stand at the end.
    tall = np.concatenate([surface[:, -search_px:], surface[:, : search_px + 1]], axis=1)
    shifted = np.concatenate([tall[:, :, -search_px:], tall[:, :, : search_px + 1]], axis=2)
    count, side = len(shifted), 2 * search_px + 1
    each = np.arange(count)
    row, column = np.divmod(shifted.reshape(count, -1).argmax(axis=1), side)
    highest = shifted[each, row, column]
    around = np.arange(-_EXCLUDED_PX, _EXCLUDED_PX + 1)
    rows, columns = (np.clip(place[:, None] + around, 0, side - 1) for place in (row, column))
    shifted[each[:, None, None], rows[:, :, None], columns[:, None, :]] = -np.inf
    second = shifted.reshape(count, -1).max(axis=1)
    ratio = highest / np.maximum(second, 1e-12)
    on_edge = (row == 0) | (row == side - 1) | (column == 0) | (column == side - 1)
    return np.column_stack([column, row]) - search_px, ratio.astype(np.float64), on_edge


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> FloatArray:
    """Returns the (K,) normalised correlation of windows cut at the integer offset."""
    a_squared, b_squared, product = (np.einsum("kij,kij->k", *pair) for pair in ((a, a), (b, b), (a, b)))
    result: FloatArray = (product / np.maximum(np.sqrt(a_squared * b_squared), 1e-9)).astype(np.float64)
    return result
