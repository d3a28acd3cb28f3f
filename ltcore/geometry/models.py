"""All models of transforms under one roof: what any of them can do, how to fit one, how it is written down."""

from __future__ import annotations

from typing import Any, Callable, Optional, Protocol, Union, cast

import numpy as np
from numpy.typing import ArrayLike
from pydantic import TypeAdapter

from ..arrays import frozen_array
from ..types import FloatArray
from .flexible import FlexibleModel, FlexibleTransform
from .polynomial import PolynomialField, PolynomialModel, fit_polynomial
from .thin_plate import FEWEST_TPS_POINTS, ThinPlateField, fit_thin_plate
from .transforms import MIN_POINTS, MODELS, EstimationFailure, Model, estimate

AnyModel = Union[Model, FlexibleModel]
FLEXIBLE_MODELS: tuple[FlexibleModel, ...] = ("poly2", "poly3", "tps")  # simplest first
ALL_MODELS: tuple[AnyModel, ...] = (*MODELS, *FLEXIBLE_MODELS)
FEWEST_POINTS: dict[str, int] = {
    **{str(model): MIN_POINTS[model] for model in MODELS},
    "poly2": 6,
    "poly3": 10,
    "tps": FEWEST_TPS_POINTS,
}


class PlaneMap(Protocol):
    """A map of the plane, with a matrix or without."""

    @property
    def model(self) -> AnyModel:
        """Its family."""
        ...

    @property
    def matrix(self) -> Optional[FloatArray]:
        """(3, 3), or None where no matrix says what it does."""
        ...

    def __call__(self, xy: ArrayLike) -> FloatArray:
        """Returns the (N, 2) images of the (N, 2) points; a point without image becomes nan or inf."""
        ...

    def inverse(self) -> Callable[[ArrayLike], FloatArray]:
        """Returns the inverse map."""
        ...

    def between(self, before: FloatArray, after: FloatArray) -> PlaneMap:
        """Returns after(self(before(xy))) for two affine (3, 3) matrices."""
        ...


def fit_model(
    model: AnyModel,
    source: ArrayLike,
    target: ArrayLike,
    weights: Optional[ArrayLike] = None,
    like: Optional[PlaneMap] = None,
) -> Union[PlaneMap, EstimationFailure]:
    """Returns the weighted least-squares transform of any model from (N, 2) `source` to (N, 2) `target` points.

    A spline is as smooth as `like`, an earlier fit; without one its smoothing is chosen by cross-validation.
    """
    if model == "tps":
        return fit_thin_plate(source, target, weights, smoothing_of(like))
    if model in MODELS:
        return estimate(model, source, target, weights)
    return fit_polynomial(cast(PolynomialModel, model), source, target, weights)


def smoothing_of(transform: Optional[PlaneMap]) -> Optional[float]:
    """Returns the smoothing of a thin-plate spline, None for everything else."""
    field = transform.field if isinstance(transform, FlexibleTransform) else None
    return field.smoothing if isinstance(field, ThinPlateField) else None


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
