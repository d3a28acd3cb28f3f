"""Geometry of the network's windows."""

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from ltcore.features.patches import PatchSampling, sample_patches, unit_grid, window_points
from ltcore.types import Keypoints

_PLAIN = PatchSampling(support_factor=1.0, min_half_width_px=16, max_half_width_px=16, patch_px=32, foveation=0.0)


def _keypoints(xy, size=1.0):
    count = len(xy)
    return Keypoints(np.array(xy, float), np.full(count, float(size)), np.zeros(count), np.ones(count))


def _smooth(seed=0, size=120):
    noise = np.random.default_rng(seed).uniform(0, 255, (size, size)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def test_plain_window_reads_the_ramp_at_the_right_places():
    x, y = np.meshgrid(np.arange(100) + 0.5, np.arange(100) + 0.5)  # pixel-edge coordinate of each pixel centre
    patch_x = sample_patches(x.astype(np.float32), _keypoints([[50, 40]]), [0.0], _PLAIN)[0]
    patch_y = sample_patches(y.astype(np.float32), _keypoints([[50, 40]]), [0.0], _PLAIN)[0]
    np.testing.assert_allclose(patch_x[0], np.linspace(34, 66, 32), atol=0.04)  # remap rounds to 1/32 px
    np.testing.assert_allclose(patch_y[:, 0], np.linspace(24, 56, 32), atol=0.04)


def test_positive_angle_is_clockwise_in_the_image():
    y = np.tile(np.arange(100)[:, None] + 0.5, (1, 100))
    along = sample_patches(y.astype(np.float32), _keypoints([[50, 50]]), [90.0], _PLAIN)[0]
    np.testing.assert_allclose(along[0], np.linspace(34, 66, 32), atol=0.04)  # the window's x axis points down


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_quarter_turn_is_rot90(quarter):
    image, centre = _smooth(), _keypoints([[60, 60]])
    upright = sample_patches(image, centre, [0.0], PatchSampling())[0]
    turned = sample_patches(image, centre, [90.0 * quarter], PatchSampling())[0]
    np.testing.assert_allclose(turned, np.rot90(upright, quarter), atol=1.0)


def test_foveation_keeps_centre_and_sides_and_is_denser_inside():
    even, foveated = unit_grid(_PLAIN), unit_grid(PatchSampling(patch_px=32, foveation=0.5))
    radius, moved = np.linalg.norm(even, axis=1), np.linalg.norm(foveated, axis=1)
    np.testing.assert_allclose(moved, radius * (0.5 + 0.5 * radius), atol=1e-12)
    assert moved[radius < 0.5].max() < 0.75 * 0.5


def test_half_width_is_clipped():
    sampling = PatchSampling(support_factor=6, min_half_width_px=16, max_half_width_px=64)
    assert sampling.half_width_px([1.0, 5.0, 100.0]).tolist() == [16.0, 30.0, 64.0]


def test_many_patches_pass_the_row_limit_of_remap():
    keypoints = _keypoints(np.tile([[60.0, 60.0]], (700, 1)))
    patches = sample_patches(_smooth(), keypoints, np.zeros(700), PatchSampling())
    assert patches.shape == (700, 64, 64)
    np.testing.assert_array_equal(patches[0], patches[-1])


def test_no_keypoints_give_no_patches():
    assert sample_patches(_smooth(), _keypoints(np.zeros((0, 2))), [], _PLAIN).shape == (0, 32, 32)


def test_points_of_a_window_stand_about_its_centre():
    points = window_points(np.array([[3.0, 4.0]]), np.array([2.0]), [30.0], unit_grid(_PLAIN))
    np.testing.assert_allclose(points.mean(axis=2), [[3.0], [4.0]], atol=1e-12)


@pytest.mark.parametrize("wrong", [{"patch_px": 33}, {"foveation": 1.0}, {"support_factor": 0}, {"unknown": 1}])
def test_unusable_sampling_is_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(PatchSampling).validate_python(wrong)
