"""How far the sensed raster lies from where it belongs: offsets at tie points, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from .arrays import frozen_array
from .geometry.blocks import block_numbers
from .types import FloatArray

Pair = tuple[float, float]


@dataclass(frozen=True)
class Offsets:
    """Offsets of K tie points; K may be 0. An offset is where the georeference places what the sensed raster shows,
    less where the reference shows it: what would have to be taken from the sensed raster's coordinates.

    Attributes:
        px: (K, 2) in reference px, x to the right and y down.
        map: (K, 2) the same in units of the reference's CRS, x and y along its axes.
        used: (K,) those that statistics rest on: tie points that agree with the transform found.
    """

    px: FloatArray
    map: FloatArray
    used: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = len(self.used)
        object.__setattr__(self, "px", frozen_array(self.px, (count, 2)))
        object.__setattr__(self, "map", frozen_array(self.map, (count, 2)))
        object.__setattr__(self, "used", frozen_array(self.used, (count,), np.bool_))


@dataclass(frozen=True)
class OffsetStatistics:
    """Statistics of N > 0 offset vectors, in their unit; pairs are along x and along y.

    Attributes:
        mean: the mean vector: the bias of the sensed raster.
        mean_error: its standard error; None where all points lie in one block of the image.
        median: median along each axis.
        std: standard deviation along each axis: what a shift would leave.
        rmse_axes: root mean square along each axis.
        rmse: root mean square of the lengths.
        mean_length: mean of the lengths.
        median_length: their median.
        ce90: radius that holds 90 % of the vectors.
        ce95: radius that holds 95 % of them.
        longest: length of the longest.
    """

    mean: Pair
    mean_error: Optional[Pair]
    median: Pair
    std: Pair
    rmse_axes: Pair
    rmse: float
    mean_length: float
    median_length: float
    ce90: float
    ce95: float
    longest: float


def offset_statistics(vectors: FloatArray, places_xy: FloatArray) -> Optional[OffsetStatistics]:
    """Returns statistics of (N, 2) vectors at (N, 2) places; None if N is 0."""
    if not len(vectors):
        return None
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])
    ce90, ce95 = np.percentile(lengths, [90, 95])
    error = _error_of_mean(vectors, places_xy)
    return OffsetStatistics(
        mean=_pair(vectors.mean(axis=0)),
        mean_error=None if error is None else _pair(error),
        median=_pair(np.median(vectors, axis=0)),
        std=_pair(vectors.std(axis=0)),
        rmse_axes=_pair(np.sqrt((vectors**2).mean(axis=0))),
        rmse=float(np.sqrt((lengths**2).mean())),
        mean_length=float(lengths.mean()),
        median_length=float(np.median(lengths)),
        ce90=float(ce90),
        ce95=float(ce95),
        longest=float(lengths.max()),
    )


def _error_of_mean(vectors: FloatArray, places_xy: FloatArray) -> Optional[FloatArray]:
    """Returns the (2,) standard error of the mean; None for points of one block only.

    Neighbours are alike, so each of 10 x 10 blocks of the image counts as one draw (cluster-robust variance: Cameron
    and Miller, "A Practitioner's Guide to Cluster-Robust Inference", Journal of Human Resources 2015).
    """
    numbers = np.unique(block_numbers(places_xy), return_inverse=True)[1]
    blocks = int(numbers.max()) + 1
    if blocks < 2:
        return None
    deviations = vectors - vectors.mean(axis=0)
    sums = np.column_stack([np.bincount(numbers, deviations[:, axis], blocks) for axis in (0, 1)])
    error: FloatArray = np.sqrt(blocks / (blocks - 1) * (sums**2).sum(axis=0)) / len(vectors)
    return error


def round_number(value: float) -> float:
    """Returns the nearest 1, 2 or 5 times a power of ten to a positive number: a length or factor to be read."""
    decade = 10 ** np.floor(np.log10(value))
    return float(min((step * decade for step in (1, 2, 5, 10)), key=lambda number: abs(number - value)))


def _pair(values: FloatArray) -> Pair:
    return float(values[0]), float(values[1])
