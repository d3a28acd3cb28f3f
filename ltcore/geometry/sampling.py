"""A map of the plane at every pixel of a window, from its values at a few knots."""

from __future__ import annotations

from typing import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import RectBivariateSpline

from ..types import FloatArray

_KNOT_PX = 24.0  # distance of the knots: a bend of 3 px with a period of 250 px is then followed to 0.01 px
_FEWEST_KNOTS = 5


def at_every_pixel(
    backward: Callable[[ArrayLike], FloatArray], corner: tuple[int, int], shape: tuple[int, int]
) -> FloatArray:
    """Returns the (H, W, 2) places that the pixel centres of a window map to.

    A bicubic spline through knots 24 px apart; where the map has no value at some knot, straight lines between
    them, and nan around that knot.

    Args:
        backward: a smooth map of (N, 2) pixel-edge points.
        corner: first column and row of the window.
        shape: rows and columns of the window.
    """
    down, along = (np.linspace(0, length, max(_FEWEST_KNOTS, int(np.ceil(length / _KNOT_PX)) + 1)) for length in shape)
    y, x = np.meshgrid(down, along, indexing="ij")
    knots = backward(np.column_stack([x.ravel(), y.ravel()]) + np.array(corner)).reshape(*x.shape, 2)
    degree = 3 if np.isfinite(knots).all() else 1
    known = np.isfinite(knots).all(axis=2)
    rows, columns = (np.arange(length) + 0.5 for length in shape)
    splines = [
        RectBivariateSpline(down, along, np.where(known, knots[:, :, axis], 0), kx=degree, ky=degree) for axis in (0, 1)
    ]
    places: FloatArray = np.stack([spline(rows, columns) for spline in splines], axis=-1)
    if degree == 1:
        certain = RectBivariateSpline(down, along, known.astype(np.float64), kx=1, ky=1)(rows, columns)
        places[certain < 1 - 1e-9] = np.nan
    return places
