import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcore.gaps import CellGrid
from ltcore.raster.read import Window
from ltcore.types import Gaps

side = st.integers(1, 300)


@given(x=st.integers(-50, 50), y=st.integers(0, 50), width=side, height=side, columns=st.integers(1, 9), rows=side)
def test_every_pixel_is_counted_in_the_cell_its_centre_lies_in(x, y, width, height, columns, rows):
    rows = min(rows, 7)
    window = Window(x, y, width, height)
    grid, half = CellGrid(window, columns, rows), np.array([0.5, 0.5])
    mask = np.random.default_rng(width).random((height, width)) < 0.5
    row, column = np.nonzero(mask)
    centres = np.column_stack([column, row]) + half + [x, y]
    np.testing.assert_array_equal(grid.count_pixels(mask, window, np.ones(2)), grid.count(centres))


def test_pixels_of_a_coarse_level_lie_in_their_cells():
    grid = CellGrid(Window(0, 0, 400, 200), 4, 2)
    mask = np.zeros((25, 50), bool)
    mask[20, 45] = True  # working px 360..368, 160..168
    assert grid.count_pixels(mask, Window(0, 0, 50, 25), np.array([8.0, 8.0])).tolist() == [0] * 7 + [1]


def test_the_corners_tile_the_window():
    corners = CellGrid(Window(10, 20, 300, 100), 3, 2).corners()
    assert corners.shape == (6, 4, 2)
    np.testing.assert_array_equal(corners[0], [[10, 20], [110, 20], [110, 70], [10, 70]])
    np.testing.assert_array_equal(corners[5][2], [310, 120])


def test_shares_are_of_all_cells():
    gaps = Gaps(8, np.zeros((3, 4, 2)), ("nodata", "outlier", "nodata"))
    assert gaps.shares == {"nodata": 0.25, "outlier": 0.125}
    assert list(gaps.shares) == ["nodata", "outlier"]
    assert Gaps(8, np.zeros((0, 4, 2)), ()).shares == {}


def test_reasons_and_corners_must_be_as_many():
    with pytest.raises(ValueError, match="expected"):
        Gaps(8, np.zeros((3, 4, 2)), ("nodata",))
