"""All models of transforms under one roof: what any of them can do, and how to fit one. numpy only."""

from __future__ import annotations

from typing import Callable, Optional, Protocol, Union, cast

from numpy.typing import ArrayLike

from ..types import FloatArray
from .flexible import FlexibleModel, FlexibleTransform
from .polynomial import PolynomialModel, fit_polynomial
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
