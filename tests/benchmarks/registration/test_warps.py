import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.registration.pairs import check_grid, generator
from benchmarks.registration.smallshift import FAMILIES, displaced
from benchmarks.registration.warps import NODATA, Warp, resampled, similarity
from tests.data.make_rasters import texture_at

SIZE = (120, 90)


def grid(size):
    return np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_sensed_image_shows_what_the_reference_shows_at_the_warped_place(kind):
    warp = displaced(kind, np.array(SIZE, float), generator(0, "scene", kind))
    source = texture_at(*grid(SIZE)).astype(np.float32)
    shown = resampled(source, warp, SIZE)
    x, y = grid(SIZE)
    true_xy = warp(np.column_stack([x.ravel(), y.ravel()]))
    expected = texture_at(true_xy[:, 0], true_xy[:, 1]).reshape(shown.shape)
    inside = ((true_xy > 8) & (true_xy < np.array(SIZE) - 8)).all(axis=1).reshape(shown.shape)
    assert np.quantile(np.abs(shown - expected)[inside], 0.9) < 1e-3  # the rest: kinks where the texture is clipped


def test_beyond_the_source_there_is_no_data():
    warp = Warp(similarity(0, 1, np.array([30.0, 0]), np.array(SIZE), np.array(SIZE)))
    shown = resampled(np.ones(SIZE[::-1], np.float32), warp, SIZE)
    assert (shown[:, 91:] == NODATA).all()
    assert (shown[:, :89] != NODATA).all()


@given(st.sampled_from("ab"), st.integers(0, 2**31))
def test_shifts_are_as_long_as_their_class_says(kind, seed):
    warp = displaced(kind, np.array(SIZE, float), generator(seed))
    length = np.hypot(*(warp(np.array([[50.0, 40.0]])) - [50.0, 40.0])[0])
    low, high = {"a": (0.2, 4), "b": (5, 30)}[kind]
    assert low - 1e-9 <= length <= high + 1e-9


@given(st.integers(0, 2**31))
def test_local_distortion_is_at_most_three_pixels_an_axis_and_has_no_trend(seed):
    warp = displaced("d", np.array(SIZE, float), generator(seed))
    x, y = grid(SIZE)
    xy = np.column_stack([x.ravel(), y.ravel()])
    moved = warp(xy) - xy
    assert np.abs(moved).max() <= 3
    assert np.abs(moved).max() > 1.8
    assert np.abs(moved.mean(axis=0)).max() < 1e-9


def test_check_points_lie_inside_both_images():
    warp = Warp(similarity(0.5, 1.5, np.array([20.0, -10]), np.array(SIZE), np.array([200, 100])))
    checks = check_grid(warp, (200, 100), SIZE)
    assert 0 < len(checks.sensed_xy) < 400
    assert (checks.reference_xy > 0).all()
    assert (checks.reference_xy < [200, 100]).all()
    np.testing.assert_allclose(warp(checks.sensed_xy), checks.reference_xy)


def test_a_pair_is_the_same_whichever_others_are_run():
    assert generator(0, "scene", "a", 1).random() == generator(0, "scene", "a", 1).random()
    assert generator(0, "scene", "a", 1).random() != generator(0, "scene", "b", 1).random()
