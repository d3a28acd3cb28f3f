"""The classical chain: CLAHE, SIFT and RANSAC, then the enhanced correlation coefficient on Sobel magnitudes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ltcore.types import FloatArray

from .methods import Answer, nothing
from .opencv_peers import Grey, in_own_px, magsac, mutual_matches, read_greys, rootsift
from .pairs import Pair

_CLAHE = {"clipLimit": 3.0, "tileGridSize": (8, 8)}
_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-5)
_SMOOTHING_PX = 5
_HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV's frame to pixel-edge


class SiftEcc:
    """CLAHE, SIFT, MAGSAC++, ECC: affine, or projective where the truth is."""

    name = "CLAHE + SIFT + ECC"

    def __call__(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        """Returns its answer; none where SIFT finds nothing or ECC does not converge."""
        sensed, reference = (_equalised(image) for image in read_greys(pair))
        projective = pair.family == "projective"
        there, here = rootsift().detect(sensed), rootsift().detect(reference)
        indices = mutual_matches(there[1], here[1], cv2.NORM_L2)
        matrix, inliers = magsac(there[0][indices[:, 0]], here[0][indices[:, 1]], projective)
        if matrix is None:
            return nothing(f"{len(indices)} matches, {inliers} inliers")
        try:
            refined, correlation = _refined(sensed, reference, matrix, projective)
        except cv2.error:
            return nothing("ECC did not converge")
        model = "projective" if projective else "affine"
        facts = {"inliers": inliers, "ecc": round(correlation, 3)}
        return Answer(in_own_px(refined, sensed_xy, pair), "RETURNED", "", model, facts)


def _equalised(image: Grey) -> Grey:
    return Grey(cv2.createCLAHE(**_CLAHE).apply(image.values), image.mask)


def _refined(sensed: Grey, reference: Grey, matrix: FloatArray, projective: bool) -> tuple[FloatArray, float]:
    """Returns the matrix that maximises the correlation, and that."""
    start = np.linalg.inv(_HALF) @ np.linalg.inv(matrix) @ _HALF  # ECC wants reference px -> sensed px
    start = (start / start[2, 2]).astype(np.float32)
    motion = cv2.MOTION_HOMOGRAPHY if projective else cv2.MOTION_AFFINE
    correlation, found = cv2.findTransformECC(
        _sobel(reference),
        _sobel(sensed),
        start if projective else start[:2],
        motion,
        _CRITERIA,
        sensed.mask,
        _SMOOTHING_PX,
    )
    whole = found if projective else np.vstack([found, [0, 0, 1]])
    return _HALF @ np.linalg.inv(whole.astype(float)) @ np.linalg.inv(_HALF), float(correlation)


def _sobel(image: Grey) -> NDArray[np.float32]:
    values = image.values.astype(np.float32)
    magnitude = cv2.magnitude(cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1))
    return np.where(image.mask > 0, magnitude, 0).astype(np.float32)
