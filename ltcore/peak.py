"""The peak of a phase correlation: where it lies to a fraction of a pixel, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from .types import FloatArray

_FREQUENCY_WIDTH = 0.25  # cycles a pixel
_GRID_SIDE = 9  # points over 2 px of the grid on which the peak is found before Newton's method
_STEP_PX = 2 / (_GRID_SIDE - 1)
_NEWTON_STEPS = 3
_LEAST_SHARPNESS = 1e-3  # px^-2; a peak this flat stands for no texture: a deviation of tens of px
_GRADIENT_NOISE = 0.012  # px^-2, variance of the slope that noise gives to a surface of height 1, along each axis
_NOISE_WINDOW_PX = 64  # side of the windows it was calibrated on; it falls with their area


@dataclass(frozen=True)
class Frequencies:
    """The frequencies of the real Fourier transform of S x S windows, cycles a pixel.

    Attributes:
        y: (S,) of its rows.
        x: (S / 2 + 1,) of its columns.
        weight: (S, S / 2 + 1) what the phase at each counts in a correlation.
        twice: (S / 2 + 1,) rfft2 holds half the columns: those between the first and the last count twice.
    """

    y: FloatArray
    x: FloatArray
    weight: NDArray[np.float32]
    twice: NDArray[np.float32]

    @cached_property
    def x_powers(self) -> NDArray[np.complex64]:
        """(3, S / 2 + 1) factors of a wave along x, of its slope and of its curvature."""
        return _powers(self.x)

    @cached_property
    def y_powers(self) -> NDArray[np.complex64]:
        """(3, S) the same along y."""
        return _powers(self.y)


@lru_cache(maxsize=8)
def frequencies(window_px: int) -> Frequencies:
    """Returns the frequencies of windows of an even side.

    The highest frequencies of a gradient magnitude are aliases, which pull the peak towards whole pixels: a
    Gaussian weight of 0.25 cycles a pixel halves that pull on real pairs and costs no precision.
    """
    y, x = fft.fftfreq(window_px), fft.rfftfreq(window_px)
    weight = np.exp(-0.5 * (np.hypot(y[:, None], x[None, :]) / _FREQUENCY_WIDTH) ** 2).astype(np.float32)
    return Frequencies(y, x, weight, np.where((x == 0) | (x == 0.5), 1, 2).astype(np.float32))


def _powers(frequency: FloatArray) -> NDArray[np.complex64]:
    powers: NDArray[np.complex64] = ((2j * np.pi * frequency) ** np.arange(3)[:, None]).astype(np.complex64)
    return powers


def subpixel_peaks(cross: NDArray[np.complex64], near: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Returns the peaks of correlation surfaces, px, and their sharpness, px^-2.

    The surface is a trigonometric polynomial: within 1 px of `near` it is evaluated on a grid of 1/4 px by a matrix
    Fourier transform (Guizar-Sicairos et al., Optics Letters 33, 2008), then Newton's method climbs to the top.

    Args:
        cross: (K, S, S / 2 + 1) phase of the cross-power spectrum of S x S windows, of the magnitude of the weight.
        near: (K, 2) x, y of the highest whole pixels.

    Returns:
        (K, 2) x, y, and (K, 2, 2) the negative second derivatives there over the height of a perfect peak.
    """
    at = frequencies(cross.shape[1])
    spectrum = cross * (at.twice / (at.weight * at.twice).sum())
    moved = near.any(axis=1)  # few: those whose window did not fit in the image
    place = near[moved].astype(np.float64)
    spectrum[moved] *= _waves(at.y, place[:, 1, None]).transpose(0, 2, 1) * _waves(at.x, place[:, 0, None])
    first = _grid_peaks(spectrum, at)
    peak = first
    for _ in range(_NEWTON_STEPS):
        gradient, sharpness = _derivatives(spectrum, at, peak)
        step = (np.linalg.inv(_made_definite(sharpness)) @ gradient[..., None])[..., 0]
        peak = np.clip(peak + step, first - _STEP_PX, first + _STEP_PX)
    return near + peak, _derivatives(spectrum, at, peak)[1]


def peak_covariance(sharpness: FloatArray, window_px: int = _NOISE_WINDOW_PX) -> FloatArray:
    """Returns the (K, 2, 2) covariance, px^2, of peaks of (K, 2, 2) sharpness between windows of that side.

    Noise tilts the surface by a random gradient g, which moves the top by S^-1 g: the covariance is S^-1 G S^-1 with G
    that of g. The phase of noise is as large as that of signal, so G is the same for all windows but for the few
    that share much: one number, calibrated on real pairs (docs/adr/0010).
    """
    inverse = np.linalg.inv(_made_definite(sharpness))
    result: FloatArray = _GRADIENT_NOISE * (_NOISE_WINDOW_PX / window_px) ** 2 * (inverse @ inverse)
    return result


def _grid_peaks(spectrum: NDArray[np.complex64], at: Frequencies) -> FloatArray:
    """Returns the (K, 2) nodes, within 1 px of 0, where the surfaces are highest."""
    steps = np.linspace(-1, 1, _GRID_SIDE)
    count, rows, columns = spectrum.shape
    along_x, along_y = _waves(at.x, steps).T, _waves(at.y, steps)
    # All windows in one product: rows of all spectra one below the other.
    lines = (spectrum.reshape(count * rows, columns) @ along_x).reshape(count, rows, _GRID_SIDE)
    surface = (along_y @ lines).real
    row, column = np.divmod(surface.reshape(count, _GRID_SIDE**2).argmax(axis=1), _GRID_SIDE)
    nodes: FloatArray = np.column_stack([steps[column], steps[row]])
    return nodes


def _waves(frequency: FloatArray, place_px: FloatArray) -> NDArray[np.complex64]:
    """Returns (..., F) complex waves of F frequencies at places of any shape."""
    angle = (2 * np.pi * place_px[..., None] * frequency).astype(np.float32)
    waves = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=waves.real)
    np.sin(angle, out=waves.imag)
    return waves


def _derivatives(
    spectrum: NDArray[np.complex64], at: Frequencies, place_px: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Returns the (K, 2) gradient of the surfaces at (K, 2) places and their (K, 2, 2) negative second derivatives."""
    along_x = _waves(at.x, place_px[:, 0, None]) * at.x_powers
    along_y = _waves(at.y, place_px[:, 1, None]) * at.y_powers
    moments = (along_y @ (spectrum @ along_x.transpose(0, 2, 1))).real  # (K, 3, 3): order in y, in x
    gradient = np.column_stack([moments[:, 0, 1], moments[:, 1, 0]])
    mixed = moments[:, 1, 1]
    rows = [[moments[:, 0, 2], mixed], [mixed, moments[:, 2, 0]]]
    return gradient, -np.array(rows).transpose(2, 0, 1)


def _made_definite(sharpness: FloatArray) -> FloatArray:
    """Returns symmetric matrices with no eigenvalue below that of a flat peak."""
    (a, b), (_, d) = sharpness.transpose(1, 2, 0).astype(np.float64)
    middle, half = (a + d) / 2, np.hypot((a - d) / 2, b)  # the eigenvalues: middle + half and - half
    low, high = (np.maximum(value, _LEAST_SHARPNESS) for value in (middle - half, middle + half))
    kept = (high - low) / np.maximum(2 * half, 1e-300)  # of what differs from a multiple of the identity
    identity = ((low + high) / 2 - kept * middle)[:, None, None] * np.eye(2)
    result: FloatArray = kept[:, None, None] * sharpness + identity
    return result
