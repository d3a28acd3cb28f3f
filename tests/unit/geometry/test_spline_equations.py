"""Thin-plate splines against a plain computation of what they are to minimise, and their field piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy.linalg import null_space
from scipy.special import xlogy

from ltcore.geometry.blocks import block_folds
from ltcore.geometry.flexible import FlexibleTransform
from ltcore.geometry.thin_plate import ThinPlateField, fit_thin_plate, heldout_thin_plate
from ltcore.geometry.transforms import EstimationFailure, apply_matrix

SIDE = 300.0
SMOOTHINGS = [10.0**power for power in range(-10, 1)]


def bent_points(count=70, seed=0, noise=0.2):
    """Points around the nodes of a lattice, no two of them near each other, and where a mild bend brings them."""
    random = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    nodes = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    nodes = random.permutation(nodes)[:count] + random.uniform(-0.3, 0.3, (count, 2))
    source = (nodes + 0.5) / side * [SIDE, 0.7 * SIDE]
    bend = 3 * np.column_stack([np.sin(source[:, 1] / 40), np.cos(source[:, 0] / 55)])
    return source, 0.5 * source @ [[0.9, 0.2], [-0.1, 1.1]] + bend + [400, -90] + random.normal(0, noise, source.shape)


def frame(xy):
    """Scale and centre that bring the longer side of the points' box to [-1, 1]."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    return 2 / (high - low).max(), (low + high) / 2


def plain_spline(xy, goal, weight, controls, smoothing):
    """Returns the map that minimises the weighted mean of squares plus smoothing times bending energy.

    The radial functions' weights must be orthogonal to all planes; they are sought in a basis of what is.
    """

    def kernel(places):
        square = ((places[:, None] - controls) ** 2).sum(axis=2)
        return xlogy(square, square) / 2

    def planes(places):
        return np.column_stack([np.ones(len(places)), places])

    free = null_space(planes(controls).T)
    design = np.column_stack([kernel(xy) @ free, planes(xy)])
    energy = np.zeros((design.shape[1],) * 2)
    energy[:-3, :-3] = free.T @ kernel(controls) @ free
    share = weight / weight.sum()
    solution = np.linalg.solve(
        design.T @ (share[:, None] * design) + smoothing * energy, design.T @ (share[:, None] * goal)
    )
    return lambda places: np.column_stack([kernel(places) @ free, planes(places)]) @ solution


def normalised(source, target):
    (scale, centre), (goal_scale, goal_centre) = frame(source), frame(target)
    return (source - centre) * scale, (target - goal_centre) * goal_scale, goal_scale


@pytest.mark.parametrize("smoothing", [1e-8, 1e-3, 1.0])
def test_a_spline_of_given_smoothing_is_the_minimum(smoothing):
    source, target = bent_points()
    weight = np.random.default_rng(1).uniform(0.1, 3, len(source))
    xy, goal, goal_scale = normalised(source, target)
    expected = plain_spline(xy, goal, weight, xy, smoothing)(xy)
    found = fit_thin_plate(source, target, weight, smoothing)
    assert found.field.smoothing == smoothing
    np.testing.assert_allclose(found(source), expected / goal_scale + frame(target)[1], atol=2e-5)


def test_more_than_a_hundred_places_give_a_hundred_controls_and_all_are_fitted():
    source, target = bent_points(160)
    xy, goal, goal_scale = normalised(source, target)
    found = fit_thin_plate(source, target, None, 1e-4)
    assert len(found.field.controls) == 100
    expected = plain_spline(xy, goal, np.ones(160), found.field.controls, 1e-4)(xy)
    np.testing.assert_allclose(found(source), expected / goal_scale + frame(target)[1], atol=2e-5)


def damped(spline, places, xy, goal, weight):
    """Returns the images of places where beyond the hull of xy the bend of its nearest place dies away."""
    rows, root = np.column_stack([np.ones(len(xy)), xy]), np.sqrt(weight)[:, None]
    trend, *_ = np.linalg.lstsq(rows * root, goal * root, rcond=None)
    hull, points = shapely.convex_hull(shapely.multipoints(xy)), shapely.points(places)
    distance = shapely.distance(points, hull)
    nearest = shapely.get_coordinates(shapely.shortest_line(hull, points)).reshape(-1, 2, 2)[:, 0]
    nearest = np.where(distance[:, None] == 0, places, nearest)
    flat = [np.column_stack([np.ones(len(each)), each]) @ trend for each in (places, nearest)]
    return flat[0] + (spline(nearest) - flat[1]) * np.exp(-((distance / 0.5) ** 2))[:, None]


