"""A small georeferenced pair of known shift."""

import numpy as np
import pytest

from benchmarks.registration.pairs import Pair, check_grid, write_band
from benchmarks.registration.warps import Warp, resampled, similarity
from tests.data.make_rasters import NORTH_UP, UTM_33N, texture

SIZE = (192, 160)


@pytest.fixture
def shifted(tmp_path):
    """192 x 160 px, shift of (3.3, -2.2) px that the georeference does not know."""
    georeference = {"geotransform": NORTH_UP, "epsg": UTM_33N}
    image = (texture(*SIZE) * 200).astype(np.float32)
    warp = Warp(similarity(0, 1, np.array([3.3, -2.2]), np.array(SIZE), np.array(SIZE)))
    reference = write_band(tmp_path / "reference.tif", image, georeference)
    sensed = write_band(tmp_path / "sensed.tif", resampled(image, warp, SIZE), georeference)
    return Pair("a", "texture", reference, sensed, True, check_grid(warp, SIZE, SIZE), "shift")
