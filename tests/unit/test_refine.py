import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.raster.radiometry import gradient_magnitude
from ltcore.raster.read import MaskedImage
from ltcore.refine import measure_offsets
from tests.data.make_rasters import texture_at

SIZE = 200


def gradient(shift=(0.0, 0.0), gain=255.0, base=0.0, seed=0):
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    values = base + gain * texture_at(x - shift[0], y - shift[1], seed)
    return gradient_magnitude(MaskedImage(values.astype(np.float32), np.ones(values.shape, bool)))


def corners(count=20, margin=30):
    return np.random.default_rng(1).integers(margin, SIZE - 64 - margin, (count, 2))


@settings(max_examples=20, deadline=None)
@given(x=st.floats(-2, 2), y=st.floats(-2, 2), inverted=st.booleans())
def test_a_known_shift_is_measured_in_one_pass(x, y, inverted):
    gain, base = (-200.0, 240.0) if inverted else (255.0, 0.0)
    found = measure_offsets(gradient(), gradient((x, y), gain, base), corners(), 16)
    error = np.linalg.norm(found.offset_px - [x, y], axis=1)
    assert np.median(error) < 0.15  # the pipeline measures twice, the second time around 0


@pytest.mark.parametrize("window_px", [24, 32, 48])
def test_smaller_windows_see_smaller_bends_and_are_less_sure(window_px):
    found, large = (measure_offsets(gradient(), gradient((0.4, -0.3)), corners(), 6, side) for side in (window_px, 64))
    assert np.median(np.linalg.norm(found.offset_px - [0.4, -0.3], axis=1)) < 0.1
    spread = [np.median(np.trace(offsets.covariance_px2, axis1=1, axis2=2)) for offsets in (found, large)]
    assert spread[0] > 1.3 * spread[1]
    assert not found.on_edge.any()


def test_swapping_the_images_turns_the_offset_round():
    a, b = gradient(), gradient((1.4, -2.3))
    there, back = measure_offsets(a, b, corners(), 16), measure_offsets(b, a, corners(), 16)
    assert np.median(np.abs(there.offset_px + back.offset_px)) < 0.1


def test_unrelated_windows_have_no_clear_peak():
    related = measure_offsets(gradient(), gradient((1, 1)), corners(), 16)
    unrelated = measure_offsets(gradient(), gradient(seed=9), corners(), 16)
    assert np.median(unrelated.peak_ratio) < 1.15 < np.median(related.peak_ratio)
    assert np.median(unrelated.correlation) < 0.3 < np.median(related.correlation)


def test_an_offset_beyond_the_search_is_on_the_edge_or_unclear():
    near, far = (measure_offsets(gradient(), gradient((x, 0)), corners(), 4) for x in (2, 9))
    doubtful = [(found.on_edge | (found.peak_ratio < 1.15)).mean() for found in (near, far)]
    assert doubtful[0] == 0
    assert doubtful[1] > 0.5


def test_covariance_is_positive_and_grows_with_noise():
    random = np.random.default_rng(0)
    clean, noisy = gradient((0.5, 0.5)), gradient((0.5, 0.5)) + random.normal(0, 3, (SIZE, SIZE)).astype(np.float32)
    small, large = (measure_offsets(gradient(), image, corners(), 16).covariance_px2 for image in (clean, noisy))
    assert (np.linalg.eigvalsh(small) > 0).all()
    assert (np.trace(large, axis1=1, axis2=2) > np.trace(small, axis1=1, axis2=2)).mean() > 0.9


@pytest.mark.parametrize("blank", [0.0, 7.0])
def test_a_blank_window_gives_numbers_not_errors(blank):
    flat = np.full((SIZE, SIZE), blank, np.float32)
    found = measure_offsets(flat, flat, corners(3), 16)
    assert np.isfinite(found.offset_px).all()
    assert np.isfinite(found.covariance_px2).all()


def test_no_windows_no_offsets():
    found = measure_offsets(gradient(), gradient(), np.zeros((0, 2), int), 16)
    assert found.offset_px.shape == (0, 2)
    assert found.covariance_px2.shape == (0, 2, 2)
