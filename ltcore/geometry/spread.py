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
    chosen = [int(np.argmin(np.linalg.norm(xy - xy.mean(axis=0), axis=1)))]
    distance = np.linalg.norm(xy - xy[chosen[0]], axis=1)
    while len(chosen) < at_most and distance.max() > same_place:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(xy - xy[chosen[-1]], axis=1))
    return np.sort(np.array(chosen, dtype=np.intp))