def heldout_plainly(source, target, weight, smoothing, folds):
    """Returns the residuals of every fold under the spline of the others; used points are controls."""
    used = weight > 0
    (scale, centre), (goal_scale, goal_centre) = frame(source[used]), frame(target[used])
    xy, goal = (source - centre) * scale, (target - goal_centre) * goal_scale
    residuals = np.zeros_like(goal)
    for fold in np.unique(folds):
        out, rest = folds == fold, (folds != fold) & used
        found = plain_spline(xy[rest], goal[rest], weight[rest], xy[used], smoothing)
        predicted = damped(found, xy[out], xy[rest], goal[rest], weight[rest])
        residuals[out] = (goal[out] - predicted) / goal_scale
    return residuals


@pytest.mark.parametrize("weighed", [False, True])
def test_heldout_residuals_are_those_of_splines_through_the_other_blocks(weighed):
    source, target = bent_points()
    weight = np.random.default_rng(2).uniform(0.2, 2, len(source)) if weighed else np.ones(len(source))
    weight[5:9] *= 0 if weighed else 1  # in no fit, but judged
    expected = heldout_plainly(source, target, weight, 1e-4, block_folds(target))
    found = heldout_thin_plate(source, target, weight if weighed else None, 1e-4)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def best_smoothing(source, target, weight, folds):
    """Returns the smoothing under which splines through the other folds miss the points least."""
    xy, goal, _ = normalised(source, target)
    costs = []
    for smoothing in SMOOTHINGS:
        cost = 0.0
        for fold in np.unique(folds):
            out = folds == fold
            residual = goal[out] - plain_spline(xy[~out], goal[~out], weight[~out], xy, smoothing)(xy[out])
            cost += weight[out] @ (residual**2).sum(axis=1)
        costs.append(cost)
    return SMOOTHINGS[int(np.argmin(costs))]


@pytest.mark.parametrize("noise", [0.2, 0.6, 1.0])
def test_the_smoothing_chosen_has_the_least_heldout_error(noise):
    source, target = bent_points(90, noise=noise)
    weight = np.random.default_rng(3).uniform(0.2, 2, 90)
    best = best_smoothing(source, target, weight, block_folds(source))
    assert fit_thin_plate(source, target, weight).field.smoothing == pytest.approx(best)


@pytest.mark.parametrize("noise", [0.3, 0.6])
def test_heldout_residuals_choose_their_smoothing_by_the_points_used(noise):
    source, target = bent_points(90, noise=noise)
    weight = np.random.default_rng(4).uniform(0.2, 2, 90)
    weight[10:20] = 0
    used, folds = weight > 0, block_folds(target)
    best = best_smoothing(source[used], target[used], weight[used], folds[used])
    np.testing.assert_allclose(
        heldout_thin_plate(source, target, weight), heldout_thin_plate(source, target, weight, best), atol=1e-9
    )


@pytest.mark.parametrize("case", ["none used", "one line", "few places"])
def test_where_no_spline_can_be_fitted_all_residuals_are_infinite(case):
    source, target = bent_points(40)
    weight = np.ones(40)
    if case == "none used":
        weight[:] = 0
    elif case == "one line":
        target = np.column_stack([source[:, 0], np.full(40, 3.0)])
    else:
        weight[19:] = 0
    found = heldout_thin_plate(source, target, weight)
    assert found.shape == (40, 2)
    assert np.isinf(found).all()


def test_twenty_places_are_enough():
    source, target = bent_points(20)
    assert isinstance(fit_thin_plate(source, target), FlexibleTransform)
    assert np.isfinite(heldout_thin_plate(source, target)).all()


@pytest.mark.parametrize("place", ["source", "target"])
def test_points_on_a_line_name_the_reason(place):
    source, target = bent_points(40)
    along = np.column_stack([source[:, 0], np.full(40, 3.0)])
    failure = fit_thin_plate(along, target) if place == "source" else fit_thin_plate(source, along)
    assert failure == EstimationFailure("a tps transform needs 20 tie points that are not on one line")


