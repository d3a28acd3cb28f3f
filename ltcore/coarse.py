"""The coarse stage: matches on a pyramid level speak for transforms, and the images' structure judges them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Optional, Union

import numpy as np

from .config import RegistrationConfig, VerdictConfig
from .frame import Frame
from .geometry.robust import consensus, polish
from .geometry.transforms import EstimationFailure, Transform
from .hypotheses import similarity_hypotheses
from .looks import Look, Looks, Matched, looks_at
from .ltformer.describe import Describer
from .progress import Progress, SubProgress, checkpoint
from .structure import structure_score

_MIN_SCALE, _MAX_SCALE = 1 / 8, 8.0  # of a credible transform of the working grids
_MAX_STRETCH = 1.6  # ratio of its singular values
_STRICTER = 1.25  # limits of structure where more than one transform was tried
_HYPOTHESES = 3  # transforms of pairs of matches judged a look


@dataclass(frozen=True)
class CoarseFit:
    """A first transform and what speaks for it.

    Attributes:
        transform: sensed working px -> reference working px (full resolution), or why there is none.
        structure: score of ltcore.structure at the transform, 0 without one.
        factor: decimation of the pyramid level against the working grids.
        counts: "reference_keypoints", "sensed_keypoints", "matches", "coarse_inliers".
        limits: of the verdict on it: stricter where it is the best of many transforms.
    """

    transform: Union[Transform, EstimationFailure]
    structure: float
    factor: float
    counts: dict[str, int]
    limits: VerdictConfig

    @property
    def passes(self) -> bool:
        """Whether the images' structure agrees."""
        return self.structure >= self.limits.fail_structure


def stricter(limits: VerdictConfig) -> VerdictConfig:
    """Returns the limits where more transforms were tried than one."""
    fail, warn = limits.fail_structure * _STRICTER, limits.warn_structure * _STRICTER
    return replace(limits, fail_structure=fail, warn_structure=warn)


def coarse_fit(
    frame: Frame, describer: Describer, config: RegistrationConfig, limits: VerdictConfig, progress: Progress
) -> CoarseFit:
    """Returns the first transform between both scenes of a frame whose structure agrees, else the best one.

    With a prior, patches are upright and each keypoint looks for its partner within the largest offset;
    without, patches are turned as the descriptor's `orientation` says: by the keypoint's angle, the sensed ones also
    by 180 degrees more, since the orientation turns over where the contrast does. A descriptor that sees polarity gets
    that second look at the sensed image with its contrast reversed.

    Args:
        frame: the pair.
        describer: the descriptor.
        config: settings.
        limits: of the structure of the first transform; the best of many must agree by a quarter more than
            `config.verdict` says.
        progress: told of each look.
    """
    looks = Looks(frame, describer, config)
    tried = looks_at(looks.level, frame.one_pixel_size, config.features.max_keypoints)
    best: Optional[CoarseFit] = None
    for number, look in enumerate(tried):
        checkpoint(progress)
        share = SubProgress(progress, number / len(tried), (number + 1) / len(tried))
        found = _fit(looks, look, config, limits if number == 0 else stricter(config.verdict), share)
        if best is None or found.structure > best.structure:
            best = found
        if found.passes:
            break
    if best is None:
        raise AssertionError("every level is looked at as it is")
    return best


def _fit(looks: Looks, look: Look, config: RegistrationConfig, limits: VerdictConfig, progress: Progress) -> CoarseFit:
    """Returns the transform of the best structure that the matches of one look speak for."""
    matched = looks.match(look, SubProgress(progress, 0.0, 0.85))
    progress.report(0.85, "Looking for the transform the matches agree on")
    source, target, threshold = matched.sensed_xy, matched.reference_xy, config.fit.coarse_threshold_px
    agreed = consensus("affine", source, target, threshold, config.fit.seed)
    if isinstance(agreed, Transform):
        agreed, _ = polish("affine", source, target, agreed, threshold)
    best = _judged(looks, matched, agreed, threshold, limits)
    if best.passes:
        return best
    for start in similarity_hypotheses(source, target, matched.score, threshold, _HYPOTHESES):
        checkpoint(progress)
        found = _judged(looks, matched, start, threshold, stricter(config.verdict))
        best = found if found.structure > best.structure else best
    return best


def _judged(
    looks: Looks,
    matched: Matched,
    fitted: Union[Transform, EstimationFailure],
    threshold_px: float,
    limits: VerdictConfig,
) -> CoarseFit:
    """Returns a transform of the level as a fit with its structure, or why it is none."""
    fitted = _credible(fitted)
    if not isinstance(fitted, Transform):
        return CoarseFit(fitted, 0.0, looks.factor, {**matched.counts, "coarse_inliers": 0}, limits)
    level = looks.level
    residual = np.linalg.norm(fitted(matched.sensed_xy) - matched.reference_xy, axis=1)
    counts = {**matched.counts, "coarse_inliers": int((residual < threshold_px).sum())}
    structure = structure_score(level.reference, level.sensed, level.window, fitted)
    return CoarseFit(level.to_working(fitted), structure, looks.factor, counts, limits)


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
