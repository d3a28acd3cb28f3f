"""Maps that turn over or stretch a place: told from their derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from ltcore.geometry.flexible import FlexibleTransform
from ltcore.geometry.polynomial import PolynomialField


def linear(matrix) -> PolynomialField:
    """A field without a bend."""
    coefficients = np.zeros((6, 2))
    coefficients[1:3] = np.transpose(matrix)
    return PolynomialField(coefficients)


SQUARE = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])


def bending(amount: float, *, across: bool = False) -> FlexibleTransform:
    """x (or y) is stretched by 1 + amount * x: from 1 - amount to 1 + amount, 1 on the whole."""
    coefficients = np.zeros((6, 2))
    coefficients[1, 0] = coefficients[2, 1] = 1.0
    coefficients[5 if across else 3, 1 if across else 0] = amount / 2
    turn = np.array([[0.6, -0.8, 3.0], [0.8, 0.6, -5.0], [0, 0, 1.0]]) @ np.diag([40.0, -40.0, 1.0])
    return FlexibleTransform("poly2", np.eye(3), PolynomialField(coefficients), turn)


@pytest.mark.parametrize("across", [False, True])
def test_a_map_folds_where_it_shrinks_or_stretches_a_place_twice_as_much_as_the_whole(across):
    assert not bending(0.49, across=across).folds(SQUARE)
    assert bending(0.51, across=across).folds(SQUARE)  # shrunk by more than 2 at one side
    assert bending(-0.51, across=across).folds(SQUARE)
    assert bending(1.5, across=across).folds(SQUARE)  # turned over
    assert not bending(1.5, across=across).folds(0.3 * SQUARE)  # not amid these points
    assert not bending(0.99, across=across).folds(SQUARE * 0.5)


def test_what_stretches_or_flattens_all_alike_does_not_fold_and_what_flattens_to_a_line_does():
    for matrix in ([[9.0, 0], [0, 0.1]], [[0, 0.2], [-3.0, 1]], [[1.0, 0], [0, -1]]):
        assert not FlexibleTransform("poly2", np.eye(3), linear(matrix), np.eye(3)).folds(SQUARE)
    assert FlexibleTransform("poly2", np.eye(3), linear([[1.0, 2], [2, 4]]), np.eye(3)).folds(SQUARE)


class Wavy:
    """A field that stretches a place in the middle by a factor along each axis, and nothing at the rim."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, xy: np.ndarray) -> np.ndarray:
        return np.asarray(xy, float)

    def jacobian(self, xy: np.ndarray) -> np.ndarray:
        middle = np.linalg.norm(xy, axis=1) < 0.03
        return np.where(middle[:, None, None], self.factor, 1.0) * np.eye(2)

    def parameters(self) -> dict:
        return {}


@pytest.mark.parametrize(("factor", "folds"), [(1.99, False), (2.01, True), (0.51, False), (0.49, True)])
def test_places_between_the_tie_points_count(factor, folds):
    assert FlexibleTransform("tps", np.eye(3), Wavy(factor), np.eye(3)).folds(SQUARE) is folds
    beside = SQUARE[:3] + np.array([0.5, -0.5])  # a triangle that does not reach the middle
    assert FlexibleTransform("tps", np.eye(3), Wavy(factor), np.eye(3)).folds(beside) is False


class Swirl(Wavy):
    """A field that turns a place in the middle by an angle, and leaves its size alone."""

    def jacobian(self, xy: np.ndarray) -> np.ndarray:
        middle = np.linalg.norm(xy, axis=1) < 0.03
        turn = np.array([[np.cos(self.factor), -np.sin(self.factor)], [np.sin(self.factor), np.cos(self.factor)]])
        return np.where(middle[:, None, None], turn, np.eye(2))


@pytest.mark.parametrize("angle", [0.4, 1.3, -1.3, 3.0])
def test_a_place_that_is_turned_is_not_folded(angle):
    assert not FlexibleTransform("tps", np.eye(3), Swirl(angle), np.eye(3)).folds(SQUARE)


class _Constant:
    """A field of one derivative everywhere whose trend is none."""

    def __init__(self, jacobian):
        self._jacobian = np.array(jacobian, dtype=float)

    def __call__(self, xy):
        return np.array(xy, dtype=float)

    def jacobian(self, xy):
        return np.tile(self._jacobian, (len(xy), 1, 1))


@pytest.mark.parametrize(
    ("jacobian", "folds"),
    [
        ([[1, 0], [0, 1]], False),
        ([[0.5, 0.9], [0.9, 0.5]], True),  # turned over along the diagonal
        ([[0.5, 1.2], [1.0, 0.4]], True),  # the same, neither flat nor long
        ([[0.8, 0.3], [0.4, 1.5]], False),
        ([[0, -1], [1, 0]], False),  # a quarter of a turn
        ([[1, 1], [1, 1]], True),  # flat
        ([[1, 0], [0, 0.3]], True),
        ([[1, 0], [0, 0.51]], False),
        ([[2.1, 0], [0, 1]], True),
        ([[1, 0], [0, 1.9]], False),
    ],
)
def test_what_folds_is_told_from_the_singular_values(jacobian, folds):
    source = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    transform = FlexibleTransform("poly2", np.eye(3), _Constant(jacobian), np.eye(3))
    assert transform.folds(source) is folds
