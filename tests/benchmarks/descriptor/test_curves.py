"""Distorted pairs are what their level says, and every level and method is counted."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.descriptor import curves
from benchmarks.descriptor.classical import RootSift
from benchmarks.descriptor.curves import CurveRow, distorted_pair, run_curves, summarise_curves
from ltcore.geometry.transforms import apply_matrix
from training.chunks import Workers
from training.evaluate import PairScore


@pytest.mark.parametrize("factor", list(curves.LEVELS))
def test_level_of_no_change_is_the_image_itself(factor, scenes):
    pair = distorted_pair(scenes[0], factor, 1.0 if factor == "scale" else 0.0, 100)
    assert np.allclose(pair.sensed, scenes[0].nir, atol=1e-3)
    assert pair.valid.all()
    assert np.array_equal(pair.matrix, np.eye(3))


@pytest.mark.parametrize(("factor", "level"), [("rotation", 90), ("rotation", 37), ("scale", 2.0), ("scale", 0.5)])
def test_nothing_leaves_the_canvas_and_the_matrix_is_true(factor, level, scenes):
    pair = distorted_pair(scenes[0], factor, level, 100)
    height, width = scenes[0].nir.shape
    corners = apply_matrix(pair.matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    assert corners.min() >= -1e-6
    assert (corners.max(axis=0) <= np.array(pair.sensed.shape[::-1]) + 1e-6).all()
    inside = pair.keypoints[1].xy
    there = np.floor(apply_matrix(np.linalg.inv(pair.matrix), inside)).astype(int).clip(0, width - 1)
    grey = pair.sensed[inside[:, 1].astype(int), inside[:, 0].astype(int)]
    assert np.corrcoef(grey, scenes[0].nir[there[:, 1], there[:, 0]])[0, 1] > 0.8


def test_quarter_turn_turns_the_pixels(scenes):
    pair = distorted_pair(scenes[0], "rotation", 90, 100)
    assert np.allclose(pair.sensed[1:-1, 1:-1], np.rot90(scenes[0].nir, -1)[1:-1, 1:-1], atol=0.01)


def test_noise_has_its_deviation_and_is_the_same_every_time(scenes):
    pair = distorted_pair(scenes[0], "noise", 20, 100)
    assert np.array_equal(pair.sensed, distorted_pair(scenes[0], "noise", 20, 100).sensed)
    middle = (scenes[0].nir > 80) & (scenes[0].nir < 175)
    assert (pair.sensed - scenes[0].nir)[middle].std() == pytest.approx(20, rel=0.1)


def test_blur_smooths(scenes):
    steep = [np.abs(np.diff(distorted_pair(scenes[0], "blur", level, 10).sensed)).mean() for level in (0, 1, 3)]
    assert steep[0] > steep[1] > steep[2]


def test_all_levels_and_dates_of_scenes_are_run(scenes, monkeypatch):
    monkeypatch.setattr(curves, "LEVELS", {"blur": (0.0, 2.0)})
    other = replace(scenes[0], tile=replace(scenes[0].tile, name="later.tif"))
    monkeypatch.setattr(curves, "DATES", {scenes[0].tile.name: 1990.0, "later.tif": 2000.0, "chip.tif": 1.0})
    rows = list(run_curves([scenes[0], other, scenes[1]], [RootSift()], 80, Workers(1)))
    assert sum(row.factor == "blur" for row in rows) == 4
    season = summarise_curves(rows)["season"]["RootSIFT"]
    assert season["level"] == [0.0, 10.0]
    assert season["pairs"] == [2, 2]


def test_summary_by_hand():
    scores = [PairScore(10, 5, 8, 4, 0.5, 1.0), PairScore(10, 5, 0, 0, 0.0, np.inf)]
    rows = [
        CurveRow("blur", level, "m", str(index), score) for level in (2.0, 1.0) for index, score in enumerate(scores)
    ]
    assert summarise_curves(rows)["blur"]["m"] == {
        "level": [1.0, 2.0], "pairs": [2, 2], "correct": [2, 2], "precision": [0.25, 0.25], "success": [0.5, 0.5],
    }  # fmt: skip
