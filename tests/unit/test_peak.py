import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft

from ltcore.peak import frequencies, peak_covariance, subpixel_peaks
from ltcore.refine import WINDOW_PX

WEIGHT = frequencies(WINDOW_PX).weight
FX, FY = fft.rfftfreq(WINDOW_PX)[None, :], fft.fftfreq(WINDOW_PX)[:, None]


def spectrum_of(x, y, width_x=np.inf):
    """Returns the weighted phase of a window moved by (x, y) px; a narrow `width_x` blurs the peak along x."""
    kept = np.exp(-0.5 * (FX / width_x) ** 2)
    return (WEIGHT * kept * np.exp(-2j * np.pi * (FX * x + FY * y))).astype(np.complex64)[None]


def at(x, y):
    return np.array([[round(x), round(y)]])


@settings(max_examples=50, deadline=None)
@given(x=st.floats(-20, 20), y=st.floats(-20, 20))
def test_the_peak_of_a_pure_shift_is_exact(x, y):
    peak, sharpness = subpixel_peaks(spectrum_of(x, y), at(x, y))
    np.testing.assert_allclose(peak, [[x, y]], atol=2e-3)
    assert np.linalg.eigvalsh(sharpness).min() > 0


def test_the_peak_is_found_although_it_lies_almost_a_pixel_beside_the_whole_one():
    peak, _ = subpixel_peaks(spectrum_of(3.9, -2.1), np.array([[3, -3]]))
    np.testing.assert_allclose(peak, [[3.9, -2.1]], atol=2e-3)


def test_sharpness_is_the_curvature_of_the_surface():
    spectrum, step = spectrum_of(0, 0, width_x=0.1), 0.05
    _, sharpness = subpixel_peaks(spectrum, at(0, 0))
    twice = np.where((FX == 0) | (FX == 0.5), 1, 2)

    def height(x, y):
        return (spectrum[0] * twice * np.exp(2j * np.pi * (FX * x + FY * y))).real.sum() / (WEIGHT * twice).sum()

    along_x = (2 * height(0, 0) - height(step, 0) - height(-step, 0)) / step**2
    along_y = (2 * height(0, 0) - height(0, step) - height(0, -step)) / step**2
    np.testing.assert_allclose(np.diagonal(sharpness[0]), [along_x, along_y], rtol=0.01)


def test_a_peak_blurred_along_x_is_unsure_along_x():
    _, sharpness = subpixel_peaks(spectrum_of(0.3, 0.2, width_x=0.1), at(0, 0))
    covariance = peak_covariance(sharpness)[0]
    assert covariance[0, 0] > 4 * covariance[1, 1]
    assert abs(covariance[0, 1]) < 0.01 * covariance[0, 0]


@pytest.mark.parametrize("strength", [0.2, 0.4])
def test_the_covariance_is_that_of_peaks_tilted_by_noise(strength):
    random = np.random.default_rng(0)
    clean = (strength * spectrum_of(0.2, -0.3, width_x=0.2)).repeat(400, axis=0)
    tilt = np.sqrt(0.012) * random.standard_normal((400, 2))  # px^-1; the variance stands in docs/adr/0010
    phase = -2j * np.pi * np.stack(np.broadcast_arrays(FX, FY))
    twice = np.where((FX == 0) | (FX == 0.5), 1, 2)
    power = (WEIGHT * twice * np.abs(phase) ** 2).sum(axis=(1, 2)) / (WEIGHT * twice).sum()
    waves = WEIGHT * np.exp(-2j * np.pi * (FX * 0.2 - FY * 0.3)) * phase
    noisy = clean + np.einsum("ka,ayx->kyx", 0.01 * tilt / power, waves)
    peak, sharpness = subpixel_peaks(noisy.astype(np.complex64), np.zeros((400, 2), int))
    error = 100 * (peak - [0.2, -0.3])  # the noise is made small so that first order holds
    distance2 = (np.linalg.solve(peak_covariance(sharpness), error[..., None])[..., 0] * error).sum(axis=1)
    assert 1.8 < distance2.mean() < 2.2


def test_a_flat_surface_gives_a_large_covariance_not_an_error():
    peak, sharpness = subpixel_peaks(np.zeros((1, WINDOW_PX, WINDOW_PX // 2 + 1), np.complex64), at(0, 0))
    covariance = peak_covariance(sharpness)
    assert np.isfinite(peak).all()
    assert np.linalg.eigvalsh(covariance[0]).min() > 100


def test_no_windows_no_peaks():
    peak, sharpness = subpixel_peaks(np.zeros((0, WINDOW_PX, WINDOW_PX // 2 + 1), np.complex64), np.zeros((0, 2), int))
    assert peak.shape == (0, 2)
    assert peak_covariance(sharpness).shape == (0, 2, 2)
