"""Transforms without a matrix: a field between two normalised frames, and its inverse by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Optional, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import frozen_array
from ..types import FloatArray
from .hull import convex_hull, inside_hull
from .transforms import apply_matrix

FlexibleModel = Literal["poly2", "poly3", "tps"]

_GRID_REACH = 2.0  # starts of the inverse lie on a grid over [-2, 2]: the tie points fill [-1, 1]
_GRID_SIDE = 41
_BATCH = 4096  # points at a time: 4096 x 1681 distances are 55 MB
_ITERATIONS = 40
_STEP = 0.5  # longest step of an iteration, normalised units
_CONVERGED = 1e-11  # length of a step after which no more are made
_SOLVED = 1e-8  # error of a solution, normalised units: 1e-4 px in an image of 20 000 px
_MOST_LOCAL_STRETCH = 2.0  # a place stretched or shrunk more than this against the whole is a fold in the making


class Field(Protocol):
    """A smooth map of the normalised plane, in which the tie points fill [-1, 1] along each axis."""

    def __call__(self, xy: FloatArray) -> FloatArray:
        """Returns the (N, 2) images of (N, 2) points."""
        ...

    def jacobian(self, xy: FloatArray) -> FloatArray:
        """Returns the (N, 2, 2) derivatives, rows by component; near enough for Newton's method."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Returns the arrays the field is made of, by the names of its fields."""
        ...


@dataclass(frozen=True)
class FlexibleTransform:
    """A map of the plane that bends it: after(field(before(xy))).

    Attributes:
        model: family of the field.
        before: (3, 3) affine matrix, source px -> normalised frame.
        field: the bending map.
        after: (3, 3) affine matrix, normalised frame -> target px.
    """

    model: FlexibleModel
    before: FloatArray
    field: Field
    after: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "before", frozen_array(self.before, (3, 3)))
        object.__setattr__(self, "after", frozen_array(self.after, (3, 3)))

    @property
    def matrix(self) -> None:
        """No 3x3 matrix says what this transform does."""
        return

    def __call__(self, xy: ArrayLike) -> FloatArray:
        """Returns the (N, 2) images of the (N, 2) points; a point that is not finite gives nan."""
        with np.errstate(invalid="ignore", over="ignore"):
            return apply_matrix(self.after, self.field(apply_matrix(self.before, xy)))

    def inverse(self) -> InverseTransform:
        """Returns the inverse map."""
        return InverseTransform(self)

    def between(self, before: FloatArray, after: FloatArray) -> FlexibleTransform:
        """Returns after(self(before(xy))) for two affine (3, 3) matrices."""
        return FlexibleTransform(self.model, self.before @ before, self.field, after @ self.after)

    def folds(self, source: FloatArray) -> bool:
        """Returns whether the map turns over, or stretches a place twice as much as the whole, amid (N, 2) points."""
        xy = _inside_hull(apply_matrix(self.before, source))
        trend = _affine_trend(self.field, xy)[:2, :2]
        if abs(np.linalg.det(trend)) < 1e-12:
            return True
        (a, b), (c, d) = (self.field.jacobian(xy) @ np.linalg.inv(trend)).transpose(1, 2, 0)
        # Singular values: half of the sum and of the difference of these two.
        turning, squeezing = np.hypot(a + d, b - c), np.hypot(a - d, b + c)
        turned, most, least = a * d <= b * c, turning + squeezing, np.abs(turning - squeezing)
        return bool(turned.any() or most.max() > 2 * _MOST_LOCAL_STRETCH or least.min() < 2 / _MOST_LOCAL_STRETCH)


