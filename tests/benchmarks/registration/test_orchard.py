import json

import numpy as np

from benchmarks.registration.orchard import POINTS, pairs
from benchmarks.registration.orchard_picture import picture


def test_there_are_at_least_twenty_check_points_far_from_each_other():
    points = np.array([point["reference"] for point in json.loads(POINTS.read_text())["points"]])
    distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) + np.eye(len(points)) * 1e4
    assert len(points) >= 20
    assert distances.min() > 20


def test_check_points_move_smoothly_from_one_image_to_the_other():
    points = json.loads(POINTS.read_text())["points"]
    reference, sensed = (np.array([point[side] for point in points]) for side in ("reference", "sensed"))
    design = np.column_stack([sensed, np.ones(len(sensed))])
    residuals = reference - design @ np.linalg.lstsq(design, reference, rcond=None)[0]
    assert np.hypot(residuals[:, 0], residuals[:, 1]).max() < 1, "a slip of the hand"


def test_the_suite_is_part_of_test_alone(tmp_path):
    assert list(pairs(tmp_path, "val", tmp_path, 0)) == []
    assert len(list(pairs(tmp_path, "test", tmp_path, 0))) == 1


def test_the_picture_shows_every_point():
    shown = picture()
    lines = -(-len(json.loads(POINTS.read_text())["points"]) // 4)
    assert shown.shape[0] % lines == 0
    assert (shown == [0, 0, 255]).all(axis=2).any()
