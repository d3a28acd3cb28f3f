"""The convex hull of points in the plane. numpy only: the plugin's process has no scipy."""

from __future__ import annotations

from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray

_THIN = 1e-9  # area of a hull, as a share of its box squared, under which the points are on one line
_RIM = np.arange(16) * (np.pi / 8)  # directions, counter-clockwise, whose farthest points bound what lies inside
_CLEARLY_INSIDE = 1e-9  # of the box squared


def convex_hull(xy: FloatArray) -> Optional[FloatArray]:
    """Returns the (H, 2) corners, counter-clockwise where y points up, or None where the points are on one line.

    Andrew's monotone chain ("Another efficient algorithm for convex hulls in two dimensions", 1979). Fewer than three
    places, or one that is not finite: None.
    """
    if len(xy) < 3 or not np.isfinite(xy).all():
        return None
    ordered = [(float(x), float(y)) for x, y in np.unique(_without_inner(xy), axis=0)]
    corners = np.array([*_half_hull(ordered)[:-1], *_half_hull(ordered[::-1])[:-1]])
    x, y = corners.T
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    return corners if area > _THIN * float(np.ptp(xy, axis=0).max()) ** 2 else None


def _without_inner(xy: FloatArray) -> FloatArray:
    """Returns the points but for those amid others, most of many (Akl and Toussaint, "A fast convex hull algorithm",
    1978)."""
    farthest = (xy @ np.array([np.cos(_RIM), np.sin(_RIM)])).argmax(axis=0)
    rim = xy[farthest[farthest != np.roll(farthest, 1)]]
    (x, y), (side_x, side_y) = rim.T, (np.roll(rim, -1, axis=0) - rim).T
    left = side_x[:, None] * (xy[:, 1] - y[:, None]) - side_y[:, None] * (xy[:, 0] - x[:, None])
    inner = (left > _CLEARLY_INSIDE * float(np.ptp(xy, axis=0).max()) ** 2).all(axis=0)
    return xy if len(rim) < 3 else xy[~inner]


def _half_hull(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
    chain: list[tuple[float, float]] = []
    for x, y in ordered:
        while len(chain) > 1:
            (ax, ay), (bx, by) = chain[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain


def inside_hull(corners: FloatArray, xy: FloatArray) -> NDArray[np.bool_]:
    """Returns the (N,) mask of points inside or on the side of a hull of counter-clockwise corners."""
    side = np.roll(corners, -1, axis=0) - corners
    normal = np.column_stack([side[:, 1], -side[:, 0]]) / np.hypot(side[:, 0], side[:, 1])[:, None]
    outside = xy @ normal.T - (corners * normal).sum(axis=1)
    inside: NDArray[np.bool_] = (outside <= 1e-9).all(axis=1)
    return inside
