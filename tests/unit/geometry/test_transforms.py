from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ltcore.geometry.transforms import (
    MIN_POINTS,
    MODELS,
    EstimationFailure,
    Model,
    Transform,
    apply_matrix,
    estimate,
)

SIZE = 1000.0
seeds = st.integers(0, 2**32 - 1)
models = st.sampled_from(MODELS)


def random_transform(model: Model, random: np.random.Generator) -> Transform:
    """A transform such as two cameras or two scenes have: any turn and mirror, scale 0.2 to 5, some shear and tilt."""
    matrix = np.eye(3)
    if model != "shift":
        angle, scale = random.uniform(0, 2 * np.pi), np.exp(random.uniform(np.log(0.2), np.log(5)))
        matrix[:2, :2] = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if model in ("affine", "projective"):
        matrix[:2, :2] = matrix[:2, :2] @ np.array([[1, random.uniform(-0.4, 0.4)], [0, random.choice([-1, 1])]])
    if model == "projective":
        matrix[2, :2] = random.uniform(-2e-4, 2e-4, 2)
    matrix[:2, 2] = random.uniform(-5000, 5000, 2)
    return Transform(model, matrix)


def spread_points(random: np.random.Generator, count: int) -> np.ndarray:
    """Points over a 1000 px image; the first four stand near its corners, so that no model is degenerate."""
    corners = np.array([[0.1, 0.1], [0.9, 0.15], [0.85, 0.9], [0.12, 0.88]]) * SIZE
    corners += random.uniform(-50, 50, (4, 2))
    return np.concatenate([corners, random.uniform(0, SIZE, (max(0, count - 4), 2))])[:count]


def fitted(*args: object, **named: object) -> Transform:
    transform = estimate(*args, **named)  # type: ignore[arg-type]
    assert isinstance(transform, Transform), transform
    return transform


def test_tables_name_every_model() -> None:
    assert set(MODELS) == set(MIN_POINTS) == set(get_args(Model))


@given(models, seeds, st.integers(0, 40))
def test_estimate_recovers_the_generating_model(model: Model, seed: int, extra: int) -> None:
    random = np.random.default_rng(seed)
    truth, source = random_transform(model, random), spread_points(random, MIN_POINTS[model] + extra)
    found = fitted(model, source, truth(source))
    probe = random.uniform(0, SIZE, (20, 2))
    assert found.model == model
    np.testing.assert_allclose(found(probe), truth(probe), atol=1e-5)


