"""Which tiles the fine stage searches: all of a small overlap; of a large one as much as the tie points need."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ltcore.fine import _TILE_PX, _tiles
from ltcore.raster.read import Window

SIDES = st.integers(1, 300_000)
WINDOWS = st.builds(Window, st.integers(0, 1000), st.integers(0, 1000), SIDES, SIDES)


@given(WINDOWS, st.integers(1, 64), st.floats(1, 1e9))
def test_tiles_lie_inside_and_stay_within_what_is_allowed(overlap, at_most, ground_px):
    tiles = _tiles(overlap, at_most, ground_px)
    assert 1 <= len(tiles) <= at_most
    for tile in tiles:
        assert overlap.x <= tile.x
        assert tile.x + tile.width <= overlap.x + overlap.width
        assert overlap.y <= tile.y
        assert tile.y + tile.height <= overlap.y + overlap.height
        assert 1 <= tile.width <= _TILE_PX
        assert 1 <= tile.height <= _TILE_PX
    side = math.ceil(math.sqrt(ground_px / len(tiles)))
    assert sum(tile.width * tile.height for tile in tiles) <= len(tiles) * side**2


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_small_overlap_is_covered_without_gaps_or_doubles(width, height):
    covered = np.zeros((height, width), np.uint8)
    for tile in _tiles(Window(0, 0, width, height), 64, math.inf):
        covered[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] += 1
    assert (covered == 1).all()


@given(st.integers(9000, 300_000))
def test_a_large_overlap_is_searched_evenly(side):
    tiles = _tiles(Window(0, 0, side, side), 64, 2000 * 110.0**2)
    middles = np.array([[tile.x + tile.width / 2, tile.y + tile.height / 2] for tile in tiles])
    expected = (np.arange(8) + 0.5) * side / 8
    for axis in (0, 1):
        np.testing.assert_allclose(np.unique(middles[:, axis]), expected, atol=1)
