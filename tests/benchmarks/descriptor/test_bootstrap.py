"""Intervals by place."""

import numpy as np
import pytest

from benchmarks.descriptor.bootstrap import PlaceBootstrap


def test_equal_values_have_no_width_and_ratios_cancel():
    draws = PlaceBootstrap(["a", "a", "b", "c"])
    assert draws.mean([2, 2, 2, 2]) == (2, 2)
    values = np.array([1.0, 5.0, 2.0, 9.0])
    assert draws.ratio(3 * values, values) == pytest.approx((3, 3))
    assert draws.difference(values + 1, values) == pytest.approx((1, 1))


def test_pairs_of_one_place_count_as_one_sample():
    """Twenty pairs of two places: by place the mean is uncertain, by pair it would look sure."""
    values = [0.0] * 10 + [1.0] * 10
    by_place = PlaceBootstrap(["a"] * 10 + ["b"] * 10).mean(values)
    by_pair = PlaceBootstrap([str(number) for number in range(20)]).mean(values)
    assert by_place == (0, 1)
    assert 0.2 < by_pair[0] < 0.5 < by_pair[1] < 0.8


def test_interval_of_the_mean_agrees_with_the_normal_approximation():
    values = np.random.default_rng(0).normal(10, 2, 100)
    low, high = PlaceBootstrap([str(number) for number in range(100)]).mean(values)
    half = 1.96 * values.std(ddof=1) / 10
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.08)


def test_base_that_finds_nothing_gives_an_infinite_ratio():
    assert PlaceBootstrap(["a", "b"]).ratio([1, 1], [0, 0]) == (np.inf, np.inf)


def test_same_seed_same_interval():
    values = np.arange(30.0)
    places = [str(number) for number in range(30)]
    assert PlaceBootstrap(places, 1).mean(values) == PlaceBootstrap(places, 1).mean(values)
    assert PlaceBootstrap(places, 1).mean(values) != PlaceBootstrap(places, 2).mean(values)
