"""Smoothing thin-plate splines, fitted to all tie points on at most a hundred evenly spread controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import frozen_array
from ..types import FloatArray
from .blocks import FOLDS, block_folds
from .flexible import FlexibleTransform, box_frame
from .hull import convex_hull
from .spread import far_apart
from .transforms import EstimationFailure, apply_matrix, weighted_points

FEWEST_TPS_POINTS = 20

_MOST_CONTROLS = 100  # a bend of a fifth of the image is followed; more follow the noise (docs/adr/0012)
_SAME_PLACE = 1e-9  # normalised units within which two points are one
_SMOOTHINGS = 10.0 ** np.arange(-10, 1)  # tried by cross-validation, from hardly any to nearly affine
_DAMPING = 0.5  # normalised units (a quarter of the image) in which the bend dies away outside the hull
_RIDGE = 1e-14
_BATCH = 8192  # points at a time: 8192 x 100 distances are 7 MB


@dataclass(frozen=True)
class ThinPlateField:
    """The spline affine(x) + sum_k weights_k U(|x - control_k|) with U(r) = r^2 log r, damped outside a hull.

    Outside the hull the bend, what differs from the affine trend, is that of the hull's nearest point, and dies away
    with the distance d as exp(-(d / 0.5)^2): far away the transform is the trend.

    Attributes:
        controls: (C, 2) places.
        weights: (C, 2) of the radial functions, for x and y.
        affine: (3, 2) coefficients of 1, x, y.
        trend: (3, 2) the same of the least-squares affine map of the tie points.
        hull: (H, 2) corners of their convex hull, counter-clockwise.
        smoothing: weight of the bending energy against the mean squared residual, normalised units.
    """

    controls: FloatArray
    weights: FloatArray
    affine: FloatArray
    trend: FloatArray
    hull: FloatArray
    smoothing: float

    def __post_init__(self) -> None:
        for name, rows in (("controls", None), ("weights", len(self.controls)), ("affine", 3), ("trend", 3)):
            object.__setattr__(self, name, frozen_array(getattr(self, name), (rows, 2)))
        object.__setattr__(self, "hull", frozen_array(self.hull, (None, 2)))

    def __call__(self, xy: FloatArray) -> FloatArray:
        """Returns the (N, 2) images of (N, 2) points."""
        parts = [self._images(xy[start : start + _BATCH]) for start in range(0, len(xy), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, 2))

    def _images(self, xy: FloatArray) -> FloatArray:
        place, distance = _nearest_in_hull(xy, self.hull)
        bend = _kernel(place, self.controls) @ self.weights + _affine_terms(place) @ (self.affine - self.trend)
        result: FloatArray = _affine_terms(xy) @ self.trend + bend * np.exp(-((distance / _DAMPING) ** 2))[:, None]
        return result

    def jacobian(self, xy: FloatArray) -> FloatArray:
        """Returns the (N, 2, 2) derivatives, rows by component; outside the hull those of the trend."""
        parts = [self._derivatives(xy[start : start + _BATCH]) for start in range(0, len(xy), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, 2, 2))

    def _derivatives(self, xy: FloatArray) -> FloatArray:
        slope = np.log(np.maximum(_squared_distances(xy, self.controls), 1e-300)) + 1  # d U / d x = x (2 log r + 1)
        both = [
            xy[:, axis, None] * (slope @ self.weights) - slope @ (self.controls[:, axis, None] * self.weights)
            for axis in (0, 1)
        ]
        _, distance = _nearest_in_hull(xy, self.hull)
        result: FloatArray = np.where(
            (distance == 0)[:, None, None], np.stack(both, axis=-1) + self.affine[1:].T, self.trend[1:].T
        )
        return result

    def parameters(self) -> dict[str, Any]:
        """Returns the arrays by name."""
        return {name: getattr(self, name) for name in self.__annotations__}


def fit_thin_plate(
    source: ArrayLike,
    target: ArrayLike,
    weights: Optional[ArrayLike] = None,
    smoothing: Optional[float] = None,
) -> Union[FlexibleTransform, EstimationFailure]:
    """Returns the thin-plate spline of least weighted squares plus smoothing times bending energy.

    The controls are a subset of the points, evenly spread; all points are fitted (Wood, "Thin plate regression
    splines", 2003, with knots).

    Args:
        source: (N, 2) points, at least 20 places; of points in one place all count, but one is a control.
        target: (N, 2) points.
        weights: (N,) non-negative weights of the squared errors; None means equal ones.
        smoothing: see ThinPlateField; None means that of least held-out error over spatial blocks.
    """
    src, dst, weight = weighted_points(source, target, weights)
    from_src = box_frame(src, keep_shape=True) if len(src) else None
    from_dst = box_frame(dst, keep_shape=True) if len(src) else None
    if from_src is None or from_dst is None:
        return EstimationFailure(f"a tps transform needs {FEWEST_TPS_POINTS} tie points that are not on one line")
    xy, goal = apply_matrix(from_src, src), apply_matrix(from_dst, dst)
    controls = xy[far_apart(xy, _MOST_CONTROLS, _SAME_PLACE)]
    if len(controls) < FEWEST_TPS_POINTS:
        return EstimationFailure(f"tps needs tie points in {FEWEST_TPS_POINTS} places, got {len(controls)}")
    hull = convex_hull(xy)
    if hull is None:
        return EstimationFailure("the tie points are too close to one line for a tps transform")
    try:
        field = _smoothed(xy, goal, weight / weight.mean(), controls, hull, smoothing)
    except np.linalg.LinAlgError:
        return EstimationFailure("the tie points are too close to one line for a tps transform")
    found = FlexibleTransform("tps", from_src, field, np.linalg.inv(from_dst))
    return EstimationFailure("the tps transform folds the image") if found.folds(src) else found


def _smoothed(
    xy: FloatArray,
    goal: FloatArray,
    weight: FloatArray,
    controls: FloatArray,
    hull: FloatArray,
    smoothing: Optional[float],
) -> ThinPlateField:
    basis, design = _basis(xy, controls)
    if smoothing is None:
        smoothing = _best_smoothing(design, goal, weight, block_folds(xy))
    solution = _penalised(*_normal(design, goal, weight), smoothing)
    trend = _trend(xy, goal, weight)
    return ThinPlateField(controls, basis @ solution[:-3], solution[-3:], trend, hull, smoothing)


def heldout_thin_plate(
    source: FloatArray, target: FloatArray, weights: Optional[ArrayLike] = None, smoothing: Optional[float] = None
) -> FloatArray:
    """Returns the (N, 2) residuals, target - spline, of points whose spatial block was left out of the spline.

    Controls and smoothing are those of all points, so that one system serves every fold. Where no spline can be fitted
    the residuals are inf. Arguments as of fit_thin_plate.
    """
    weight = np.ones(len(source)) if weights is None else np.asarray(weights, dtype=np.float64)
    used = weight > 0
    nothing = np.full((len(source), 2), np.inf)
    from_src = box_frame(source[used], keep_shape=True) if used.any() else None
    from_dst = box_frame(target[used], keep_shape=True) if used.any() else None
    if from_src is None or from_dst is None:
        return nothing
    xy, goal, weight = apply_matrix(from_src, source), apply_matrix(from_dst, target), weight / weight[used].mean()
    controls = xy[used][far_apart(xy[used], _MOST_CONTROLS, _SAME_PLACE)]
    if len(controls) < FEWEST_TPS_POINTS:
        return nothing
    folds = block_folds(target)
    residuals: FloatArray = nothing.copy()
    try:
        basis, design = _basis(xy, controls)
        if smoothing is None:
            smoothing = _best_smoothing(design[used], goal[used], weight[used], folds[used])
        whole = _normal(design, goal, weight)
        for fold in np.unique(folds):
            out, rest = folds == fold, (folds != fold) & used
            held, hull = _normal(design[out], goal[out], weight[out]), convex_hull(xy[rest])
            if hull is not None:
                solution = _penalised(whole[0] - held[0], whole[1] - held[1], whole[2] - held[2], smoothing)
                trend = _trend(xy[rest], goal[rest], weight[rest])
                spline = ThinPlateField(controls, basis @ solution[:-3], solution[-3:], trend, hull, smoothing)
                residuals[out] = (goal[out] - spline(xy[out])) / from_dst[0, 0]
    except np.linalg.LinAlgError:
        return nothing
    return residuals


def _trend(xy: FloatArray, goal: FloatArray, weight: FloatArray) -> FloatArray:
    """Returns the (3, 2) coefficients of the weighted least-squares affine map."""
    heavy, flat = np.sqrt(weight)[:, None], _affine_terms(xy)
    trend, *_ = np.linalg.lstsq(flat * heavy, goal * heavy, rcond=None)
    return np.asarray(trend)


def _basis(xy: FloatArray, controls: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns (C, C - 3) weights of the radial functions, each of unit bending energy, and the (N, C) system.

    Raises:
        numpy.linalg.LinAlgError: the controls are too close to one line.
    """
    # Orthogonal to all planes: the bending energy is finite.
    free = np.linalg.qr(_affine_terms(controls), mode="complete")[0][:, 3:]
    energy = free.T @ _kernel(controls, controls) @ free
    root = np.linalg.cholesky(energy + np.eye(len(energy)) * _RIDGE * np.trace(energy))
    basis = np.linalg.solve(root, free.T).T
    return basis, np.column_stack([_kernel(xy, controls) @ basis, _affine_terms(xy)])


def _best_smoothing(design: FloatArray, goal: FloatArray, weight: FloatArray, folds: NDArray[np.intp]) -> float:
    whole = _normal(design, goal, weight)
    cost = np.zeros(len(_SMOOTHINGS))
    for fold in range(FOLDS):
        out = folds == fold
        if not out.any():
            continue
        held = _normal(design[out], goal[out], weight[out])
        rest = whole[0] - held[0], whole[1] - held[1], whole[2] - held[2]
        for number, smoothing in enumerate(_SMOOTHINGS):
            residual = goal[out] - design[out] @ _penalised(*rest, smoothing)
            cost[number] += float(weight[out] @ (residual**2).sum(axis=1))
    return float(_SMOOTHINGS[np.argmin(cost)])


def _normal(design: FloatArray, goal: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Returns the normal matrix, the right side and the sum of the weights."""
    weighted = design * weight[:, None]
    return weighted.T @ design, weighted.T @ goal, float(weight.sum())


def _penalised(normal: FloatArray, right: FloatArray, total: float, smoothing: float) -> FloatArray:
    """Returns the solution of the mean weighted squares plus smoothing times bending energy."""
    matrix = normal / total
    bent = np.arange(len(matrix) - 3)
    matrix[bent, bent] += smoothing
    solution: FloatArray = np.linalg.solve(matrix, right / total)
    return solution


def _kernel(xy: FloatArray, controls: FloatArray) -> FloatArray:
    """Returns (N, C) values of r^2 log r, 0 at r = 0."""
    square = _squared_distances(xy, controls)
    result: FloatArray = 0.5 * square * np.log(np.maximum(square, 1e-300))
    return result


def _squared_distances(xy: FloatArray, controls: FloatArray) -> FloatArray:
    x, y = np.subtract.outer(xy[:, 0], controls[:, 0]), np.subtract.outer(xy[:, 1], controls[:, 1])
    result: FloatArray = x * x + y * y
    return result


def _affine_terms(xy: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(xy)), xy])


def _nearest_in_hull(xy: FloatArray, hull: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns the (N, 2) points of a convex polygon (corners counter-clockwise) nearest to (N, 2) points, and (N,)
    distances, 0 inside."""
    side = np.roll(hull, -1, axis=0) - hull
    x, y = xy[:, 0] - hull[:, :1], xy[:, 1] - hull[:, 1:]  # from each corner, by rows: fast
    outside = (side[:, :1] * y < side[:, 1:] * x).any(axis=0)
    place, distance = xy.copy(), np.zeros(len(xy))
    if outside.any():
        from_corner = xy[outside][:, None, :] - hull
        along = (from_corner * side).sum(axis=2) / np.maximum((side**2).sum(axis=1), 1e-300)
        feet = hull + np.clip(along, 0, 1)[:, :, None] * side
        lengths = np.linalg.norm(xy[outside][:, None, :] - feet, axis=2)
        nearest = lengths.argmin(axis=1)
        each = np.arange(len(nearest))
        place[outside], distance[outside] = feet[each, nearest], lengths[each, nearest]
    return place, distance
