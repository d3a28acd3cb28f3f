from __future__ import annotations

import numpy as np
import pytest

from ltcore.geometry.sampling import at_every_pixel

CORNER = (1000, -200)


def centres(shape: tuple[int, int]) -> np.ndarray:
    """(H, W, 2) pixel-edge centres of the window's pixels."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    return np.stack([x + CORNER[0], y + CORNER[1]], axis=-1)


def bend(xy: np.ndarray) -> np.ndarray:
    """3 px, with a period of 250 px."""
    x, y = (2 * np.pi * np.asarray(xy) / 250).T
    return np.asarray(xy) + 3 * np.column_stack([np.sin(x + 1) * np.cos(y), np.cos(x) * np.sin(y + 2)])


class Counted:
    """A map that remembers where it was asked."""

    def __init__(self, inner):
        self.inner, self.asked = inner, None

    def __call__(self, xy):
        self.asked = np.asarray(xy)
        return self.inner(xy)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (130, 40)])
def test_an_affine_map_is_exact(shape):
    matrix, shift = np.array([[1.5, -0.2], [0.3, 0.8]]), [7.0, -90.0]
    found = at_every_pixel(lambda xy: np.asarray(xy) @ matrix + shift, CORNER, shape)
    assert found.shape == (*shape, 2)
    np.testing.assert_allclose(found, centres(shape) @ matrix + shift, atol=1e-9)


def test_a_bend_is_followed_to_about_a_hundredth_of_a_pixel():
    found = at_every_pixel(bend, CORNER, (250, 500))
    np.testing.assert_allclose(found.reshape(-1, 2), bend(centres((250, 500)).reshape(-1, 2)), atol=0.0125)


def test_the_map_is_asked_at_knots_24_px_apart_and_at_five_a_side_at_least():
    counted = Counted(np.asarray)
    at_every_pixel(counted, CORNER, (30, 240))
    x, y = (np.unique(values) for values in counted.asked.T)
    np.testing.assert_allclose(x - CORNER[0], np.arange(0, 241, 24))
    np.testing.assert_allclose(y - CORNER[1], np.linspace(0, 30, 5))
    at_every_pixel(counted, CORNER, (97, 10))
    assert len(np.unique(counted.asked[:, 1])) == 6  # 97 px need one knot more than 96


@pytest.mark.parametrize("lost", [0, 1], ids=["x", "y"])
def test_where_the_map_has_no_value_there_is_none_around_that_knot_alone(lost):
    def holed(xy):
        places = np.array(xy)
        knot = (places == [CORNER[0] + 48, CORNER[1] + 72]).all(axis=1)
        places[knot, lost] = np.nan
        return places

    shape = (144, 120)
    found = at_every_pixel(holed, CORNER, shape)
    near = np.abs(centres(shape) - CORNER - [48, 72]).max(axis=2) < 24
    assert np.isnan(found[near]).all()
    np.testing.assert_allclose(found[~near], centres(shape)[~near], atol=1e-9)


def test_around_a_hole_the_knots_are_joined_by_straight_lines():
    def holed(xy):
        places = bend(xy)
        places[(np.asarray(xy) == CORNER).all(axis=1)] = np.nan
        return places

    found = at_every_pixel(holed, CORNER, (96, 96))
    between = (found[35, 47] + found[35, 48]) / 2  # x = 48 and y = 35.5, between the knots at y = 24 and 48
    above, here, below = bend(np.add(CORNER, [[48, 24], [48, 35.5], [48, 48]]))
    straight = above + (below - above) * 11.5 / 24
    np.testing.assert_allclose(between, straight, atol=0.02)
    assert np.abs(straight - here).max() > 0.05
