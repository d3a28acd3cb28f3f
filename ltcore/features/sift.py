"""SIFT keypoints and the RootSIFT descriptor, by OpenCV.

OpenCV counts from the centre of the first pixel; everything that leaves or enters here is pixel-edge.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import Descriptors, FloatArray, Keypoints
from .keypoints import drop_near_duplicates, spread_evenly

_LAYERS = 3  # OpenCV's default number of layers an octave
_SIGMA = 1.6  # OpenCV's default blur of the first layer
_CONTRAST_THRESHOLD = 0.01  # a quarter of OpenCV's: flat scenes must give keypoints too
_SAME_SPOT_PX = 1.5  # nearer keypoints would be described by nearly the same window
_MASK_MARGIN_PX = 4.0  # least distance of a keypoint from invalid pixels


def detect_keypoints(image: NDArray[np.float32], valid: NDArray[np.bool_], max_keypoints: int) -> Keypoints:
    """Returns at most `max_keypoints` SIFT keypoints, evenly spread, one a spot; none in a flat image.

    Args:
        image: (H, W) grey levels 0 to 255.
        valid: (H, W); keypoints stay clear of the pixels where it is False.
        max_keypoints: largest number.
    """
    detector = _sift()
    found = detector.detect(_as_bytes(image), None if valid.all() else _clear_of_invalid(valid))
    keypoints = Keypoints(
        xy=np.array([point.pt for point in found], dtype=np.float64).reshape(-1, 2) + 0.5,
        size_px=np.array([point.size for point in found]),
        angle_deg=np.array([point.angle for point in found], dtype=np.float64) % 360,
        response=np.array([point.response for point in found]),
    )
    single = drop_near_duplicates(_far_from_invalid(keypoints, valid), _SAME_SPOT_PX)
    return spread_evenly(single, (image.shape[1], image.shape[0]), max_keypoints)


def detect_keypoints_halved(image: NDArray[np.float32], valid: NDArray[np.bool_], max_keypoints: int) -> Keypoints:
    """Returns the keypoints of `detect_keypoints` that the image at half its size has, in px of the image."""
    size = (image.shape[1] // 2, image.shape[0] // 2)
    if min(size) < 1:
        return detect_keypoints(image, valid, max_keypoints)
    even = np.s_[: 2 * size[1], : 2 * size[0]]
    small: NDArray[np.float32] = cv2.resize(image[even], size, interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = cv2.resize(valid[even].astype(np.float32), size, interpolation=cv2.INTER_AREA) == 1
    found = detect_keypoints(small, seen, max_keypoints)
    return Keypoints(2 * found.xy, 2 * found.size_px, found.angle_deg, found.response)


def describe_rootsift(
    image: NDArray[np.float32], keypoints: Keypoints, angles_deg: FloatArray | None = None
) -> Descriptors:
    """Returns the (N, 128) RootSIFT descriptors (square root of the L1-normalised SIFT histogram).

    Args:
        image: (H, W) grey levels 0 to 255.
        keypoints: N keypoints; their size says at which blur they are described. N = 0 gives (0, 128).
        angles_deg: (N,) orientations instead of the keypoints' own.
    """
    if len(keypoints) == 0:
        return Descriptors(np.zeros((0, 128), np.float32), "rootsift")
    angles = keypoints.angle_deg if angles_deg is None else np.asarray(angles_deg)
    points = [
        cv2.KeyPoint(float(x), float(y), float(size), float(angle) % 360.0, 0.0, octave)
        for (x, y), size, angle, octave in zip(
            keypoints.xy - 0.5, keypoints.size_px, angles, _packed_octaves(keypoints.size_px)
        )
    ]
    described, histograms = _sift().compute(_as_bytes(image), points)
    if len(described) != len(keypoints):
        raise RuntimeError(f"SIFT described {len(described)} of {len(keypoints)} keypoints")
    total = histograms.sum(axis=1, keepdims=True)
    flat = total <= 0  # no gradient at all: a constant descriptor instead of a division by zero
    rooted = np.sqrt(np.where(flat, 1.0 / histograms.shape[1], histograms / np.where(flat, 1.0, total)))
    return Descriptors(rooted / np.linalg.norm(rooted, axis=1, keepdims=True), "rootsift")


def _sift() -> cv2.SIFT:
    """Returns OpenCV's SIFT with unbiased positions (its default is off by a quarter of a pixel)."""
    sift: cv2.SIFT = cv2.SIFT.create(contrastThreshold=_CONTRAST_THRESHOLD, enable_precise_upscale=True)
    return sift


def _as_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _clear_of_invalid(valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(_distance_to_invalid(valid) > _MASK_MARGIN_PX, 255, 0).astype(np.uint8)


def _distance_to_invalid(valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform(valid.astype(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)


def _far_from_invalid(keypoints: Keypoints, valid: NDArray[np.bool_]) -> Keypoints:
    """Returns the keypoints farther from invalid pixels than their size: nodata rims are no features."""
    if len(keypoints) == 0 or valid.all():
        return keypoints
    distance = _distance_to_invalid(valid)
    column, row = np.floor(keypoints.xy).astype(np.intp).T
    column, row = np.clip(column, 0, valid.shape[1] - 1), np.clip(row, 0, valid.shape[0] - 1)
    return keypoints.take(distance[row, column] > np.maximum(_MASK_MARGIN_PX, keypoints.size_px))


def _packed_octaves(size_px: FloatArray) -> list[int]:
    """Returns OpenCV's `octave` (low byte: octave, next byte: layer) of each size.

    A keypoint of octave o >= -1 and layer l in 1..3 has the size sigma * 2 ** (o + 1 + l / 3), l being rounded.
    """
    step = np.rint(_LAYERS * np.log2(np.maximum(size_px, 1e-3) / _SIGMA)).astype(np.int64)
    step = np.maximum(step, 1)  # the finest layer there is
    octave = (step - 1) // _LAYERS - 1
    layer = step - (octave + 1) * _LAYERS
    return [int(packed) for packed in (octave & 255) | (layer << 8)]
