"""The evaluation itself: planted truth, outliers and order."""

import numpy as np
import pytest

from ltcore.features.sift import describe_rootsift
from ltcore.geometry.transforms import apply_matrix
from ltcore.types import Descriptors, Keypoints
from training.evaluate import (
    WarpedPair,
    average_precision,
    compare,
    score_pair,
    similarity,
    summarise,
    true_partners,
    warp,
    warped_pair,
)


@pytest.fixture(scope="module", params=["dual", "upright"])
def pair(request, unseen_tiles):
    return warped_pair(unseen_tiles[0], request.param, seed=3, max_keypoints=200), request.param


def _planted(pair, wrong=0):
    """A descriptor that knows the truth: equal for true partners; `wrong` of the sensed ones are shuffled."""
    reference, sensed = pair.keypoints
    places = apply_matrix(np.linalg.inv(pair.matrix), sensed.xy)
    codes = np.random.default_rng(0).normal(size=(10_000, 16))

    def describe(image, keypoints, angles_deg):
        positions = reference.xy if image is pair.reference else places
        gap = np.linalg.norm(positions[:, None] - reference.xy[None], axis=2)
        code = np.where(gap.min(axis=1) < 1.5, gap.argmin(axis=1), 5000 + np.arange(len(positions)))
        if image is pair.sensed:
            code[:wrong] = 9000 + np.arange(wrong)
        values = codes[code] / np.linalg.norm(codes[code], axis=1, keepdims=True)
        return Descriptors(values.astype(np.float32), "planted")

    return describe


def test_warp_is_where_its_matrix_says(pair, unseen_tiles):
    pair, mode = pair
    limit = 10 if mode == "upright" else 180
    turn = np.degrees(np.arctan2(pair.matrix[1, 0], pair.matrix[0, 0]))
    assert abs(turn) <= limit
    inside = pair.keypoints[1].xy
    places = apply_matrix(np.linalg.inv(pair.matrix), inside)
    grey = unseen_tiles[0].nir.numpy()
    here = pair.sensed[inside[:, 1].astype(int), inside[:, 0].astype(int)]
    there = grey[places[:, 1].astype(int), places[:, 0].astype(int)]
    assert np.corrcoef(here, there)[0, 1] > 0.9


def test_perfect_descriptor_is_scored_perfect_and_registers(pair):
    pair, mode = pair
    score = score_pair(pair, _planted(pair), mode)
    assert score.correct > 10
    assert score.correct <= score.partners <= score.keypoints
    assert score.average_precision > 0.95
    assert score.success
    assert score.precise == (score.fit_error_px < 1 / 3)


def test_spoiled_descriptors_lose_matches(pair):
    pair, mode = pair
    spoiled = score_pair(pair, _planted(pair, wrong=len(pair.keypoints[1]) // 2), mode)
    perfect = score_pair(pair, _planted(pair), mode)
    assert spoiled.correct < 0.75 * perfect.correct


def test_constant_descriptor_fails(pair):
    pair, mode = pair
    score = score_pair(pair, lambda image, found, angles: Descriptors(np.full((len(found), 4), 0.5), "flat"), mode)
    assert score.correct <= 1
    assert not score.success
    assert not score.precise


def test_partners_by_hand():
    """Of two candidates the nearer one counts, and what lies 3 px or more away is no partner."""

    def keypoints(xy):
        return Keypoints(np.array(xy, dtype=float), *np.ones((3, len(xy))))

    blank, turned = np.zeros((50, 50), np.float32), similarity((50, 50), 90.0, 2.0, np.array([3.0, -1.0]))
    reference = [(10, 10), (12, 10), (30, 30), (40, 5)]
    sensed = apply_matrix(turned, np.array([(30, 33.01), (11.2, 10), (40, 7.9)]))
    pair = WarpedPair(blank, blank, blank > 0, turned, (keypoints(reference), keypoints(sensed)))
    assert true_partners(pair).tolist() == [[1, 1], [3, 2]]
    nothing = WarpedPair(blank, blank, blank > 0, turned, (keypoints(reference), keypoints(np.zeros((0, 2)))))
    assert true_partners(nothing).shape == (0, 2)


def test_warp_by_a_whole_pixel_shift():
    image = np.arange(20, dtype=np.float32).reshape(4, 5)
    shift = similarity((5, 4), 0.0, 1.0, np.array([1.0, 0.0]))
    moved, valid = warp(image, shift, (5, 4))
    assert np.allclose(moved[:, 1:], image[:, :-1])
    assert valid.tolist() == [[False, True, True, True, True]] * 4


def test_average_precision_by_hand():
    assert average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([0.9]), np.array([False])) == 0
    assert average_precision(np.zeros(0), np.zeros(0, bool)) == 0


def test_compare_uses_the_same_pairs_for_all(unseen_tiles):
    scores = compare(unseen_tiles, {"a": describe_rootsift, "b": describe_rootsift}, "upright", (0, 1), 100)
    assert scores["a"] == scores["b"]
    assert scores["a"]["pairs"] == 4
    assert 0 <= scores["a"]["precision"] <= 1


def test_nothing_to_summarise():
    assert summarise([]) == {}
