"""Read-only arrays of a checked shape, for the frozen types between stages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def frozen_array(values: ArrayLike, shape: tuple[int | None, ...], dtype: Any = np.float64) -> NDArray[Any]:
    """Returns a read-only copy of `values` with `dtype`; None in `shape` admits any length.

    Raises:
        ValueError: the shape differs; an empty list fits a shape that begins with None or 0.
    """
    array = np.array(values, dtype=dtype)
    if array.size == 0 and shape[0] in (None, 0):
        array = array.reshape([0, *(length or 0 for length in shape[1:])])
    if array.ndim != len(shape) or any(want is not None and want != have for want, have in zip(shape, array.shape)):
        raise ValueError(f"array of shape {array.shape}, expected {shape}")
    array.flags.writeable = False
    return array
