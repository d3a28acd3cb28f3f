"""Choice of keypoints that cover the image evenly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..types import FloatArray, Keypoints

_PER_CELL = 4  # strongest keypoints a grid cell gives on average; fewer is more even, more is stronger


def drop_near_duplicates(keypoints: Keypoints, radius_px: float) -> Keypoints:
    """Returns the keypoints that have no stronger one within `radius_px`, in their old order.

    Of equally strong ones (SIFT's several orientations of one spot) the first stays. Two keypoints of one
    spot have nearly equal descriptors and would make each other look ambiguous.
    """
    if len(keypoints) < 2:
        return keypoints
    order = np.argsort(-keypoints.response, kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    pairs = cKDTree(keypoints.xy).query_pairs(radius_px, output_type="ndarray")
    weaker = np.where(rank[pairs[:, 0]] > rank[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    kept = np.ones(len(keypoints), dtype=bool)
    kept[weaker] = False
    return keypoints.take(kept)


def spread_evenly(keypoints: Keypoints, size_wh: tuple[int, int], count: int) -> Keypoints:
    """Returns at most `count` keypoints that cover an image of `size_wh` px evenly, see `evenly_spread`."""
    return keypoints.take(evenly_spread(keypoints.xy, keypoints.response, size_wh, count))


def evenly_spread(xy: FloatArray, strength: FloatArray, size_wh: tuple[int, int], count: int) -> NDArray[np.intp]:
    """Returns the indices of at most `count` points, the strongest of every cell of a grid first.

    The grid has about count / 4 nearly square cells. Points are taken by their rank of strength inside their cell, then
    by strength, so that weak regions give as many as strong ones while they can. The choice depends on neither the
    order nor chance; with no more points than `count` all are returned in their order.

    Args:
        xy: (N, 2) points, px.
        strength: (N,) larger is better.
        size_wh: width and height of the area the points lie in, px.
        count: how many to keep.
    """
    if len(xy) <= count:
        return np.arange(len(xy))
    cell = _cell_of(xy, size_wh, count)
    by_cell = np.lexsort((xy[:, 1], xy[:, 0], -strength, cell))
    starts = np.searchsorted(cell[by_cell], cell[by_cell])
    rank = np.empty(len(xy), dtype=np.intp)
    rank[by_cell] = np.arange(len(xy)) - starts
    chosen: NDArray[np.intp] = np.lexsort((xy[:, 1], xy[:, 0], -strength, rank))[:count]
    return chosen


def _cell_of(xy: FloatArray, size_wh: tuple[int, int], count: int) -> NDArray[np.intp]:
    width, height = max(1, size_wh[0]), max(1, size_wh[1])
    side = max(1.0, np.sqrt(width * height * _PER_CELL / max(1, count)))
    columns = int(np.ceil(width / side))
    place = np.floor(np.clip(xy, 0, [width, height]) / side).astype(np.intp)
    cells: NDArray[np.intp] = place[:, 1] * (columns + 1) + place[:, 0]
    return cells
