"""Intervals by place: pairs of one place are no independent samples, so whole places are drawn.

Percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ltcore.types import FloatArray

_DRAWS = 4000
_LOW, _HIGH = 2.5, 97.5  # percent: 95 % intervals


class PlaceBootstrap:
    """Draws places with replacement, the same draws for everything that is asked.

    Args:
        places: (N,) place of each pair, N > 0.
        seed: of the draws.
    """

    def __init__(self, places: Sequence[str], seed: int = 0) -> None:
        _, self._group = np.unique(np.asarray(places), return_inverse=True)
        count = int(self._group.max()) + 1
        drawn = np.random.default_rng(seed).integers(0, count, (_DRAWS, count))
        self._times = np.stack([np.bincount(row, minlength=count) for row in drawn])
        self._size = self._times @ np.bincount(self._group)

    def mean(self, values: ArrayLike) -> tuple[float, float]:
        """Returns the 95 % interval of the mean of (N,) values."""
        return _interval(self._means(values))

    def ratio(self, values: ArrayLike, base: ArrayLike) -> tuple[float, float]:
        """Returns the 95 % interval of the ratio of both means; infinite where the base's is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = self._means(values) / self._means(base)
        return _interval(np.where(np.isfinite(ratios), ratios, np.inf))

    def difference(self, values: ArrayLike, base: ArrayLike) -> tuple[float, float]:
        """Returns the 95 % interval of the difference of both means."""
        return _interval(self._means(values) - self._means(base))

    def _means(self, values: ArrayLike) -> FloatArray:
        sums = np.bincount(self._group, np.asarray(values, dtype=np.float64))
        means: FloatArray = np.asarray((self._times @ sums) / self._size, dtype=np.float64)
        return means


def _interval(samples: FloatArray) -> tuple[float, float]:
    low, high = np.percentile(samples, [_LOW, _HIGH], method="nearest")
    return float(low), float(high)
