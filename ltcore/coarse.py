"""The coarse stage: keypoints, descriptors and matches on a pyramid level give a first transform."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Union

import numpy as np

from .config import RegistrationConfig
from .features.sift import detect_keypoints
from .frame import Frame, Scene
from .geometry.robust import consensus, polish
from .geometry.transforms import EstimationFailure, Transform
from .levels import at_level, coarse_factor
from .ltformer.describe import Describer
from .matching.nearest import Gate, match_mutual_nearest
from .progress import Progress, SubProgress, checkpoint
from .raster.read import MaskedImage, Window
from .structure import structure_score
from .types import Descriptors, FloatArray, Keypoints, Matches

_MIN_SCALE, _MAX_SCALE = 1 / 8, 8.0  # of a credible transform of the working grids
_MAX_STRETCH = 1.6  # ratio of its singular values


@dataclass(frozen=True)
class CoarseFit:
    """A first transform and what speaks for it.

    Attributes:
        transform: sensed working px -> reference working px (full resolution), or why there is none.
        structure: score of ltcore.structure at the transform, 0 without one.
        factor: decimation of the pyramid level against the working grids.
        counts: "reference_keypoints", "sensed_keypoints", "matches", "coarse_inliers".
    """

    transform: Union[Transform, EstimationFailure]
    structure: float
    factor: float
    counts: dict[str, int]


@dataclass(frozen=True)
class _Features:
    image: MaskedImage
    keypoints: Keypoints
    origin: FloatArray  # (2,) of the image in px of the level


def coarse_fit(frame: Frame, describer: Describer, config: RegistrationConfig, progress: Progress) -> CoarseFit:
    """Returns the first transform between both scenes of a frame.

    With a prior, patches are upright and each keypoint looks for its partner within the largest offset;
    without, patches are turned as the descriptor's `orientation` says: by the keypoint's angle, the sensed ones also
    by 180 degrees more, since the orientation turns over where the contrast does. A descriptor that sees polarity gets
    that second look at the sensed image with its contrast reversed.
    """
    factor = coarse_factor(frame)
    level = at_level(frame, Transform("affine", np.eye(3)), factor)
    sensed_window = level.window if frame.has_prior else level.sensed.view.full_window
    progress.report(0.0, "Detecting keypoints")
    count = config.features.max_keypoints
    features = [_detect(level.reference, level.window, count), _detect(level.sensed, sensed_window, count)]
    checkpoint(progress)
    gate_px = None if frame.max_offset_px is None else frame.max_offset_px / factor
    described = SubProgress(progress, 0.1, 0.85)
    matches = _match(features, describer, gate_px, config, described)
    progress.report(0.85, "Looking for the transform the matches agree on")
    to_reference = features[0].keypoints.xy[matches.index[:, 0]] + features[0].origin
    to_sensed = features[1].keypoints.xy[matches.index[:, 1]] + features[1].origin
    threshold = config.fit.coarse_threshold_px
    start = consensus("affine", to_sensed, to_reference, threshold, config.fit.seed)
    counts = {
        "reference_keypoints": len(features[0].keypoints),
        "sensed_keypoints": len(features[1].keypoints),
        "matches": len(matches),
        "coarse_inliers": 0,
    }
    if not isinstance(start, Transform):
        return CoarseFit(start, 0.0, factor, counts)
    fitted, inliers = polish("affine", to_sensed, to_reference, start, threshold)
    counts["coarse_inliers"] = int(inliers.sum())
    fitted = _credible(fitted)
    if not isinstance(fitted, Transform):
        return CoarseFit(fitted, 0.0, factor, counts)
    structure = structure_score(level.reference, level.sensed, level.window, fitted)
    return CoarseFit(level.to_working(fitted), structure, factor, counts)


def _detect(scene: Scene, window: Window, count: int) -> _Features:
    image = scene.read(window)
    keypoints = detect_keypoints(image.values, image.valid, count)
    return _Features(image, keypoints, np.array([window.x, window.y], dtype=np.float64))


def _match(
    features: list[_Features],
    describer: Describer,
    gate_px: Optional[float],
    config: RegistrationConfig,
    progress: Progress,
) -> Matches:
    reference, sensed = features
    orientation = "upright" if gate_px is not None else describer.orientation
    jobs: list[tuple[_Features, FloatArray]] = [
        (part, np.zeros(len(part.keypoints)) if orientation == "upright" else part.keypoints.angle_deg)
        for part in features
    ]
    if describer.sees_polarity or orientation == "sift_dual":
        alternative = _reversed(sensed) if describer.sees_polarity else sensed
        turned = (sensed.keypoints.angle_deg + 180.0) % 360.0 if orientation == "sift_dual" else jobs[1][1]
        jobs.append((alternative, turned))
    described: list[Descriptors] = []
    for number, (part, angles) in enumerate(jobs):
        share = SubProgress(progress, number / len(jobs), (number + 1) / len(jobs))
        share.report(0.0, f"Describing {len(part.keypoints)} keypoints ({describer.name}, {describer.device})")
        described.append(describer.describe(part.image.values, part.keypoints, angles, share))
    gate = None
    if gate_px is not None:
        gate = Gate(reference.keypoints.xy, sensed.keypoints.xy, gate_px)
    alternatives = described[2] if len(described) > 2 else None
    return match_mutual_nearest(described[0], described[1], config.match.max_ratio, gate, alternatives)


def _reversed(features: _Features) -> _Features:
    """Returns the same keypoints on the image with its contrast reversed."""
    image = MaskedImage(255 - features.image.values, features.image.valid)
    return _Features(image, features.keypoints, features.origin)


def _credible(fit: Union[Transform, EstimationFailure]) -> Union[Transform, EstimationFailure]:
    """Returns the fit, or a failure where no camera could have made it: mirrored, flattened or far off in scale."""
    if not isinstance(fit, Transform):
        return fit
    linear = fit.matrix[:2, :2]
    large, small = np.linalg.svd(linear, compute_uv=False)
    if np.linalg.det(linear) <= 0:
        return EstimationFailure("the only transform found mirrors the image")
    if large / small > _MAX_STRETCH:
        return EstimationFailure(f"the only transform found stretches the image {large / small:.1f} times")
    scale = math.sqrt(large * small)
    if not _MIN_SCALE <= scale <= _MAX_SCALE:
        return EstimationFailure(f"the only transform found scales the image {scale:.3g} times")
    return fit
