from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcore.offsets import Offsets, offset_statistics, round_number


def test_statistics_of_a_shift_are_the_shift() -> None:
    places = np.random.default_rng(1).uniform(0, 500, (80, 2))
    found = offset_statistics(np.tile([3.0, -4.0], (80, 1)), places)
    assert found is not None
    assert found.mean == found.median == (3.0, -4.0)
    assert found.std == pytest.approx((0, 0))
    assert found.rmse_axes == (3.0, 4.0)
    for length in (found.rmse, found.mean_length, found.median_length, found.ce90, found.ce95, found.longest):
        assert length == pytest.approx(5)
    assert found.mean_error == pytest.approx((0, 0), abs=1e-12)


def test_statistics_agree_with_their_definitions() -> None:
    random = np.random.default_rng(2)
    vectors, places = random.normal([1, 0], [0.5, 2], (400, 2)), random.uniform(0, 900, (400, 2))
    found = offset_statistics(vectors, places)
    assert found is not None
    lengths = np.linalg.norm(vectors, axis=1)
    assert (lengths <= found.ce90).mean() == pytest.approx(0.9, abs=0.01)
    assert (lengths <= found.ce95).mean() == pytest.approx(0.95, abs=0.01)
    assert found.rmse**2 == pytest.approx(found.rmse_axes[0] ** 2 + found.rmse_axes[1] ** 2)
    assert found.rmse_axes[1] ** 2 == pytest.approx(found.mean[1] ** 2 + found.std[1] ** 2)


def test_error_of_the_mean_is_that_of_blocks_not_of_points() -> None:
    """Points of one block that err together are one draw: the naive error would be five times too small."""
    random = np.random.default_rng(3)
    means, errors = [], []
    for _ in range(200):
        places = random.uniform(0, 1000, (2500, 2))
        block = (places // 100).astype(int)
        common = random.normal(0, 1, (10, 10, 2))[block[:, 0], block[:, 1]]
        found = offset_statistics(common, places)
        assert found is not None
        assert found.mean_error is not None
        means.append(found.mean)
        errors.append(found.mean_error)
    assert np.median(errors) == pytest.approx(np.std(means), rel=0.2)
    assert np.median(errors) > 3 / np.sqrt(2500)


def test_few_points() -> None:
    assert offset_statistics(np.zeros((0, 2)), np.zeros((0, 2))) is None
    one = offset_statistics(np.array([[0.5, 0.0]]), np.array([[3.0, 4.0]]))
    assert one is not None
    assert one.mean_error is None
    assert one.ce95 == 0.5


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="shape"):
        Offsets(np.zeros((2, 2)), np.zeros((3, 2)), np.zeros(2, bool))


@given(st.floats(1e-9, 1e9))
def test_round_numbers_are_near_and_short(value: float) -> None:
    found = round_number(value)
    assert 0.55 < found / value < 1.5
    assert f"{found:e}"[0] in "125"
