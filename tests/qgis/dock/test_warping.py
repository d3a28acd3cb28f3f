"""The sensed raster's picture on the screen: numbers only."""

from __future__ import annotations

import numpy as np
import pytest

from ltcore.geometry.transforms import Transform
from ltformer_qgis.dock.warping import Picture, bounds_of, knot_places, warped

SIZE = (180, 120)  # screen, px


def picture(units=0.5):
    """A picture of the layer's rectangle (0, -100) to (200, 0) whose pixels say their column and row."""
    rows, columns = round(100 / units), round(200 / units)
    argb = (np.arange(rows)[:, None] * 1000 + np.arange(columns) + 1).astype(np.uint32)
    return Picture(argb, 0.0, 0.0, units)


def direct(source, to_sensed):
    """What every screen pixel shows, one by one."""
    x, y = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    xy = to_sensed(np.column_stack([x.ravel(), y.ravel()]))
    column = np.floor((xy[:, 0] - source.left) / source.units_a_pixel)
    row = np.floor((source.top - xy[:, 1]) / source.units_a_pixel)
    height, width = source.argb.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    found = np.zeros(len(xy), np.uint32)
    found[inside] = source.argb[row[inside].astype(int), column[inside].astype(int)]
    return found.reshape(SIZE[1], SIZE[0])


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0, 10.3], [0, -1, -5.2], [0, 0, 1]],
        [[0.8, 0.6, 0], [0.6, -0.8, -20], [0, 0, 1]],
        [[1, 0.1, -30], [0.05, -0.9, 8], [1e-4, -2e-4, 1]],
    ],
)
def test_every_screen_pixel_shows_what_the_transform_says(matrix):
    to_sensed = Transform("projective", np.array(matrix, float))
    found = warped(picture(), knot_places(SIZE, 16, to_sensed), SIZE)
    expected = direct(picture(), to_sensed)
    both = (found > 0) & (expected > 0)
    difference = np.abs(found.astype(int) - expected.astype(int))[both]
    assert np.isin(difference, [0, 1, 999, 1000, 1001]).all()  # a neighbour at most
    assert (difference == 0).mean() > 0.9
    assert ((found > 0) == (expected > 0)).mean() > 0.99


def test_where_there_is_no_place_nothing_is_shown():
    def to_sensed(xy):
        places = np.column_stack([xy[:, 0], -xy[:, 1]])
        places[xy[:, 0] > 90] = np.nan
        return places

    found = warped(picture(), knot_places(SIZE, 10, to_sensed), SIZE)
    assert (found[:99, :80] > 0).all()
    assert (found[:, 90:] == 0).all()


def test_bounds_leave_unknown_places_aside():
    places = np.array([[[1.0, 2.0], [np.nan, 5.0]], [[3.0, -4.0], [np.inf, 0.0]]])
    assert bounds_of(places) == (1.0, -4.0, 3.0, 2.0)
    assert bounds_of(np.full((2, 2, 2), np.nan)) is None


def test_a_picture_knows_what_it_holds():
    assert picture().holds((10, -90, 190, -10))
    assert not picture().holds((-10, -90, 190, -10))
