"""Choice of points that lie far from each other. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray


def far_apart(xy: FloatArray, at_most: int, same_place: float) -> NDArray[np.intp]:
    """Returns the ascending indices of at most `at_most` of (N, 2) points that lie far from each other, N > 0.

    Each next point is the one farthest from those chosen (Gonzalez, "Clustering to minimize the maximum intercluster
    distance", 1985), beginning with the one nearest to the centre; points within `same_place` count once.
    """
    chosen = [int(_squared_lengths(xy - xy.mean(axis=0)).argmin())]
    squared = _squared_lengths(xy - xy[chosen[0]])
    while len(chosen) < at_most and squared[farthest := int(squared.argmax())] > same_place**2:
        chosen.append(farthest)
        squared = np.minimum(squared, _squared_lengths(xy - xy[farthest]))
    return np.sort(np.array(chosen, dtype=np.intp))


def _squared_lengths(vectors: FloatArray) -> FloatArray:
    lengths: FloatArray = vectors[:, 0] ** 2 + vectors[:, 1] ** 2
    return lengths
