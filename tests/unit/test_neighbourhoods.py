from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcore.geometry.models import fit_model
from ltcore.geometry.transforms import EstimationFailure, Transform
from ltcore.neighbourhoods import local_offset_px, neighbourhoods
from ltcore.result import TransformFit

SIDE = 40
PLACES = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).reshape(-1, 2) * 10.0


def spline():
    controls = PLACES[:: SIDE // 2 + 1]
    return fit_model("tps", controls, controls)


def spline_fit(residuals, transform=None):
    inliers = np.linalg.norm(residuals, axis=1) < 1
    return TransformFit(transform or spline(), inliers, residuals, np.where(inliers[:, None], [0.1, 0.0], np.nan))


def scatter(spread):
    return np.random.default_rng(0).normal(0, spread, PLACES.shape)


def test_scattered_points_are_no_offset_however_many_are_left_out():
    residuals = scatter(0.3)
    residuals[::4] = scatter(20)[::4]
    assert local_offset_px(spline_fit(residuals), PLACES) < 0.75


@pytest.mark.parametrize(("share", "seen"), [(0.2, True), (0.05, False)])
def test_ground_that_the_spline_misses_is_an_offset_of_its_points(share, seen):
    residuals = scatter(0.3)
    residuals[PLACES[:, 0] < share * PLACES[:, 0].max()] += [2.0, 0.0]
    offset = local_offset_px(spline_fit(residuals), PLACES)
    assert offset == pytest.approx(2, abs=0.3) if seen else offset < 0.5


def test_other_transforms_do_not_claim_to_follow_local_offsets():
    residuals = scatter(0.1) + np.array([3.0, 0.0])
    assert local_offset_px(spline_fit(residuals, Transform("shift", np.eye(3))), PLACES) == 0
    assert local_offset_px(spline_fit(residuals), PLACES) > 2.9


def test_nothing_is_off_without_points_or_fit():
    assert local_offset_px(EstimationFailure("none"), PLACES) == 0
    assert local_offset_px(spline_fit(np.zeros((0, 2))), np.zeros((0, 2))) == 0


@given(st.integers(1, 300), st.integers(0, 2**31))
def test_every_point_is_in_one_group_of_neighbours(count, seed):
    xy = np.random.default_rng(seed).uniform(0, [900, 100], (count, 2)).round(-1)  # many share a place
    groups = neighbourhoods(xy)
    assert sorted(np.concatenate(groups).tolist()) == list(range(count))
    assert all(len(group) <= 16 for group in groups)
    assert len(groups) == 1 or min(map(len, groups)) >= 8


def test_groups_hold_what_lies_side_by_side():
    sides = [np.ptp(PLACES[group], axis=0).max() for group in neighbourhoods(PLACES)]
    assert max(sides) <= 50  # 16 of 1600 places 10 apart
