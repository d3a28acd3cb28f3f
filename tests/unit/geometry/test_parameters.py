from __future__ import annotations

import json

import numpy as np
import pytest

from ltcore.geometry.models import fit_model
from ltcore.geometry.parameters import from_parameters, invertible, recorded_array, to_parameters
from ltcore.geometry.transforms import Transform
from ltcore.summary import plain

REFUSED = "it has a matrix that no registration gives: it cannot be inverted, or moves things too far"


def recorded(model):
    """The parameters of a fit as they stand in a record, and the fit."""
    random = np.random.default_rng(0)
    source = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), axis=-1).reshape(-1, 2) * 50
    fit = fit_model(model, source, 0.5 * source + 2 * np.sin(source[:, ::-1] / 60) + random.normal(0, 0.1, (36, 2)))
    return json.loads(json.dumps(plain(to_parameters(fit)))), fit


@pytest.mark.parametrize("model", ["poly2", "poly3", "tps"])
def test_what_was_written_is_read_again(model):
    values, fit = recorded(model)
    again = from_parameters(model, values)
    assert again.model == model
    assert to_parameters(again).keys() == values.keys()
    for name, value in to_parameters(fit).items():
        np.testing.assert_array_equal(to_parameters(again)[name], value)


def test_a_transform_with_a_matrix_has_no_parameters():
    assert to_parameters(Transform("affine", np.eye(3))) is None


@pytest.mark.parametrize("name", ["before", "after", "controls", "weights", "affine", "trend", "hull", "smoothing"])
def test_each_parameter_of_a_spline_is_needed(name):
    values, _ = recorded("tps")
    del values[name]
    with pytest.raises(KeyError, match=name):
        from_parameters("tps", values)


def test_a_spline_that_folds_or_has_no_hull_is_refused():
    values, fit = recorded("tps")
    steep = {**values, "weights": (200 * fit.field.weights).tolist()}
    for changed in (steep, {**values, "hull": values["hull"][:2]}):
        with pytest.raises(ValueError, match=r"^its tps transform folds the image$"):
            from_parameters("tps", changed)


def test_a_hull_of_three_corners_is_enough():
    values, fit = recorded("tps")
    triangle = {**values, "hull": [[-0.9, -0.9], [0.9, -0.9], [0.0, 0.9]]}
    assert len(from_parameters("tps", triangle).field.hull) == 3
    assert len(fit.field.hull) > 3


def test_a_smoothing_that_is_no_number_is_refused():
    values, _ = recorded("tps")
    with pytest.raises(ValueError, match="valid number"):
        from_parameters("tps", {**values, "smoothing": "0.1"})


def test_a_table_is_read_to_the_number():
    found = recorded_array([[1, 2.5], [-3e300, 0.1]], (None, 2))
    assert found.tolist() == [[1.0, 2.5], [-3e300, 0.1]]
    assert found.dtype == np.float64
    assert recorded_array([], (None, 2)).shape == (0, 2)
    assert len(recorded_array([[0.0, 1.0]] * 1000, (None, 2))) == 1000


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0.0, 1.0]] * 1001, "^it has a table of 1001 rows, and no fit makes more than 1000$"),
        ([[1.0, float("nan")]], "^it holds a number that is not finite$"),
        ([[1.0, float("-inf")]], "^it holds a number that is not finite$"),
        ([["1", 2.0]], "valid number"),
        ([[True, 2.0]], "valid number"),
        ("[[1, 2]]", "valid list"),
        ([[1.0, 2.0, 3.0]], "expected"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        recorded_array(values, (None, 2))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(3),
        [[0, -2.5, 7e11], [2.5, 0, -7e11], [0, 0, 1]],
        np.diag([1e-9, 1e-9, 1]),
        np.diag([0.99e9, 1.0, 1]),
        np.diag([1.0, 1e-9, 1]),
        3 * np.diag([0.99e9, 0.99e9, 1]),
        -4 * np.diag([1e-9, 1e-9, 1]),
        [[1, 0, 1e12], [0, 1, 0], [0, 0, 1]],
        [[1, 0.1, 5], [0.2, -1, 3], [1e-4, 2e-4, -2]],
        [[1, 0, 0], [0, 1, 0], [1e10, 0, 1]],
    ],
)
def test_matrices_that_keep_their_digits_stay_as_they_are(matrix):
    matrix = np.array(matrix, float)
    np.testing.assert_array_equal(invertible(matrix), matrix)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((3, 3)),
        np.diag([1.0, 1.0, 0]),
        np.diag([0.9e-9, 1.0, 1]),
        np.diag([1.0, 1.1e9, 1]),
        np.diag([1e-9, 1e-9, 10]),
        np.diag([1.0, 2.0, 1e-9]),
        [[1, 0, 1.1e12], [0, 1, 0], [0, 0, 1]],
        [[1, 2, 0], [2, 4, 0], [0, 0, 1]],
        [[1, 0, 1], [0, 1, 0], [1, 0, 1]],  # a projective map onto a line
        [[1e-9, 0, 0.9999], [0, 1e-9, 0], [1e-9, 0, 1]],  # nearly so
        [[1e308, 0, 0], [0, 1, 0], [0, 0, 1e-308]],
    ],
)
def test_matrices_that_cannot_be_inverted_or_go_too_far_are_refused(matrix):
    with pytest.raises(ValueError, match=f"^{REFUSED}$"):
        invertible(np.array(matrix, float))