@given(models, seeds)
def test_a_richer_model_recovers_a_simpler_one(model: Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    truth, source = random_transform(model, random), spread_points(random, 12)
    for richer in MODELS[MODELS.index(model) :]:
        np.testing.assert_allclose(fitted(richer, source, truth(source))(source), truth(source), atol=1e-5)


@given(models, seeds)
def test_inverse_undoes_the_transform(model: Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    transform, xy = random_transform(model, random), random.uniform(0, SIZE, (30, 2))
    np.testing.assert_allclose(transform.inverse()(transform(xy)), xy, atol=1e-6)
    assert transform.inverse().model == model
    np.testing.assert_allclose(transform.inverse().inverse().matrix, transform.matrix, rtol=1e-7, atol=1e-9)


@given(models, seeds)
def test_the_order_of_the_points_does_not_matter(model: Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    source = spread_points(random, 15)
    target = random_transform(model, random)(source) + random.normal(0, 0.5, source.shape)
    weights, order = random.uniform(0.1, 2, 15), random.permutation(15)
    there = fitted(model, source, target, weights)(source)
    permuted = fitted(model, source[order], target[order], weights[order])(source)
    np.testing.assert_allclose(permuted, there, atol=1e-5)


@given(models, seeds)
def test_weight_zero_is_as_good_as_absent(model: Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    source = spread_points(random, 14)
    target = random_transform(model, random)(source) + random.normal(0, 0.5, source.shape)
    wild = np.concatenate([target[:10], random.uniform(-1e5, 1e5, (4, 2))])
    without = fitted(model, source[:10], target[:10])(source)
    with_zero = fitted(model, source, wild, [1.0] * 10 + [0.0] * 4)(source)
    np.testing.assert_allclose(with_zero, without, atol=1e-5)


@given(models, seeds, st.floats(0.01, 100))
def test_only_ratios_of_weights_count(model: Model, seed: int, factor: float) -> None:
    random = np.random.default_rng(seed)
    source = spread_points(random, 12)
    target = random_transform(model, random)(source) + random.normal(0, 0.5, source.shape)
    weights = random.uniform(0.1, 2, 12)
    scaled = fitted(model, source, target, weights * factor)(source)
    np.testing.assert_allclose(scaled, fitted(model, source, target, weights)(source), atol=1e-4)


@given(models, seeds)
@settings(max_examples=30)
def test_the_fit_is_a_minimum_of_the_weighted_squares(model: Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    source = spread_points(random, 20)
    target = random_transform(model, random)(source) + random.normal(0, 0.5, source.shape)
    weights = random.uniform(0.1, 2, 20)
    found = fitted(model, source, target, weights)

    def cost(transform: Transform) -> float:
        return float(weights @ ((transform(source) - target) ** 2).sum(axis=1))

    for _ in range(12):  # no transform of the same family close by is better
        near = random_transform(model, random).matrix - np.eye(3)
        near[:2, 2] /= 1000
        step = Transform(model, np.eye(3) + 1e-4 * near)
        if model == "shift":
            step = Transform(model, [[1, 0, random.normal(0, 0.01)], [0, 1, random.normal(0, 0.01)], [0, 0, 1]])
        assert cost(found) <= cost(Transform(model, step.matrix @ found.matrix)) * (1 + 1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_too_few_points_fail_and_say_how_many(model: Model) -> None:
    few = MIN_POINTS[model] - 1
    failure = estimate(model, np.zeros((few, 2)), np.zeros((few, 2)))
    assert isinstance(failure, EstimationFailure)
    assert not failure
    assert f"needs {MIN_POINTS[model]}" in failure.reason
    assert f"got {few}" in failure.reason


@pytest.mark.parametrize("model", ["similarity", "affine", "projective"])
def test_all_points_on_one_spot_fail(model: Model) -> None:
    spread = spread_points(np.random.default_rng(0), 8)
    spot = np.full((8, 2), 7.0)
    assert isinstance(estimate(model, spot, spread), EstimationFailure)
    assert isinstance(estimate(model, spread, spot), EstimationFailure)


@given(st.sampled_from(["affine", "projective"]), seeds)
def test_points_on_one_line_fail(model: Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    along = np.linspace(0, SIZE, 9)
    line = np.column_stack([along, random.uniform(-2, 2) * along + random.uniform(-500, 500)])
    spread = spread_points(random, 9)
    failures = [estimate(model, line, random_transform("affine", random)(line)), estimate(model, line, spread)]
    assert all(isinstance(failure, EstimationFailure) for failure in failures)


@pytest.mark.parametrize("model", ["affine", "projective"])
def test_targets_on_one_line_fail(model: Model) -> None:
    spread = spread_points(np.random.default_rng(1), 9)
    line = np.column_stack([spread[:, 0], 2 * spread[:, 0] + 5])
    assert isinstance(estimate(model, spread, line), EstimationFailure)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_points_that_are_not_numbers_never_give_a_transform() -> None:
    source = spread_points(np.random.default_rng(2), 8)
    target = source.copy()
    target[3, 1] = np.nan
    for model in MODELS:
        try:
            result = estimate(model, source, target)
        except (ValueError, np.linalg.LinAlgError):
            continue
        assert not result or not np.isfinite(result.matrix).all(), model


def test_a_transform_is_read_only_and_normalised() -> None:
    transform = Transform("projective", 2 * np.eye(3))
    assert transform.matrix[2, 2] == 1
    with pytest.raises(ValueError, match="read-only"):
        transform.matrix[0, 0] = 5
    with pytest.raises(ValueError, match="expected"):
        Transform("affine", np.ones((3, 4)))


def test_no_points_give_no_points() -> None:
    assert Transform("affine", np.eye(3))(np.zeros((0, 2))).shape == (0, 2)


def test_a_point_on_the_horizon_is_not_finite() -> None:
    matrix = np.array([[1, 0, 0], [0, 1, 0], [0.01, 0, 1]])
    assert not np.isfinite(apply_matrix(matrix, [[-100.0, 5.0]])).any()


@pytest.mark.parametrize("model", ["similarity", "affine", "projective"])
def test_every_degenerate_fit_names_its_reason(model: Model) -> None:
    random = np.random.default_rng(4)
    spread, spot = spread_points(random, 9), np.full((9, 2), 7.0)
    for pair in ((spot, spread), (spread, spot)):
        assert estimate(model, *pair) == EstimationFailure("all tie points lie on one spot")
    if model != "similarity":
        line = np.column_stack([np.linspace(0, SIZE, 9), np.linspace(5, 800, 9)])
        reason = f"the tie points are too close to one line for the {model} transform"
        assert estimate(model, line, spread) == EstimationFailure(reason)


def test_a_similarity_of_points_that_say_nothing_is_no_transform() -> None:
    """The four corners of a square turned once one way and once the other: on average they become one spot."""
    square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]) * 50
    failure = estimate("similarity", square, square[[0, 3, 2, 1]])
    assert failure == EstimationFailure("the tie points are too close to one line for the similarity transform")


@pytest.mark.parametrize("thin", [1e-5, 3e-6, 2e-6, 1e-8])
def test_points_nearly_on_one_line_fit_an_affine_map_as_long_as_doubles_can_tell(thin: float) -> None:
    random = np.random.default_rng(5)
    along = random.uniform(-1, 1, 12)
    source = SIZE * np.column_stack([along, along + thin * random.uniform(-1, 1, 12)])
    truth = Transform("affine", [[1.1, 0.2, 5], [-0.1, 0.9, 3], [0, 0, 1]])
    assert isinstance(estimate("affine", source, truth(source)), Transform) == (thin > 2.5e-6)


@pytest.mark.parametrize("model", MODELS)
def test_weights_decide_between_points_that_disagree(model: Model) -> None:
    """Two sets of points, each exact under a transform of its own: the heavy one has its way."""
    random = np.random.default_rng(6)
    one, other = random_transform(model, random), random_transform(model, random)
    source = spread_points(random, 10)
    both = np.vstack([source, source]), np.vstack([one(source), other(source)])
    for weights, truth in (([1e9] * 10 + [1.0] * 10, one), ([1.0] * 10 + [1e9] * 10, other)):
        found = fitted(model, *both, weights)
        np.testing.assert_allclose(found(source), truth(source), atol=0.05)


def test_between_two_matrices_is_one_after_the_other() -> None:
    transform = Transform("projective", [[1, 0.1, 4], [0.2, 1.2, -3], [1e-4, 2e-4, 1]])
    before, after = np.diag([2.0, 0.5, 1.0]), np.array([[0.0, -3.0, 7.0], [3.0, 0.0, -2.0], [0.0, 0.0, 1.0]])
    xy = np.array([[10.0, 20], [300, -40], [0, 0]])
    expected = apply_matrix(after, transform(apply_matrix(before, xy)))
    moved = transform.between(before, after)
    assert moved.model == "projective"
    np.testing.assert_allclose(moved(xy), expected, rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_a_point_on_the_horizon_makes_no_noise_and_one_point_needs_no_table() -> None:
    matrix = np.array([[1, 0, 0], [0, 1, 0], [0.01, 0, 1]])
    assert not np.isfinite(apply_matrix(matrix, [-100.0, 0.0])).all()
    np.testing.assert_allclose(apply_matrix(matrix, [100, 50]), [[50.0, 25.0]])


@pytest.mark.parametrize("size", [1e-7, 1e6])
@settings(max_examples=5, deadline=None)
@given(model=models, seed=seeds)
def test_units_and_places_far_from_the_origin_do_not_matter(model: Model, seed: int, size: float) -> None:
    """Degrees of a village, millimetres of a country; an offset of five hundred times the extent."""
    random = np.random.default_rng(seed)
    truth, source = random_transform(model, random), spread_points(random, 12)
    target = truth(source)
    far_source, far_target = size * (source + np.array([5e5, 3e5])), size * (target - np.array([4e5, 6e5]))
    found = estimate(model, far_source, far_target)
    assert isinstance(found, Transform), found
    np.testing.assert_allclose(found(far_source) / size, far_target / size, atol=1e-4)
