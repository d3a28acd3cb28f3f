"""The sensed raster's picture brought onto the screen through the transform: numpy only, fast enough for edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import numpy as np


@dataclass(frozen=True)
class Picture:
    """A picture of part of a layer.

    Attributes:
        argb: (H, W) uint32 pixels, 0xAARRGGBB, premultiplied.
        left: layer x of its left edge.
        top: layer y of its upper edge.
        units_a_pixel: layer units a pixel.
    """

    argb: np.ndarray
    left: float
    top: float
    units_a_pixel: float

    def holds(self, bounds: tuple[float, float, float, float]) -> bool:
        """Returns whether it shows all of a rectangle (left, bottom, right, top)."""
        height, width = self.argb.shape
        right, bottom = self.left + width * self.units_a_pixel, self.top - height * self.units_a_pixel
        left, low, far, high = bounds
        slack = 0.5 * self.units_a_pixel
        return self.left <= left + slack and bottom <= low + slack and right >= far - slack and self.top >= high - slack


def knots(size: tuple[int, int], step: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places along x and along y, screen px, at which a map of a screen of that size is worked out."""
    return tuple(np.linspace(0, length, max(2, -(-length // step) + 1)) for length in size)


def knot_places(size: tuple[int, int], step: int, to_sensed: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Returns the (h, w, 2) sensed layer coordinates at the knots; nan where there is no place.

    Args:
        size: width and height of the screen, px.
        step: distance of the knots, px.
        to_sensed: (N, 2) screen px -> (N, 2) layer coordinates of the sensed raster.
    """
    x, y = np.meshgrid(*knots(size, step))
    return to_sensed(np.column_stack([x.ravel(), y.ravel()])).reshape(*x.shape, 2)


def bounds_of(places: np.ndarray) -> tuple[float, float, float, float] | None:
    """Returns left, bottom, right, top of the finite places, or None where there are none."""
    finite = places.reshape(-1, 2)
    finite = finite[np.isfinite(finite).all(axis=1)]
    if not len(finite):
        return None
    return (*finite.min(axis=0).tolist(), *finite.max(axis=0).tolist())


def warped(picture: Picture, places: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns the (H, W) uint32 pixels of a screen, 0 where the picture shows nothing.

    Args:
        picture: of the sensed layer.
        places: (h, w, 2) sensed layer coordinates at evenly spaced knots, see knot_places.
        size: width and height of the screen, px.
    """
    width, height = size
    down, across = _between(places.shape[0], height), _between(places.shape[1], width).T
    known = np.isfinite(places).all(axis=2)
    column = (places[:, :, 0] - picture.left) / picture.units_a_pixel
    row = (picture.top - places[:, :, 1]) / picture.units_a_pixel
    at = [down @ np.where(known, part, 0).astype(np.float32) @ across for part in (column, row)]
    rows, columns = picture.argb.shape
    inside = (at[0] >= 0) & (at[0] < columns) & (at[1] >= 0) & (at[1] < rows)
    if not known.all():
        inside &= down @ known.astype(np.float32) @ across > 0.999
    index = at[1].astype(np.int32) * columns + at[0].astype(np.int32)
    index[~inside] = 0
    pixels = picture.argb.ravel()[index]
    pixels[~inside] = 0
    return pixels


def _between(knot_count: int, length: int) -> np.ndarray:
    """Returns the (length, knots) float32 weights by which values at knots become values at pixel centres."""
    place = (np.arange(length, dtype=np.float32) + 0.5) / length * (knot_count - 1)
    low = np.minimum(place.astype(np.intp), knot_count - 2)
    weights = np.zeros((length, knot_count), np.float32)
    each = np.arange(length)
    weights[each, low] = 1 - (place - low)
    weights[each, low + 1] = place - low
    return weights
