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


def to_parameters(transform: PlaneMap) -> Optional[dict[str, Any]]:
    """Returns the arrays of a transform without matrix by name, from which `from_parameters` makes it again."""
    if not isinstance(transform, FlexibleTransform):
        return None
    return {"before": transform.before, "after": transform.after, **transform.field.parameters()}


def from_parameters(model: FlexibleModel, parameters: dict[str, Any]) -> FlexibleTransform:
    """Returns the transform that `to_parameters` wrote down.

    Raises:
        ValueError: the parameters are not those of this model (pydantic's error is one, too).
        KeyError: one is missing.
    """
    before, after = (_table(parameters[name], (3, 3)) for name in ("before", "after"))
    if model != "tps":
        polynomial = PolynomialField(_table(parameters["coefficients"], (FEWEST_POINTS[model], 2)))
        return FlexibleTransform(model, before, polynomial, after)
    names = ("controls", "weights", "affine", "trend", "hull")
    controls, weights, affine, trend, hull = (_table(parameters[name], (None, 2)) for name in names)
    smoothing = TypeAdapter(float).validate_python(parameters["smoothing"])
    spline = ThinPlateField(controls, weights, affine, trend, hull, smoothing)
    return FlexibleTransform(model, before, spline, after)


def _table(values: Any, shape: tuple[Optional[int], int]) -> FloatArray:
    rows = frozen_array(TypeAdapter(list[list[float]]).validate_python(values), shape)
    if not np.isfinite(rows).all():
        raise ValueError("a number that is not finite")
    return rows
