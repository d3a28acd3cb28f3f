"""Blocks of the image, dealt to folds: what cross-validation leaves out at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray

FOLDS = 5
_CELLS = 10  # the image is cut into 10 x 10 blocks for the folds


def block_folds(xy: FloatArray) -> NDArray[np.intp]:
    """Returns the (N,) fold, 0 to 4, of each of (N, 2) points.

    The extent is cut into 10 x 10 blocks, dealt to 5 folds so that no two neighbours share one (Roberts et al.,
    "Cross-validation strategies for data with ... spatial ... structure", Ecography 2017).
    """
    numbers = block_numbers(xy)
    folds: NDArray[np.intp] = (numbers % _CELLS + 2 * (numbers // _CELLS)) % FOLDS
    return folds


def block_numbers(xy: FloatArray) -> NDArray[np.intp]:
    """Returns the (N,) number, 0 to 99 by rows, of the block in which each of (N, 2) points lies."""
    if len(xy) == 0:
        return np.zeros(0, np.intp)
    low, extent = xy.min(axis=0), np.maximum(np.ptp(xy, axis=0), 1e-9)
    cell = np.minimum((xy - low) / extent * _CELLS, _CELLS - 1).astype(np.intp)
    numbers: NDArray[np.intp] = cell[:, 0] + _CELLS * cell[:, 1]
    return numbers
