"""The measured offset of near infrared: true to a fraction of a pixel, and silent where nothing can be said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osgeo import gdal

from ltcore.frame import Scene
from ltcore.raster.radiometry import percentile_stretch
from ltcore.raster.read import RasterView, Window
from tests.data.make_rasters import texture_at
from training.alignment import measure_alignment

_SIZE = 192


def _scene(values):
    dataset = gdal.GetDriverByName("MEM").Create("", values.shape[1], values.shape[0], 1, gdal.GDT_Float32)
    dataset.GetRasterBand(1).WriteArray(values.astype(np.float32))
    dataset.GetRasterBand(1).SetNoDataValue(-1)
    view = RasterView(dataset, (1,), (1.0,), values.shape[1], values.shape[0])
    return Scene(view, percentile_stretch(view, "test"))


def _pair(dx, dy, size=_SIZE, seed=0):
    """Near infrared of reversed contrast whose position p shows what the visible one shows at p + (dx, dy)."""
    x, y = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    noise = np.random.default_rng(seed).normal(0, 0.02, (2, size, size))
    visible = 1 + texture_at(x, y, seed) + noise[0]
    return _scene(visible), _scene(3 - 0.6 * texture_at(x + dx, y + dy, seed) + noise[1])


def _measured(pair):
    return measure_alignment(*pair, pair[0].view.full_window)


@settings(max_examples=25, deadline=None)
@given(dx=st.floats(-12, 12), dy=st.floats(-12, 12), seed=st.integers(0, 9))
def test_offsets_are_found_to_a_fraction_of_a_pixel(dx, dy, seed):
    alignment = _measured(_pair(dx, dy, seed=seed))
    assert alignment.is_clear
    np.testing.assert_allclose(alignment.offset_px, (dx, dy), atol=0.15)
    if abs(alignment.length_px - 0.5) > 0.2:
        assert alignment.is_misaligned == (np.hypot(dx, dy) > 0.5)


def test_an_offset_beyond_the_search_is_found_on_a_coarser_level():
    alignment = _measured(_pair(-55.0, 30.0, size=512))
    assert alignment.is_misaligned
    np.testing.assert_allclose(alignment.offset_px, (-55, 30), atol=1.5)


def test_a_window_of_a_larger_raster_counts_alone():
    visible, nir = _pair(2.0, -3.0, size=400)
    alignment = measure_alignment(visible, nir, Window(130, 70, 160, 200))
    np.testing.assert_allclose(alignment.offset_px, (2, -3), atol=0.15)


@pytest.mark.parametrize("seed", range(4))
def test_unrelated_bands_say_nothing(seed):
    alignment = _measured((_pair(0, 0, seed=seed)[0], _pair(0, 0, seed=seed + 50)[1]))
    assert not alignment.is_clear
    assert not alignment.is_misaligned


def test_too_small_or_mostly_without_data_says_nothing():
    visible, nir = _pair(3, 0)
    assert measure_alignment(visible, nir, Window(0, 0, 60, 192)).peak_z == 0
    hidden = nir.view.read(nir.view.full_window).values.copy()
    hidden[:, 40:] = -1
    assert _measured((visible, _scene(hidden))).peak_z == 0
