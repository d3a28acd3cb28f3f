"""Similarities that pairs of matches speak for: where too few matches are right for a consensus of triples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .geometry.robust import polish
from .geometry.transforms import Transform
from .types import FloatArray

_MOST_MATCHES = 200  # the surest; 200 give 19 900 pairs
_LEAST_APART_PX = 12.0  # nearer points say too little of rotation and scale
_MIN_SCALE, _MAX_SCALE = 1 / 6, 6.0
_MIN_INLIERS = 4
_BLOCK = 2048  # pairs judged at a time: 2048 x 200 complex numbers are 6.5 MB
_LOOSE = 2.0  # times the threshold: a pair's similarity is not yet the fit


def similarity_hypotheses(
    sensed_xy: FloatArray, reference_xy: FloatArray, score: FloatArray, threshold_px: float, count: int
) -> list[Transform]:
    """Returns at most `count` different similarities sensed -> reference, those most matches agree with first.

    Every pair of matches fixes a similarity; none is left to chance, so a few right ones among many wrong are found.
    Each is polished to an affine transform where six matches or more agree. Fewer than four matches give nothing.

    Args:
        sensed_xy: (N, 2) px.
        reference_xy: (N, 2) px.
        score: (N,) larger is surer.
        threshold_px: largest residual of a match that agrees, reference px.
        count: how many.
    """
    best = np.sort(np.argsort(-score, kind="stable")[:_MOST_MATCHES])
    source, target = sensed_xy[best], reference_xy[best]
    first, second = np.triu_indices(len(source), 1)
    # As complex numbers a similarity is a product and a sum.
    a, b = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    apart = np.minimum(np.abs(a[first] - a[second]), np.abs(b[first] - b[second])) >= _LEAST_APART_PX
    first, second = first[apart], second[apart]
    turn = (b[second] - b[first]) / (a[second] - a[first])
    credible = (np.abs(turn) > _MIN_SCALE) & (np.abs(turn) < _MAX_SCALE)
    turn, shift = turn[credible], (b[first] - turn * a[first])[credible]
    inliers = _inliers(a, b, turn, shift, _LOOSE * threshold_px)
    found: list[Transform] = []
    for number in np.argsort(-inliers, kind="stable"):
        if len(found) == count or inliers[number] < _MIN_INLIERS:
            break
        start = _matrix(turn[number], shift[number])
        if not any(_same(start, other, source, 4 * threshold_px) for other in found):
            found.append(_polished(start, source, target, _LOOSE * threshold_px))
    return found


def _inliers(
    a: NDArray[np.complex128],
    b: NDArray[np.complex128],
    turn: NDArray[np.complex128],
    shift: NDArray[np.complex128],
    limit_px: float,
) -> NDArray[np.intp]:
    """Returns how many of N matches a -> b agree with each of M similarities."""
    parts = []
    for start in range(0, len(turn), _BLOCK):
        part = slice(start, start + _BLOCK)
        residual = np.abs(turn[part, None] * a + shift[part, None] - b)
        parts.append((residual < limit_px).sum(axis=1))
    return np.concatenate(parts) if parts else np.zeros(0, np.intp)


def _matrix(turn: complex, shift: complex) -> Transform:
    rows = [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag], [0, 0, 1]]
    return Transform("similarity", np.array(rows, dtype=np.float64))


def _same(one: Transform, other: Transform, points: FloatArray, limit_px: float) -> bool:
    """Returns whether both move the points to the same places."""
    return bool(np.median(np.linalg.norm(one(points) - other(points), axis=1)) < limit_px)


def _polished(start: Transform, source: FloatArray, target: FloatArray, threshold_px: float) -> Transform:
    similar, inliers = polish("similarity", source, target, start, threshold_px)
    if not isinstance(similar, Transform):
        return start
    if inliers.sum() < _MIN_INLIERS + 2:
        return similar
    affine, _ = polish("affine", source, target, similar, threshold_px)
    return affine if isinstance(affine, Transform) else similar
