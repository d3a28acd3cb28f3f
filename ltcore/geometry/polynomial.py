"""Full polynomials of two variables of degree 2 and 3, fitted in normalised coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import frozen_array
from ..types import FloatArray
from .flexible import FlexibleTransform, box_frame
from .transforms import EstimationFailure, apply_matrix, weighted_points

PolynomialModel = Literal["poly2", "poly3"]
DEGREE: dict[PolynomialModel, int] = {"poly2": 2, "poly3": 3}

_RANK_TOLERANCE = 1e-6  # ratio of singular values under which a fit is degenerate


@dataclass(frozen=True)
class PolynomialField:
    """Two polynomials: `coefficients` (T, 2) of the terms 1, x, y, xx, xy, yy, ... (T = 6 or 10), for x and y."""

    coefficients: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", frozen_array(self.coefficients, (None, 2)))
        if len(self.coefficients) not in (6, 10):
            raise ValueError(f"a polynomial has 6 or 10 coefficients, not {len(self.coefficients)}")

    @property
    def degree(self) -> int:
        """2 or 3."""
        return 2 if len(self.coefficients) == 6 else 3

    def __call__(self, xy: FloatArray) -> FloatArray:
        """Returns the (N, 2) images of (N, 2) points."""
        result: FloatArray = _terms(xy, self.degree) @ self.coefficients
        return result

    def jacobian(self, xy: FloatArray) -> FloatArray:
        """Returns the (N, 2, 2) derivatives, rows by component."""
        x, y = _powers_of(xy, self.degree)
        along_x = [i * x[max(i - 1, 0)] * y[j] for i, j in _powers(self.degree)]
        along_y = [j * x[i] * y[max(j - 1, 0)] for i, j in _powers(self.degree)]
        derivatives = [np.column_stack(terms) @ self.coefficients for terms in (along_x, along_y)]
        return np.stack(derivatives, axis=-1)

    def parameters(self) -> dict[str, Any]:
        """Returns the coefficients by name."""
        return {"coefficients": self.coefficients}


def fit_polynomial(
    model: PolynomialModel, source: ArrayLike, target: ArrayLike, weights: Optional[ArrayLike] = None
) -> Union[FlexibleTransform, EstimationFailure]:
    """Returns the weighted least-squares polynomial from `source` to `target` points.

    The box of the points is brought to [-1, 1] along each axis, where the powers up to the third are of one size and
    the singular values of the system stay within a factor of about 30.

    Args:
        model: degree of the polynomial.
        source: (N, 2) points, at least 6 or 10 that lie on no common curve of that degree.
        target: (N, 2) points.
        weights: (N,) non-negative weights of the squared errors; None means equal ones.
    """
    src, dst, weight = weighted_points(source, target, weights)
    needed = len(_powers(DEGREE[model]))
    if len(src) < needed:
        return EstimationFailure(f"{model} needs {needed} tie points, got {len(src)}")
    from_src, from_dst = box_frame(src, keep_shape=False), box_frame(dst, keep_shape=True)
    if from_src is None or from_dst is None:
        return EstimationFailure("all tie points lie on one line")
    root = np.sqrt(weight / weight.max())[:, None]
    terms = _terms(apply_matrix(from_src, src), DEGREE[model])
    solution, _, _, singular = np.linalg.lstsq(terms * root, apply_matrix(from_dst, dst) * root, rcond=None)
    if singular[-1] < _RANK_TOLERANCE * singular[0] or not np.isfinite(solution).all():
        return EstimationFailure(f"the tie points are too close to one curve for a {model} transform")
    found = FlexibleTransform(model, from_src, PolynomialField(solution), np.linalg.inv(from_dst))
    if found.folds(src):
        return EstimationFailure(f"the {model} transform folds the image")
    return found


def _powers(degree: int) -> list[tuple[int, int]]:
    return [(total - j, j) for total in range(degree + 1) for j in range(total + 1)]


def _terms(xy: FloatArray, degree: int) -> FloatArray:
    x, y = _powers_of(xy, degree)
    return np.column_stack([x[i] * y[j] for i, j in _powers(degree)])


def _powers_of(xy: FloatArray, degree: int) -> list[list[FloatArray]]:
    """Returns the powers 0 to `degree` of x and of y, each (N,)."""
    powers = [[np.ones(len(xy)), along] for along in np.ascontiguousarray(xy.T)]
    for each in powers:
        for _ in range(degree - 1):
            each.append(each[-1] * each[1])
    return powers
