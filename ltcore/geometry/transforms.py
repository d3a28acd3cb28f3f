"""Plane transforms with a 3x3 matrix: shift, similarity, affine, projective. numpy only.

A fit that cannot be made is a value, `EstimationFailure`, that is false and carries the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import frozen_array
from ..types import FloatArray

Model = Literal["shift", "similarity", "affine", "projective"]
MODELS: tuple[Model, ...] = ("shift", "similarity", "affine", "projective")  # simplest first
MIN_POINTS: dict[Model, int] = {"shift": 1, "similarity": 2, "affine": 3, "projective": 4}

_RANK_TOLERANCE = 1e-6  # ratio of singular values in normalised coordinates under which a fit is degenerate


@dataclass(frozen=True)
class EstimationFailure:
    """A transform that could not be estimated, and why; false in a condition."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class Transform:
    """A map of the plane: `matrix` (3, 3) acts on homogeneous column vectors (x, y, 1), last element 1."""

    model: Model
    matrix: FloatArray

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, dtype=np.float64)
        object.__setattr__(self, "matrix", frozen_array(matrix / matrix[2, 2], (3, 3)))

    def __call__(self, xy: ArrayLike) -> FloatArray:
        """Returns the (N, 2) images of the (N, 2) points; a point on the horizon gives inf or nan."""
        return apply_matrix(self.matrix, xy)

    def inverse(self) -> Transform:
        """Returns the inverse map. Raises numpy.linalg.LinAlgError if the matrix is singular."""
        return Transform(self.model, np.linalg.inv(self.matrix))

    def between(self, before: FloatArray, after: FloatArray) -> Transform:
        """Returns after(self(before(xy))) for two (3, 3) matrices."""
        return Transform(self.model, after @ self.matrix @ before)


Estimate = Union[Transform, EstimationFailure]


def apply_matrix(matrix: FloatArray, xy: ArrayLike) -> FloatArray:
    """Returns the (N, 2) images of the (N, 2) points under a 3x3 matrix."""
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        result: FloatArray = mapped[:, :2] / mapped[:, 2:]
    return result


def weighted_points(
    source: ArrayLike, target: ArrayLike, weights: Optional[ArrayLike]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns the (K, 2) points of both sides whose weight is positive, and their (K,) weights; None weighs by 1."""
    src = np.asarray(source, dtype=np.float64).reshape(-1, 2)
    dst = np.asarray(target, dtype=np.float64).reshape(-1, 2)
    weight = np.ones(len(src)) if weights is None else np.asarray(weights, dtype=np.float64)
    used = weight > 0
    return src[used], dst[used], weight[used]


def estimate(model: Model, source: ArrayLike, target: ArrayLike, weights: Optional[ArrayLike] = None) -> Estimate:
    """Returns the weighted least-squares transform from `source` to `target` points.

    Coordinates are normalised first (centroid at 0, mean distance sqrt 2) for conditioning
    (Hartley, "In defense of the eight-point algorithm", 1997); the projective fit starts from the
    direct linear transform and is polished by Gauss-Newton on the geometric error in the target.

    Args:
        model: family of the transform.
        source: (N, 2) points.
        target: (N, 2) points.
        weights: (N,) non-negative weights of the squared errors; None means equal ones.
    """
    src, dst, weight = weighted_points(source, target, weights)
    if len(src) < MIN_POINTS[model]:
        return EstimationFailure(f"{model} needs {MIN_POINTS[model]} tie points, got {len(src)}")
    from_src, from_dst = _normalisation(src), _normalisation(dst)
    if model == "shift":
        matrix = np.eye(3)
        matrix[:2, 2] = np.average(dst - src, axis=0, weights=weight)
        return Transform(model, matrix)
    if from_src is None or from_dst is None:
        return EstimationFailure("all tie points lie on one spot")
    fitted = _FITS[model](apply_matrix(from_src, src), apply_matrix(from_dst, dst), weight)
    if fitted is None or not abs(np.linalg.det(fitted)) > _RANK_TOLERANCE:
        return EstimationFailure(f"the tie points are too close to one line for the {model} transform")
    matrix = np.linalg.inv(from_dst) @ fitted @ from_src
    if not np.isfinite(matrix).all() or abs(matrix[2, 2]) < 1e-12:
        return EstimationFailure(f"the {model} transform is degenerate")
    return Transform(model, matrix)


def _normalisation(xy: FloatArray) -> Optional[FloatArray]:
    centre = xy.mean(axis=0)
    spread = np.linalg.norm(xy - centre, axis=1).mean()
    if spread < 1e-9:
        return None
    scale = np.sqrt(2) / spread
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])


def _fit_similarity(src: FloatArray, dst: FloatArray, weight: FloatArray) -> FloatArray:
    x, y = src.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.vstack([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    root = np.sqrt(np.concatenate([weight, weight]))
    (a, b, tx, ty), *_ = np.linalg.lstsq(rows * root[:, None], dst.T.ravel() * root, rcond=None)
    return np.array([[a, -b, tx], [b, a, ty], [0, 0, 1.0]])


def _fit_affine(src: FloatArray, dst: FloatArray, weight: FloatArray) -> Optional[FloatArray]:
    root = np.sqrt(weight)[:, None]
    rows = np.column_stack([src, np.ones(len(src))]) * root
    solution, _, _, singular = np.linalg.lstsq(rows, dst * root, rcond=None)
    if singular[-1] < _RANK_TOLERANCE * singular[0]:
        return None
    return np.vstack([solution.T, [0, 0, 1.0]])


def _fit_projective(src: FloatArray, dst: FloatArray, weight: FloatArray) -> Optional[FloatArray]:
    x, y = src.T
    u, v = dst.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.vstack(
        [
            np.column_stack([x, y, one, zero, zero, zero, -u * x, -u * y, -u]),
            np.column_stack([zero, zero, zero, x, y, one, -v * x, -v * y, -v]),
        ]
    )
    weighted = rows * np.sqrt(np.concatenate([weight, weight]))[:, None]
    _, singular, basis = np.linalg.svd(weighted, full_matrices=len(rows) < 9)  # four points: the ninth row is wanted
    if len(singular) < 8 or singular[7] < _RANK_TOLERANCE * singular[0] or abs(basis[-1, 8]) < 1e-9:
        return None
    matrix: FloatArray = basis[-1].reshape(3, 3) / basis[-1, 8]
    return _polish_projective(matrix, src, dst, weight)


def _polish_projective(matrix: FloatArray, src: FloatArray, dst: FloatArray, weight: FloatArray) -> FloatArray:
    root = np.sqrt(np.concatenate([weight, weight]))
    x, y = src.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    for _ in range(5):
        w = src @ matrix[2, :2] + matrix[2, 2]
        u, v = apply_matrix(matrix, src).T
        jacobian = np.vstack(
            [
                np.column_stack([x, y, one, zero, zero, zero, -u * x, -u * y]) / w[:, None],
                np.column_stack([zero, zero, zero, x, y, one, -v * x, -v * y]) / w[:, None],
            ]
        )
        residual = np.concatenate([dst[:, 0] - u, dst[:, 1] - v])
        step, *_ = np.linalg.lstsq(jacobian * root[:, None], residual * root, rcond=None)
        candidate = matrix + np.append(step, 0).reshape(3, 3)
        if not np.isfinite(candidate).all():
            break
        matrix = candidate
        if np.abs(step).max() < 1e-12:
            break
    return matrix


_FITS = {"similarity": _fit_similarity, "affine": _fit_affine, "projective": _fit_projective}
