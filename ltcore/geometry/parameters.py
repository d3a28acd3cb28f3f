"""How a transform without matrix is written down, and read again."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from pydantic import TypeAdapter

from ..arrays import frozen_array
from ..types import FloatArray
from .flexible import FlexibleModel, FlexibleTransform
from .models import FEWEST_POINTS, PlaneMap
from .polynomial import PolynomialField
from .thin_plate import ThinPlateField
from .transforms import apply_matrix

_MOST_ROWS = 1000  # a spline has at most a hundred controls, the hull of its tie points hardly more corners
_LEAST_STRETCH, _LARGEST = 1e-9, 1e12  # of the matrices between px and normalised frames, however large the image


def to_parameters(transform: PlaneMap) -> Optional[dict[str, Any]]:
    """Returns the arrays of a transform without matrix by name, from which `from_parameters` makes it again."""
    if not isinstance(transform, FlexibleTransform):
        return None
    return {"before": transform.before, "after": transform.after, **transform.field.parameters()}


def from_parameters(model: FlexibleModel, parameters: dict[str, Any]) -> FlexibleTransform:
    """Returns the transform that `to_parameters` wrote down.

    Raises:
        ValueError: the parameters are not those of this model (pydantic's error is one, too), or more than any fit
            makes, or the transform folds the image.
        KeyError, TypeError: one is missing, or the parameters are no object.
    """
    before, after = (invertible(recorded_array(parameters[name], (3, 3))) for name in ("before", "after"))
    if model != "tps":
        polynomial = PolynomialField(recorded_array(parameters["coefficients"], (FEWEST_POINTS[model], 2)))
        return FlexibleTransform(model, before, polynomial, after)
    names = ("controls", "weights", "affine", "trend", "hull")
    controls, weights, affine, trend, hull = (recorded_array(parameters[name], (None, 2)) for name in names)
    smoothing = TypeAdapter(float).validate_python(parameters["smoothing"], strict=True)
    spline = FlexibleTransform(model, before, ThinPlateField(controls, weights, affine, trend, hull, smoothing), after)
    if len(hull) < 3 or spline.folds(apply_matrix(np.linalg.inv(before), hull)):
        raise ValueError("its tps transform folds the image")
    return spline


def recorded_array(values: Any, shape: tuple[Optional[int], int]) -> FloatArray:
    """Returns a table of numbers as it stands in a record; a length None is free, up to _MOST_ROWS.

    Raises:
        ValueError: it has another shape, too many rows, or holds what is no finite number.
    """
    if isinstance(values, list) and len(values) > _MOST_ROWS:
        raise ValueError(f"it has a table of {len(values)} rows, and no fit makes more than {_MOST_ROWS}")
    rows = frozen_array(TypeAdapter(list[list[float]]).validate_python(values, strict=True), shape)
    if not np.isfinite(rows).all():
        raise ValueError("it holds a number that is not finite")
    return rows


def invertible(matrix: FloatArray) -> FloatArray:
    """Returns a (3, 3) matrix that keeps its digits when it is inverted. Raises ValueError about any other."""
    with np.errstate(all="ignore"):
        scaled = matrix / matrix[2, 2] if matrix[2, 2] else np.zeros((3, 3))
        sizes = np.linalg.svd(scaled[:2, :2], compute_uv=False) if np.isfinite(scaled).all() else np.zeros(2)
        there = np.linalg.det(scaled) if np.isfinite(scaled).all() else 0.0
    is_usual = _LEAST_STRETCH <= sizes[1] <= sizes[0] <= 1 / _LEAST_STRETCH and abs(scaled).max() <= _LARGEST
    if not is_usual or abs(there) < _LEAST_STRETCH**2:
        raise ValueError("it has a matrix that no registration gives: it cannot be inverted, or moves things too far")
    return matrix
