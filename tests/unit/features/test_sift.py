"""SIFT positions and masks, and the RootSIFT descriptor."""

import cv2
import numpy as np
import pytest
from scipy.spatial import cKDTree

from ltcore.features.sift import _packed_octaves, describe_rootsift, detect_keypoints, detect_keypoints_halved
from ltcore.types import Keypoints


def _blobs(seed=0, size=160):
    noise = np.random.default_rng(seed).normal(0, 1, (size, size))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.float32)


def _everywhere(image):
    return np.ones(image.shape, bool)


def test_turned_image_gives_turned_positions_without_bias():
    image = _blobs()
    found = detect_keypoints(image, _everywhere(image), 1000)
    turned = detect_keypoints(np.ascontiguousarray(image[::-1, ::-1]), _everywhere(image), 1000)
    expected = np.array(image.shape[::-1]) - turned.xy
    distance, partner = cKDTree(expected).query(found.xy)
    offset = (found.xy - expected[partner])[distance < 1]
    assert len(offset) > 0.9 * len(found)
    assert np.abs(offset.mean(axis=0)).max() < 0.02  # px; OpenCV's default is off by half a pixel here


def test_position_of_a_dot_is_pixel_edge():
    y, x = np.mgrid[0:61, 0:61]
    image = (255 * np.exp(-((x - 30) ** 2 + (y - 24) ** 2) / 18)).astype(np.float32)
    found = detect_keypoints(image, _everywhere(image), 10)
    strongest = found.xy[found.response.argmax()]
    np.testing.assert_allclose(strongest, [30.5, 24.5], atol=0.05)


def test_no_keypoint_on_or_near_invalid_pixels():
    image = _blobs()
    valid = _everywhere(image)
    valid[:, :80] = False
    image[:, :80] = 0  # a hard edge that must give no keypoint
    found = detect_keypoints(image, valid, 1000)
    assert len(found) > 20
    assert (found.xy[:, 0] - 80 >= np.maximum(3.5, found.size_px - 1)).all()


def test_count_is_bounded_and_repeatable():
    image = _blobs()
    first, second = (detect_keypoints(image, _everywhere(image), 50) for _ in range(2))
    assert len(first) == 50
    np.testing.assert_array_equal(first.xy, second.xy)


@pytest.mark.parametrize("image", [np.full((50, 50), 90, np.float32), np.zeros((1, 40), np.float32)])
def test_flat_or_tiny_image_has_no_keypoints(image):
    found = detect_keypoints(image, _everywhere(image), 100)
    assert len(found) == 0
    assert describe_rootsift(image, found).values.shape == (0, 128)


def test_all_invalid_has_no_keypoints():
    image = _blobs()
    assert len(detect_keypoints(image, np.zeros(image.shape, bool), 100)) == 0


def test_octaves_are_those_of_opencv():
    image = _blobs()
    points = cv2.SIFT.create(contrastThreshold=0.01, enable_precise_upscale=True).detect(image.astype(np.uint8))
    packed = _packed_octaves(np.array([point.size for point in points]))
    assert packed == [point.octave & 0xFFFF for point in points]


def test_rootsift_equals_opencv_sift_at_its_own_keypoints():
    image = np.rint(_blobs())
    sift = cv2.SIFT.create(contrastThreshold=0.01, enable_precise_upscale=True)
    points, histograms = sift.detectAndCompute(image.astype(np.uint8), None)
    keypoints = Keypoints(
        np.array([p.pt for p in points]) + 0.5,
        [p.size for p in points],
        [p.angle for p in points],
        [p.response for p in points],
    )
    expected = np.sqrt(histograms / histograms.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(describe_rootsift(image, keypoints).values, expected, atol=1e-5)


def test_angle_turns_the_descriptor():
    image = _blobs(size=161)
    found = detect_keypoints(image, _everywhere(image), 200)
    inner = found.take(np.linalg.norm(found.xy - 80.5, axis=1) < 45)
    xy = inner.xy
    clockwise = np.ascontiguousarray(np.rot90(image, -1))  # (x, y) -> (H - y, x)
    moved = Keypoints(np.column_stack([161 - xy[:, 1], xy[:, 0]]), inner.size_px, inner.angle_deg, inner.response)
    upright = describe_rootsift(image, inner, np.zeros(len(inner)))
    turned = describe_rootsift(clockwise, moved, np.full(len(inner), 90.0))
    alike = (upright.values * turned.values).sum(axis=1)
    assert len(inner) > 20
    assert np.median(alike) > 0.97


def test_keypoints_at_half_the_size_lie_where_those_at_full_size_lie():
    image = np.zeros((301, 240), np.float32)
    y, x = np.mgrid[:301, :240] + 0.5
    places = np.array([[60.0, 50.0], [150.0, 80.0], [100.0, 200.0], [200.0, 270.0]])
    for place in places:
        image += 200 * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * 6.0**2)).astype(np.float32)
    valid = np.ones(image.shape, bool)
    found = detect_keypoints_halved(image, valid, 100)
    nearest = cKDTree(found.xy).query(places)[0]
    assert nearest.max() < 0.5
    valid[:, 120:] = False
    assert detect_keypoints_halved(image, valid, 100).xy[:, 0].max() < 118
    assert len(detect_keypoints_halved(image[:1, :1], valid[:1, :1], 100)) == 0
