"""Sub-pixel offsets between windows of two aligned images, by phase correlation of gradient magnitudes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft

from .types import FloatArray

WINDOW_PX = 64
_BATCH = 128  # windows transformed at a time: 128 x 64 x 64 complex64 is 4 MB
_UPSAMPLING = 20  # the peak is found on a grid of 1/20 px before the parabola
_FREQUENCY_WIDTH = 0.25  # cycles a pixel
_EXCLUDED_PX = 3  # half-side of the neighbourhood of the peak in which no second peak is looked for
_CORRELATION_AREA_PX2 = 4.0  # area over which neighbouring gradient samples say the same thing


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
    reference: NDArray[np.float32], sensed: NDArray[np.float32], corners: NDArray[np.intp], search_px: int
) -> Offsets:
    """Returns the offsets of 64 x 64 windows between two gradient images on one grid.

    The cross-power spectrum of the Hann-windowed gradients is normalised to its phase (Kuglin and Hines, "The
    phase correlation image alignment method", 1975); its peak is up-sampled by a matrix Fourier transform
    (Guizar-Sicairos et al., Optics Letters 33, 2008) and interpolated by a parabola.

    Args:
        reference: (H, W) gradient magnitude.
        sensed: (H, W) gradient magnitude, already aligned but for the offsets sought.
        corners: (K, 2) column, row of the windows' first pixels; whole windows lie inside the images.
        search_px: largest offset looked for along each axis, at most 30.
    """
    parts = [
        _measure_batch(reference, sensed, corners[start : start + _BATCH], search_px)
        for start in range(0, len(corners), _BATCH)
    ]
    if not parts:
        empty = np.zeros(0)
        return Offsets(np.zeros((0, 2)), empty, empty, np.zeros((0, 2, 2)), np.zeros(0, np.bool_))
    return Offsets(*(np.concatenate([getattr(p, name) for p in parts]) for name in Offsets.__annotations__))


def _measure_batch(
    reference: NDArray[np.float32], sensed: NDArray[np.float32], corners: NDArray[np.intp], search_px: int
) -> Offsets:
    a = _windows(reference, corners)
    spectrum = np.conj(fft.rfft2(a))
    surface = fft.irfft2(_phase(spectrum, _windows(sensed, corners)), s=(WINDOW_PX, WINDOW_PX))
    coarse, peak_ratio, on_edge = _integer_peaks(surface, search_px)
    # Cut anew at the integer offset, both windows show the same ground: the taper no longer pulls towards 0.
    limit = np.array([sensed.shape[1], sensed.shape[0]]) - WINDOW_PX
    recut = np.clip(corners + coarse, 0, limit)
    b = _windows(sensed, recut)
    offset = recut - corners + _subpixel_peaks(_phase(spectrum, b), coarse - (recut - corners))
    correlation, covariance = _covariance(a, b)
    return Offsets(offset, peak_ratio, correlation, covariance, on_edge)


def _phase(conjugate: NDArray[np.complex64], windows: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Returns the weighted phase of the cross-power spectrum of (K, 64, 64) windows with a conjugate spectrum.

    The highest frequencies of a gradient magnitude are aliases, which pull the peak towards whole pixels: a
    Gaussian weight of 0.25 cycles a pixel halves that pull on real pairs and costs no precision.
    """
    cross = fft.rfft2(windows) * conjugate
    radius = np.hypot(fft.fftfreq(WINDOW_PX)[:, None], fft.rfftfreq(WINDOW_PX)[None, :])
    weight = np.exp(-0.5 * (radius / _FREQUENCY_WIDTH) ** 2).astype(np.float32)
    result: NDArray[np.complex64] = cross * (weight / np.maximum(np.abs(cross), 1e-9))
    return result


def _windows(image: NDArray[np.float32], corners: NDArray[np.intp]) -> NDArray[np.float32]:
    """Returns (K, 64, 64) windows of mean 0 under a Hann taper."""
    taper = np.hanning(WINDOW_PX + 2)[1:-1].astype(np.float32)
    weight = np.outer(taper, taper)
    cut = sliding_window_view(image, (WINDOW_PX, WINDOW_PX))[corners[:, 1], corners[:, 0]]
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


def _subpixel_peaks(cross: NDArray[np.complex64], coarse: NDArray[np.intp]) -> FloatArray:
    """Returns the (K, 2) peaks on a 1/20 px grid within 1 px of the integer ones, then by parabola."""
    steps = np.arange(-_UPSAMPLING, _UPSAMPLING + 1) / _UPSAMPLING
    frequency_y, frequency_x = fft.fftfreq(WINDOW_PX), fft.rfftfreq(WINDOW_PX)
    along_x = np.exp(2j * np.pi * frequency_x[None, :, None] * (coarse[:, 0, None] + steps)[:, None, :])
    along_y = np.exp(2j * np.pi * frequency_y[None, None, :] * (coarse[:, 1, None] + steps)[:, :, None])
    # rfft2 holds half the columns: those between the first and the last count twice.
    twice = np.where((frequency_x == 0) | (frequency_x == 0.5), 1.0, 2.0)
    surface = (along_y @ ((cross * twice) @ along_x)).real
    count, side = len(surface), len(steps)
    row, column = np.divmod(surface.reshape(count, -1).argmax(axis=1), side)
    row, column = np.clip(row, 1, side - 2), np.clip(column, 1, side - 2)
    each = np.arange(count)
    x = steps[column] + _parabola(*(surface[each, row, column + d] for d in (-1, 0, 1))) / _UPSAMPLING
    y = steps[row] + _parabola(*(surface[each, row + d, column] for d in (-1, 0, 1))) / _UPSAMPLING
    result: FloatArray = coarse + np.column_stack([x, y])
    return result


def _parabola(left: FloatArray, middle: FloatArray, right: FloatArray) -> FloatArray:
    """Returns the place of the vertex of a parabola through three equidistant samples, in steps, within +-0.5."""
    curvature = left - 2 * middle + right
    safe = np.where(np.abs(curvature) < 1e-12, 1.0, curvature)
    vertex = np.where(np.abs(curvature) < 1e-12, 0.0, 0.5 * (left - right) / safe)
    result: FloatArray = np.clip(vertex, -0.5, 0.5)
    return result


def _covariance(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[FloatArray, FloatArray]:
    """Returns the (K,) correlation of windows cut at the integer offset and the (K, 2, 2) covariance of the offset.

    First order in the noise: noise variance x inverse structure tensor (Foerstner and Guelch, 1987), where the
    noise is what remains of the normalised windows, 2 (1 - correlation), and neighbours are not independent.
    """
    norm = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    correlation = ((a * b).sum(axis=(1, 2)) / np.maximum(norm, 1e-9)).astype(np.float64)
    unit = a / np.maximum(np.sqrt((a**2).sum(axis=(1, 2), keepdims=True)), 1e-9)
    gy, gx = np.gradient(unit, axis=(1, 2))
    tensor = np.empty((len(a), 2, 2))
    tensor[:, 0, 0], tensor[:, 1, 1] = (gx**2).sum(axis=(1, 2)), (gy**2).sum(axis=(1, 2))
    tensor[:, 0, 1] = tensor[:, 1, 0] = (gx * gy).sum(axis=(1, 2))
    tensor += np.eye(2) * 1e-6  # a window without texture gets a large covariance, not an error
    noise = 2 * (1 - np.clip(correlation, -1, 0.999)) / WINDOW_PX**2
    covariance = noise[:, None, None] * _CORRELATION_AREA_PX2 * np.linalg.inv(tensor)
    return correlation, covariance
