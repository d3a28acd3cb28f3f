"""OpenCV's descriptors see the window asked for, at every keypoint."""

import cv2
import numpy as np
import pytest

from benchmarks.descriptor.classical import BinaryMethod, RootSift, classical_methods
from ltcore.types import Keypoints

METHODS = classical_methods()


@pytest.fixture(scope="module")
def image():
    rough = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (256, 256)), (0, 0), 3)
    return (255 * (rough - rough.min()) / np.ptp(rough)).astype(np.float32)


def _at(*xy, size=8.0):
    count = len(xy)
    return Keypoints(np.array(xy, dtype=float), np.full(count, size), np.zeros(count), np.ones(count))


@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.name)
@pytest.mark.parametrize("window", [64, 128, 192])
def test_every_keypoint_is_described_by_a_unit_vector(method, window, image):
    described = method.describe_windows(image, _at((0.5, 0.5), (255.5, 255.5), (128, 128)), window)
    assert described.values.shape == (3, method.facts["descriptor_dim"])
    assert np.linalg.norm(described.values, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert len(np.unique(described.values, axis=0)) == 3


@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.name)
@pytest.mark.parametrize("window", [64, 128])
def test_what_lies_outside_the_window_does_not_count_and_its_rim_does(method, window, image):
    """Descriptors look at round or square windows and blur a little: between 1.6 and 0.6 half-widths it changes."""
    y, x = np.mgrid[:256, :256] + 0.5 - 128.0
    radius = np.hypot(x, y) / (window / 2)
    here = _at((128, 128))

    def change(limit):
        hidden = np.where(radius > limit, 255 - image, image)
        return 1 - float(
            method.describe_windows(image, here, window).values[0]
            @ method.describe_windows(hidden, here, window).values[0]
        )

    assert change(1.6) < 0.02
    assert change(0.6) > 0.02


@pytest.mark.parametrize("name", ["RootSIFT", "ORB"])
def test_orientation_turns_with_the_image(name, image):
    method = RootSift() if name == "RootSIFT" else BinaryMethod(name)
    turned = np.rot90(image, -1).copy()  # clockwise: (x, y) goes to (256 - y, x)
    before = method.describe(image, _at((100, 120)), np.zeros(1)).values[0]
    after = method.describe(turned, _at((136, 100)), np.array([90.0])).values[0]
    ignored = method.describe(turned, _at((136, 100)), np.zeros(1)).values[0]
    assert before @ after > 0.95
    assert before @ ignored < 0.9


def test_bits_rank_as_hamming_distance_does(image):
    keypoints = _at((60, 60), (128, 128), (200, 90))
    values = BinaryMethod("ORB").describe_windows(image, keypoints, 64).values
    bits = values > 0
    hamming = (bits[:, None] != bits[None]).sum(axis=2)
    assert 2 - 2 * (values @ values.T) == pytest.approx(4 * hamming / 256, abs=1e-5)


def test_akaze_is_left_out_where_the_rotation_is_unknown():
    assert {method.name for method in METHODS if "dual" not in method.modes} == {"AKAZE"}


@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.name)
def test_no_keypoints(method, image):
    nothing = Keypoints(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros(0))
    assert method.describe(image, nothing, np.zeros(0)).values.shape == (0, method.facts["descriptor_dim"])
