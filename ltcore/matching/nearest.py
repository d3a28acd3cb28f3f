"""Mutual nearest neighbours among descriptors, with a ratio test, optionally near a predicted place only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Union

import numpy as np
from numpy.typing import NDArray

from ..types import Descriptors, FloatArray, Matches

_BLOCK_VALUES = 8_000_000  # similarities held at once (32 MB)
_LEAST_SQUARE = 1e-5  # squared distance below which float32 cannot tell descriptors apart: twins have ratio 1
_NONE = np.float32(-2.0)  # below every cosine: no candidate


class Gate(NamedTuple):
    """Restricts candidates to those near a predicted position.

    Attributes:
        reference_xy: (M, 2) positions of the reference keypoints.
        predicted_xy: (N, 2) predicted positions of the sensed keypoints in the same frame.
        radius_px: largest distance between both.
    """

    reference_xy: FloatArray
    predicted_xy: FloatArray
    radius_px: float


GateLike = Union[Gate, tuple[FloatArray, FloatArray, float]]


@dataclass
class _Best:
    """Best and second-best similarity so far of each of K descriptors, and the partner of the best."""

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    partner: NDArray[np.intp]


def match_mutual_nearest(
    reference: Descriptors,
    sensed: Descriptors,
    max_ratio: float,
    gate: GateLike | None = None,
    sensed_alternatives: Descriptors | None = None,
) -> Matches:
    """Returns the pairs that are each other's nearest and clearly nearer than the second nearest.

    The distance ratio of best to second-best candidate must be at most `max_ratio` seen from either side; a
    lone candidate passes. Swapping the sides swaps the columns. Nothing in, nothing out; each keypoint occurs
    once at most. Memory stays bounded whatever the number of keypoints.

    Args:
        reference: M descriptors.
        sensed: N descriptors.
        max_ratio: largest ratio, 1 switches the test off.
        gate: only candidates near their predicted position count, for the ratio too.
        sensed_alternatives: the same N keypoints described in another way (opposite orientation); the better
            similarity counts.
    """
    if len(reference) == 0 or len(sensed) == 0:
        return Matches(np.zeros((0, 2), np.intp), np.zeros(0))
    rows, columns = _best(len(reference)), _best(len(sensed))
    step = max(1, _BLOCK_VALUES // len(sensed))
    for start in range(0, len(reference), step):
        part = slice(start, min(start + step, len(reference)))
        similarity = reference.values[part] @ sensed.values.T
        if sensed_alternatives is not None:
            np.maximum(similarity, reference.values[part] @ sensed_alternatives.values.T, out=similarity)
        if gate is not None:
            similarity[_outside(Gate(*gate), part)] = _NONE
        _update(rows, columns, similarity, start)
    return _mutual(rows, columns, max_ratio)


def _best(count: int) -> _Best:
    return _Best(np.full(count, _NONE), np.full(count, _NONE), np.zeros(count, np.intp))


def _outside(gate: Gate, part: slice) -> NDArray[np.bool_]:
    offset = gate.reference_xy[part, None, :] - gate.predicted_xy[None, :, :]
    near = np.einsum("mnc,mnc->mn", offset, offset) <= gate.radius_px**2  # False for nan
    return ~np.asarray(near, dtype=bool)


def _update(rows: _Best, columns: _Best, similarity: NDArray[np.float32], start: int) -> None:
    """Takes a block of similarities (rows `start` and following against all columns) into account."""
    part = slice(start, start + len(similarity))
    first, second, partner = _two_largest(similarity)
    rows.first[part], rows.second[part], rows.partner[part] = first, second, partner
    first, second, partner = _two_largest(similarity.T)
    better = first > columns.first
    columns.second[:] = np.where(better, np.maximum(columns.first, second), np.maximum(columns.second, first))
    columns.partner[better] = partner[better] + start
    columns.first[better] = first[better]


def _two_largest(
    similarity: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
    """Returns largest and second-largest value of each row, and the column of the largest."""
    partner = similarity.argmax(axis=1)
    first = np.take_along_axis(similarity, partner[:, None], axis=1)[:, 0]
    if similarity.shape[1] == 1:
        return first, np.full(len(first), _NONE), partner
    second = np.partition(similarity, -2, axis=1)[:, -2]
    return first, second, partner


def _mutual(rows: _Best, columns: _Best, max_ratio: float) -> Matches:
    every = np.arange(len(rows.first))
    mutual = (columns.partner[rows.partner] == every) & (rows.first > _NONE)
    reference = every[mutual]
    sensed = rows.partner[mutual]
    best = rows.first[mutual]
    second = np.maximum(rows.second[mutual], columns.second[sensed])
    ratio = np.where(second > _NONE, _distance(best) / _distance(second), 0.0)
    passed = ratio <= max_ratio
    score = np.sqrt(np.clip(best, 0, 1) * np.clip(1 - ratio, 0, 1))
    return Matches(np.column_stack([reference, sensed])[passed], score[passed])


def _distance(similarity: NDArray[np.float32]) -> FloatArray:
    distance: FloatArray = np.sqrt(np.maximum(2 - 2 * similarity.astype(np.float64), _LEAST_SQUARE))
    return distance
