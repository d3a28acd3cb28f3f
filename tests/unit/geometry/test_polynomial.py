from __future__ import annotations

import numpy as np
import pytest

from ltcore.geometry.flexible import FlexibleTransform
from ltcore.geometry.polynomial import DEGREE, PolynomialField, fit_polynomial
from ltcore.geometry.transforms import EstimationFailure

POWERS = {2: [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]}
POWERS[3] = [*POWERS[2], (3, 0), (2, 1), (1, 2), (0, 3)]


def terms(xy, degree):
    return np.column_stack([xy[:, 0] ** i * xy[:, 1] ** j for i, j in POWERS[degree]])


def points(count=40, seed=0):
    random = np.random.default_rng(seed)
    source = random.uniform([100, -300], [900, 200], (count, 2))
    bend = 5 * np.column_stack([np.sin(source[:, 1] / 200), np.cos(source[:, 0] / 300)])
    return source, 0.7 * source @ [[0.9, -0.3], [0.3, 0.9]] + bend + random.normal(0, 0.5, source.shape) + [7000, 40]


@pytest.mark.parametrize("degree", [2, 3])
def test_a_field_is_the_sum_of_its_terms(degree):
    random = np.random.default_rng(1)
    coefficients = random.normal(0, 1, (len(POWERS[degree]), 2))
    field, xy = PolynomialField(coefficients), random.uniform(-1.5, 1.5, (30, 2))
    assert field.degree == degree
    np.testing.assert_allclose(field(xy), terms(xy, degree) @ coefficients, atol=1e-12)
    assert field(np.zeros((0, 2))).shape == (0, 2)
    np.testing.assert_array_equal(field.parameters()["coefficients"], coefficients)


@pytest.mark.parametrize("degree", [2, 3])
def test_the_derivatives_are_those_of_the_field(degree):
    random, step = np.random.default_rng(2), 1e-6
    field, xy = PolynomialField(random.normal(0, 1, (len(POWERS[degree]), 2))), random.uniform(-1.5, 1.5, (30, 2))
    along = [(field(xy + move) - field(xy - move)) / (2 * step) for move in step * np.eye(2)]
    np.testing.assert_allclose(field.jacobian(xy), np.stack(along, axis=-1), atol=1e-6)
    assert np.isfinite(field.jacobian(np.zeros((1, 2)))).all()


@pytest.mark.parametrize("count", [0, 3, 5, 7, 9, 11])
def test_a_polynomial_has_six_or_ten_coefficients(count):
    with pytest.raises(ValueError, match=f"^a polynomial has 6 or 10 coefficients, not {count}$"):
        PolynomialField(np.zeros((count, 2)))


def test_coefficients_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        PolynomialField(np.zeros((6, 2))).coefficients[0, 0] = 1.0


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("model", DEGREE)
def test_the_fit_has_the_least_weighted_squares(model, weighed):
    source, target = points()
    weight = np.random.default_rng(3).uniform(0.05, 4, 40) if weighed else np.ones(40)
    rows, root = terms((source - [500, -50]) / 400, DEGREE[model]), np.sqrt(weight)[:, None]
    solution, *_ = np.linalg.lstsq(rows * root, target * root, rcond=None)
    found = fit_polynomial(model, source, target, weight if weighed else None)
    assert found.model == model
    np.testing.assert_allclose(found(source), rows @ solution, atol=1e-8)


@pytest.mark.parametrize(("model", "count"), [("poly2", 6), ("poly3", 10)])
def test_as_many_points_as_coefficients_are_enough(model, count):
    source, target = points(count, seed=12)
    smooth = 0.5 * source + [3.0, 4.0]
    assert isinstance(fit_polynomial(model, source, smooth), FlexibleTransform)
    few = fit_polynomial(model, source[1:], smooth[1:])
    assert few == EstimationFailure(f"{model} needs {count} tie points, got {count - 1}")
    weights = np.ones(count)
    weights[0] = 0.0
    assert fit_polynomial(model, source, smooth, weights) == few
    assert len(target) == count


def test_every_refusal_names_its_reason():
    source, target = points()
    along = np.column_stack([source[:, 0], np.full(40, 5.0)])
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = 500 + 300 * np.column_stack([np.cos(turn), np.sin(turn)])
    wild = np.random.default_rng(4).uniform(0, 1000, (40, 2))
    assert fit_polynomial("poly2", along, target) == EstimationFailure("all tie points lie on one line")
    assert fit_polynomial("poly2", source, along) == EstimationFailure("all tie points lie on one line")
    assert fit_polynomial("poly2", circle, circle) == EstimationFailure(
        "the tie points are too close to one curve for a poly2 transform"
    )
    assert fit_polynomial("poly3", source, wild) == EstimationFailure("the poly3 transform folds the image")