def test_few_places_and_slanted_lines_name_the_reason():
    source, target = bent_points(19)
    assert fit_thin_plate(source, target) == EstimationFailure("tps needs tie points in 20 places, got 19")
    slanted = np.column_stack([source[:, 0], 2 * source[:, 0]])
    many = np.vstack([slanted, slanted + 1])[:, [0, 0]] * [1, 2]
    reason = "the tie points are too close to one line for a tps transform"
    assert fit_thin_plate(many, np.vstack([target, target])) == EstimationFailure(reason)


def test_a_spline_that_folds_the_image_is_refused():
    source, _ = bent_points(60)
    target = np.random.default_rng(7).uniform(0, SIDE, source.shape)
    assert fit_thin_plate(source, target, None, 1e-9) == EstimationFailure("the tps transform folds the image")


def random_field(seed=8):
    random = np.random.default_rng(seed)
    controls, weights = random.uniform(-1, 1, (12, 2)), random.normal(0, 0.1, (12, 2))
    square = [[-1, -1], [1, -1], [1, 1], [-1, 1]]
    trend = [[0.1, -0.2], [1.0, 0.1], [-0.3, 0.9]]
    return ThinPlateField(controls, weights, random.normal(0, 1, (3, 2)), trend, square, 0.5)


def test_the_derivatives_are_those_of_the_field_inside_and_of_the_trend_outside():
    field, random, step = random_field(), np.random.default_rng(9), 1e-6
    inside = random.uniform(-0.99, 0.99, (40, 2))
    along = [(field(inside + move) - field(inside - move)) / (2 * step) for move in step * np.eye(2)]
    np.testing.assert_allclose(field.jacobian(inside), np.stack(along, axis=-1), atol=1e-6)
    outside = inside + np.array([2.5, 0])
    np.testing.assert_array_equal(field.jacobian(outside), np.tile(field.trend[1:].T, (40, 1, 1)))


def test_at_a_control_the_derivatives_are_finite():
    field = random_field()
    assert np.isfinite(field.jacobian(field.controls)).all()


def test_no_points_give_no_images_and_no_derivatives():
    field, none = random_field(), np.zeros((0, 2))
    assert field(none).shape == (0, 2)
    assert field.jacobian(none).shape == (0, 2, 2)


def test_a_field_is_read_only():
    field = random_field()
    for name in ("controls", "weights", "affine", "trend", "hull"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(field, name)[0, 0] = 1.0


def test_outside_the_hull_the_bend_of_the_nearest_place_dies_away():
    corners = np.array([[-1, -1], [0.8, -0.7], [1, 0.5], [0.1, 1], [-0.9, 0.6]])
    hull = shapely.polygons(corners)
    xy = np.random.default_rng(10).uniform(-2.5, 2.5, (300, 2))
    points = shapely.points(xy)
    distance = shapely.distance(points, hull)
    nearest = shapely.get_coordinates(shapely.shortest_line(hull, points)).reshape(-1, 2, 2)[:, 0]
    nearest = np.where(distance[:, None] == 0, xy, nearest)
    none, bend = np.zeros((3, 2)), np.array([[0.3, -0.2], [1.0, 0.4], [-0.5, 2.0]])
    field = ThinPlateField(np.zeros((1, 2)), np.zeros((1, 2)), bend, none, corners, 1.0)
    expected = np.column_stack([np.ones(300), nearest]) @ bend * np.exp(-((distance / 0.5) ** 2))[:, None]
    np.testing.assert_allclose(field(xy), expected, atol=1e-9)


def test_the_trend_is_that_of_the_weighted_points():
    source, target = bent_points(80, noise=0.5)
    weight = np.random.default_rng(11).uniform(0.01, 5, 80)
    found = fit_thin_plate(source, target, weight, 1e-3)
    rows, root = np.column_stack([np.ones(80), source]), np.sqrt(weight)[:, None]
    trend, *_ = np.linalg.lstsq(rows * root, target * root, rcond=None)
    far = np.array([[5000.0, -3000], [-4000, 9000]])
    np.testing.assert_allclose(found(far), np.column_stack([np.ones(2), far]) @ trend, rtol=1e-9)
    np.testing.assert_allclose(apply_matrix(found.before, source).max(axis=0)[0], 1.0)
