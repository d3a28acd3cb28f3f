"""Peers of OpenCV alone: keypoints and descriptors, mutual nearest neighbours with a ratio test, MAGSAC++."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional

import cv2
import numpy as np
from numpy.typing import NDArray
from osgeo import gdal

from ltcore.geometry.transforms import apply_matrix
from ltcore.types import FloatArray

from .methods import Answer, nothing
from .pairs import Pair

_KEYPOINTS = 4000
_RATIO = 0.9
_THRESHOLD_PX = 3.0
_MIN_INLIERS = 6
_MASK_MARGIN_PX = 8
_PERCENTILES = (1, 99)


@dataclass(frozen=True)
class Grey:
    """An 8-bit image, 0 where there is no data, and a mask (255 where keypoints may lie)."""

    values: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def read_greys(pair: Pair) -> tuple[Grey, Grey]:
    """Returns sensed and reference image, the finer one reduced to the pixel size of the other where that is known."""
    sensed, reference = (
        _reduced(read_grey(path), factor) for path, factor in zip((pair.sensed, pair.reference), pair.reductions)
    )
    return sensed, reference


def _reduced(image: Grey, factor: float) -> Grey:
    if factor == 1:
        return image
    height, width = image.values.shape
    size = (round(width / factor), round(height / factor))
    values, mask = (cv2.resize(band, size, interpolation=cv2.INTER_AREA) for band in (image.values, image.mask))
    return Grey(values, (mask == 255).astype(np.uint8) * 255)


def read_grey(path: Any) -> Grey:
    """Returns the first band of a raster between its 1st and 99th percentile."""
    dataset = gdal.Open(str(path))  # kept: a band does not outlive its dataset
    band = dataset.GetRasterBand(1)
    values, nodata = band.ReadAsArray().astype(np.float32), band.GetNoDataValue()
    valid = np.isfinite(values) if nodata is None else values != nodata
    low, high = np.percentile(values[valid], _PERCENTILES)
    grey = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
    kernel = np.ones((2 * _MASK_MARGIN_PX + 1,) * 2, np.uint8)
    mask = cv2.erode(valid.astype(np.uint8) * 255, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=255)
    return Grey(np.where(valid, grey, 0).astype(np.uint8), mask)


@dataclass(frozen=True)
class FeaturePeer:
    """A detector and descriptor of OpenCV.

    Attributes:
        name: as in tables.
        make: makes the detector.
        norm: distance of its descriptors.
        root: whether descriptors are brought to the Hellinger distance (RootSIFT).
    """

    name: str
    make: Callable[[], Any]
    norm: int
    root: bool = False

    def __call__(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        """Returns its answer; affine, projective where the truth is."""
        found = [self.detect(image) for image in read_greys(pair)]
        if min(len(xy) for xy, _ in found) < _MIN_INLIERS:
            return nothing("too few keypoints")
        indices = mutual_matches(found[0][1], found[1][1], self.norm)
        return magsac_answer(found[0][0][indices[:, 0]], found[1][0][indices[:, 1]], sensed_xy, pair)

    def detect(self, image: Grey) -> tuple[FloatArray, NDArray[Any]]:
        """Returns (N, 2) pixel-edge keypoints and their (N, D) descriptors, the strongest 4000."""
        keypoints = sorted(self.make().detect(image.values, image.mask), key=lambda point: -point.response)
        keypoints, descriptors = self.make().compute(image.values, keypoints[:_KEYPOINTS])
        if not keypoints:
            return np.zeros((0, 2)), np.zeros((0, 1), np.float32)
        if self.root:
            descriptors = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-7))
        return np.array([point.pt for point in keypoints], float) + 0.5, descriptors


def mutual_matches(sensed: NDArray[Any], reference: NDArray[Any], norm: int) -> NDArray[np.int64]:
    """Returns (K, 2) indices of mutual nearest neighbours that pass the ratio test."""
    matcher = cv2.BFMatcher(norm)
    there = matcher.knnMatch(sensed, reference, 2)
    back = {match.queryIdx: match.trainIdx for match in matcher.match(reference, sensed)}
    kept = [
        (best.queryIdx, best.trainIdx)
        for best, second in (nearest for nearest in there if len(nearest) == 2)
        if best.distance < _RATIO * second.distance and back[best.trainIdx] == best.queryIdx
    ]
    return np.array(kept, np.int64).reshape(-1, 2)


def magsac_answer(source: FloatArray, target: FloatArray, sensed_xy: FloatArray, pair: Pair) -> Answer:
    """Returns the answer of the transform that MAGSAC++ finds between (K, 2) matches in px of `read_greys`."""
    projective = pair.family == "projective"
    matrix, inliers = magsac(source, target, projective)
    if matrix is None:
        return nothing(f"{len(source)} matches, {inliers} inliers")
    model = "projective" if projective else "affine"
    reference_xy = in_own_px(matrix, sensed_xy, pair)
    return Answer(reference_xy, "RETURNED", "", model, {"matches": len(source), "inliers": inliers})


def in_own_px(matrix: FloatArray, sensed_xy: FloatArray, pair: Pair) -> FloatArray:
    """Returns the reference px of sensed px through a (3, 3) matrix between the images of `read_greys`."""
    sensed_factor, reference_factor = pair.reductions
    moved: FloatArray = apply_matrix(matrix, sensed_xy / sensed_factor) * reference_factor
    return moved


def magsac(source: FloatArray, target: FloatArray, projective: bool) -> tuple[Optional[FloatArray], int]:
    """Returns the (3, 3) matrix source -> target, None with fewer than 6 inliers, and the number of inliers."""
    if len(source) < _MIN_INLIERS:
        return None, 0
    find = cv2.findHomography if projective else cv2.estimateAffine2D
    options = {"maxIters": 10_000, "confidence": 0.999}
    matrix, mask = find(source, target, method=cv2.USAC_MAGSAC, ransacReprojThreshold=_THRESHOLD_PX, **options)
    inliers = 0 if mask is None else int(mask.sum())
    if matrix is None or inliers < _MIN_INLIERS:
        return None, inliers
    return matrix if projective else np.vstack([matrix, [0, 0, 1]]), inliers


def rootsift() -> FeaturePeer:
    """Returns RootSIFT with MAGSAC++."""

    def make() -> Any:
        return cv2.SIFT_create(_KEYPOINTS, contrastThreshold=0.01, enable_precise_upscale=True)

    return FeaturePeer("RootSIFT + MAGSAC", make, cv2.NORM_L2, root=True)


def feature_peers() -> list[FeaturePeer]:
    """Returns the peers of OpenCV that rest on keypoints."""
    return [
        rootsift(),
        FeaturePeer("ORB + MAGSAC", lambda: cv2.ORB_create(_KEYPOINTS, fastThreshold=5), cv2.NORM_HAMMING),
        FeaturePeer("AKAZE + MAGSAC", lambda: cv2.AKAZE_create(threshold=1e-4), cv2.NORM_HAMMING),
        FeaturePeer("BRISK + MAGSAC", lambda: cv2.BRISK_create(thresh=10), cv2.NORM_HAMMING),
    ]
