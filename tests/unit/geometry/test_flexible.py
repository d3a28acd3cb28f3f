from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.geometry.flexible import FlexibleTransform, box_frame
from ltcore.geometry.models import FEWEST_POINTS, fit_model
from ltcore.geometry.parameters import from_parameters, to_parameters
from ltcore.geometry.polynomial import DEGREE, PolynomialField
from ltcore.geometry.transforms import EstimationFailure, apply_matrix
from ltcore.summary import plain

SIZE = np.array([1400.0, 900.0])
seeds = st.integers(0, 2**32 - 1)
polynomials = st.sampled_from(list(DEGREE))


def bent(model: str, random: np.random.Generator) -> FlexibleTransform:
    """A polynomial as a lens or relief makes one: any turn and mirror, scale 0.2 to 5, bent by up to 3 %."""
    frame = np.diag([2 / SIZE[0], 2 / SIZE[1], 1.0])
    frame[:2, 2] = -1
    angle, scale = random.uniform(0, 2 * np.pi), np.exp(random.uniform(np.log(0.2), np.log(5)))
    coefficients = random.uniform(-0.03, 0.03, (FEWEST_POINTS[model], 2))
    coefficients[:3] = [[0, 0], [np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    after = np.diag([scale * 700, scale * 700 * random.choice([-1, 1]), 1.0])
    after[:2, 2] = random.uniform(-5000, 5000, 2)
    return FlexibleTransform(model, frame, PolynomialField(coefficients), after)


def places(random: np.random.Generator, count: int) -> np.ndarray:
    """Points all over the image, so that no polynomial is degenerate."""
    x, y = np.meshgrid(np.linspace(0.05, 0.95, 4), np.linspace(0.05, 0.95, 4))
    grid = np.column_stack([x.ravel(), y.ravel()]) + random.uniform(-0.03, 0.03, (16, 2))
    return np.concatenate([grid, random.uniform(0, 1, (max(0, count - 16), 2))]) * SIZE


def fitted(*args, **named) -> FlexibleTransform:
    transform = fit_model(*args, **named)
    assert isinstance(transform, FlexibleTransform), transform
    return transform


@given(polynomials, seeds)
@settings(max_examples=40, deadline=None)
def test_the_fit_recovers_the_generating_polynomial(model, seed):
    random = np.random.default_rng(seed)
    truth, source = bent(model, random), places(random, 30)
    found = fitted(model, source, truth(source))
    probe = random.uniform(-0.1, 1.1, (50, 2)) * SIZE
    np.testing.assert_allclose(found(probe), truth(probe), atol=1e-5)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_richer_polynomial_recovers_a_simpler_one(seed):
    random = np.random.default_rng(seed)
    truth, source = bent("poly2", random), places(random, 30)
    np.testing.assert_allclose(fitted("poly3", source, truth(source))(source), truth(source), atol=1e-5)


@given(polynomials, seeds)
@settings(max_examples=40, deadline=None)
def test_inverse_undoes_the_transform_also_a_little_outside(model, seed):
    random = np.random.default_rng(seed)
    transform, xy = bent(model, random), random.uniform(-0.1, 1.1, (200, 2)) * SIZE
    np.testing.assert_allclose(transform.inverse()(transform(xy)), xy, atol=1e-5)
    assert transform.inverse().inverse() is transform


@given(polynomials, seeds)
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_points_and_the_scale_of_the_weights_do_not_matter(model, seed):
    random = np.random.default_rng(seed)
    source = places(random, 40)
    target = bent(model, random)(source) + random.normal(0, 0.5, source.shape)
    weights, order = random.uniform(0.1, 2, 40), random.permutation(40)
    there = fitted(model, source, target, weights)(source)
    permuted = fitted(model, source[order], target[order], 7 * weights[order])(source)
    np.testing.assert_allclose(permuted, there, atol=1e-5)


@given(polynomials, seeds)
@settings(max_examples=20, deadline=None)
def test_weight_zero_is_as_good_as_absent(model, seed):
    random = np.random.default_rng(seed)
    source = places(random, 40)
    target = bent(model, random)(source) + random.normal(0, 0.5, source.shape)
    wild = np.concatenate([target[:30], random.uniform(-1e5, 1e5, (10, 2))])
    without = fitted(model, source[:30], target[:30])(source)
    np.testing.assert_allclose(fitted(model, source, wild, [1.0] * 30 + [0.0] * 10)(source), without, atol=1e-5)


@given(polynomials, seeds)
@settings(max_examples=20, deadline=None)
def test_between_two_matrices_is_one_after_the_other(model, seed):
    random = np.random.default_rng(seed)
    transform, xy = bent(model, random), places(random, 20)
    before, after = np.diag([2.0, 0.5, 1.0]), np.array([[0.0, -3.0, 7.0], [3.0, 0.0, -2.0], [0.0, 0.0, 1.0]])
    expected = transform(xy * [2.0, 0.5]) @ after[:2, :2].T + after[:2, 2]
    both = transform.between(before, after)
    np.testing.assert_allclose(both(xy), expected, atol=1e-6)
    np.testing.assert_allclose(both.inverse()(expected), xy, atol=1e-5)


@given(polynomials, seeds)
@settings(max_examples=20, deadline=None)
def test_a_transform_survives_being_written_as_json(model, seed):
    random = np.random.default_rng(seed)
    transform, xy = bent(model, random), places(random, 20)
    again = from_parameters(model, json.loads(json.dumps(plain(to_parameters(transform)))))
    assert np.array_equal(again(xy), transform(xy))


@pytest.mark.parametrize("harm", ["before", "coefficients", "nan", "count"])
def test_parameters_that_are_none_are_refused(harm):
    values = plain(to_parameters(bent("poly2", np.random.default_rng(0))))
    if harm == "nan":
        values["coefficients"][2][0] = None
    elif harm == "count":
        values["coefficients"].append([0.0, 0.0])
    else:
        del values[harm]
    with pytest.raises((ValueError, KeyError)):
        from_parameters("poly2", values)


@pytest.mark.parametrize("model", DEGREE)
def test_too_few_points_fail_and_say_how_many(model):
    few = FEWEST_POINTS[model] - 1
    xy = places(np.random.default_rng(0), 16)[:few]
    failure = fit_model(model, xy, xy)
    assert isinstance(failure, EstimationFailure)
    assert f"needs {few + 1} tie points, got {few}" in failure.reason


@pytest.mark.parametrize("model", DEGREE)
def test_points_on_a_line_or_a_circle_fail(model):
    along = np.linspace(0, 1000, 30)
    turn = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    for xy in (np.column_stack([along, 2 * along]), 500 + 300 * np.column_stack([np.cos(turn), np.sin(turn)])):
        assert isinstance(fit_model(model, xy, xy), EstimationFailure)


def test_a_fit_that_folds_the_image_is_refused():
    random = np.random.default_rng(1)
    source = places(random, 60)
    failure = fit_model("poly3", source, random.uniform(0, 1000, source.shape))
    assert isinstance(failure, EstimationFailure)
    assert "folds" in failure.reason


def test_what_is_no_image_has_no_place():
    """x -> x + 0.3 x^2 turns back at -5/3: beyond it nothing has a place, and no place there is given twice."""
    coefficients = np.zeros((6, 2))
    coefficients[1, 0] = coefficients[2, 1] = 1.0
    coefficients[3, 0] = 0.3
    fold = FlexibleTransform("poly2", np.eye(3), PolynomialField(coefficients), np.eye(3))
    back = fold.inverse()
    assert np.isnan(back([[-0.9, 0.0], [np.nan, 0.0]])).all()
    np.testing.assert_allclose(back(fold([[-1.2, 0.5]])), [[-1.2, 0.5]], atol=1e-9)
    assert back(np.zeros((0, 2))).shape == (0, 2)


def test_some_places_are_found_where_others_have_none():
    coefficients = np.zeros((6, 2))
    coefficients[1, 0] = coefficients[2, 1] = 1.0
    coefficients[3, 0] = 0.3
    fold = FlexibleTransform("poly2", np.eye(3), PolynomialField(coefficients), np.eye(3))
    xy = np.array([[-1.2, 0.5], [0.3, 0.1], [1.0, -1.0]])
    found = fold.inverse()(np.vstack([[[-0.9, 0.0], [np.nan, 0.0]], fold(xy), [[-3e8, 0.0]]]))
    assert np.isnan(found[[0, 1, 5]]).all()
    np.testing.assert_allclose(found[2:5], xy, atol=1e-9)


@pytest.mark.filterwarnings("error")
def test_where_the_map_stands_still_there_is_no_way_on_and_no_noise():
    """x -> x^3 has no slope at 0, where the search for the place of 0.0004 begins."""
    coefficients = np.zeros((10, 2))
    coefficients[6, 0] = coefficients[2, 1] = 1.0
    still = FlexibleTransform("poly3", np.eye(3), PolynomialField(coefficients), np.eye(3))
    assert np.isnan(still.inverse()([[0.0004, 0.0]])).all()


@pytest.mark.filterwarnings("error")
def test_points_that_are_not_finite_have_no_image_and_no_noise():
    found = bent("poly2", np.random.default_rng(3))([[np.inf, 0.0], [np.nan, 1.0], [0.0, 0.0]])
    assert np.isnan(found[:2]).all()
    assert np.isfinite(found[2]).all()


def test_the_frame_of_a_box():
    xy = np.array([[2.0, -10], [8, 30], [4, 0]])
    np.testing.assert_allclose(apply_matrix(box_frame(xy, keep_shape=False), [[2, -10], [8, 30]]), [[-1, -1], [1, 1]])
    np.testing.assert_allclose(
        apply_matrix(box_frame(xy, keep_shape=True), [[2, -10], [8, 30]]), [[-0.15, -1], [0.15, 1]]
    )
    for flat in ([[1, 2], [1, 3]], [[1, 2], [5, 2]], [[0, 0], [1, 1e-9]], [[0, np.inf], [1, 5]]):
        assert box_frame(np.array(flat, float), keep_shape=True) is None


def test_a_transform_without_matrix_keeps_its_matrices_to_itself():
    transform = bent("poly2", np.random.default_rng(3))
    assert transform.matrix is None
    assert transform.inverse().model == "poly2"
    for matrix in (transform.before, transform.after):
        with pytest.raises(ValueError, match="read-only"):
            matrix[0, 0] = 2.0
    with pytest.raises(ValueError, match="expected"):
        FlexibleTransform("poly2", np.eye(2), transform.field, np.eye(3))


@pytest.mark.parametrize("model", [*DEGREE, "tps"])
def test_units_do_not_matter(model):
    random = np.random.default_rng(0)
    truth, source = bent("poly2", random), places(random, 60)
    target = truth(source)
    found = fitted(model, 1e-6 * source, 1e-6 * target)
    np.testing.assert_allclose(1e6 * found(1e-6 * source), target, atol=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("model", list(DEGREE))
def test_places_beyond_all_numbers_make_no_noise(model):
    found = bent(model, np.random.default_rng(1))
    assert not np.isfinite(found([[1e200, 1e200]])).all()