@dataclass(frozen=True)
class InverseTransform:
    """The inverse of a flexible transform; points that are the image of no place, or of a fold, become nan."""

    forward: FlexibleTransform

    @property
    def model(self) -> FlexibleModel:
        """Family of the map this is the inverse of."""
        return self.forward.model

    def inverse(self) -> FlexibleTransform:
        """Returns the map this is the inverse of."""
        return self.forward

    def __call__(self, xy: ArrayLike) -> FloatArray:
        """Returns the (N, 2) points whose images are the (N, 2) points."""
        goal = apply_matrix(np.linalg.inv(self.forward.after), xy)
        found = np.full(goal.shape, np.nan)
        finite = np.isfinite(goal).all(axis=1)
        if finite.any():
            found[finite] = self._solved(goal[finite])
        return apply_matrix(np.linalg.inv(self.forward.before), found)

    @cached_property
    def _starts(self) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """Grid nodes, their images, the inverse of the affine trend, and how far a node is trusted."""
        nodes = _grid(_GRID_REACH, _GRID_SIDE)
        trend = _affine_trend(self.forward.field, _grid(1.0, _GRID_SIDE))
        spacing = 2 * _GRID_REACH / (_GRID_SIDE - 1) * float(np.sqrt(abs(np.linalg.det(trend[:2, :2]))))
        return nodes, self.forward.field(nodes), np.linalg.inv(trend), 2 * spacing

    def _solved(self, goal: FloatArray) -> FloatArray:
        """Returns the (N, 2) solutions in the normalised frame, nan where Newton's method finds none.

        It starts at the grid node whose image is nearest, far from the grid at the affine trend's solution.
        """
        nodes, images, to_start, trusted = self._starts
        nearest = _nearest(images, goal)
        distance = np.linalg.norm(images[nearest] - goal, axis=1)
        place = np.where((distance <= trusted)[:, None], nodes[nearest], apply_matrix(to_start, goal))
        active: NDArray[np.intp] = np.arange(len(goal))
        for _ in range(_ITERATIONS):
            missing = goal[active] - self.forward.field(place[active])
            step = _solve2(self.forward.field.jacobian(place[active]), missing)
            length = np.linalg.norm(step, axis=1)
            step *= np.minimum(1, _STEP / np.maximum(length, 1e-300))[:, None]
            place[active] += step
            going: NDArray[np.bool_] = length > _CONVERGED * (1 + np.abs(place[active]).max(axis=1))
            active = active[going]
            if not len(active):
                break
        error = np.linalg.norm(self.forward.field(place) - goal, axis=1)
        upright = np.linalg.det(self.forward.field.jacobian(place)) * np.linalg.det(to_start[:2, :2]) > 0
        scale = 1 + np.abs(goal).max(axis=1)
        return np.where(((error < _SOLVED * scale) & upright)[:, None], place, np.nan)


def box_frame(xy: FloatArray, *, keep_shape: bool) -> Optional[FloatArray]:
    """Returns the (3, 3) matrix that brings the box of (N, 2) points to [-1, 1], or None where it is a line.

    With `keep_shape` both axes share one scale and only the longer side fills [-1, 1].
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    half = np.maximum((high - low) / 2, 0.0)
    if not np.isfinite(half).all() or half.min() < 1e-9:
        return None
    if keep_shape:
        half = np.full(2, half.max())
    centre = (low + high) / 2
    return np.array([[1 / half[0], 0, -centre[0] / half[0]], [0, 1 / half[1], -centre[1] / half[1]], [0, 0, 1]])


def _grid(reach: float, side: int) -> FloatArray:
    """Returns the (side^2, 2) nodes of a grid over [-reach, reach]."""
    steps = np.linspace(-reach, reach, side)
    nodes: FloatArray = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return nodes


def _affine_trend(field: Field, xy: FloatArray) -> FloatArray:
    """Returns the (3, 3) least-squares affine map of the field at (N, 2) points."""
    solution, *_ = np.linalg.lstsq(np.column_stack([xy, np.ones(len(xy))]), field(xy), rcond=None)
    return np.vstack([solution.T, [0.0, 0.0, 1.0]])


def _inside_hull(xy: FloatArray) -> FloatArray:
    """Returns the points, and those of a grid over [-1, 1] that lie in their convex hull."""
    nodes, hull = _grid(1.0, _GRID_SIDE), convex_hull(xy)
    return xy if hull is None else np.vstack([xy, nodes[inside_hull(hull, nodes)]])


def _nearest(places: FloatArray, xy: FloatArray) -> NDArray[np.intp]:
    """Returns the (N,) index of the place nearest to each of (N, 2) points, batch by batch."""
    square = (places**2).sum(axis=1)
    parts = [xy[start : start + _BATCH] for start in range(0, len(xy), _BATCH)]
    return np.concatenate([np.argmin(square - 2 * (part @ places.T), axis=1) for part in parts])


def _solve2(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """Returns the (N, 2) solutions of N systems of two equations; 0 where a system is singular."""
    (a, b), (c, d) = matrices[:, 0].T, matrices[:, 1].T
    determinant = a * d - b * c
    safe = np.where(np.abs(determinant) < 1e-12, np.inf, determinant)
    adjugate = np.column_stack([d * right[:, 0] - b * right[:, 1], a * right[:, 1] - c * right[:, 0]])
    result: FloatArray = adjugate / safe[:, None]
    return result
