"""The search for the coarse transform: one descriptor after the other, then farther than the georeference says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Callable, Optional

import numpy as np

from .coarse import CoarseFit, coarse_fit
from .config import DescriptorName, FeatureConfig, RegistrationConfig, VerdictConfig
from .frame import Frame, Search
from .geometry.transforms import Transform, apply_matrix
from .levels import at_level
from .ltformer.describe import Describer
from .progress import Progress, SubProgress
from .structure import structure_score

# Each descriptor is tried until the images' structure agrees: RootSIFT is a cheap second opinion.
_ATTEMPTS: dict[DescriptorName, tuple[DescriptorName, ...]] = {
    "ltformer": ("ltformer", "rootsift"),
    "rootsift": ("rootsift",),
}
_STRICTER = 1.25  # limits of structure where more hypotheses were tested than the georeference allows
_SHARES: dict[Search, tuple[float, float]] = {"given": (0.0, 0.4), "wider": (0.4, 0.7), "free": (0.7, 1.0)}

DescriberFor = Callable[[FeatureConfig], Describer]


@dataclass(frozen=True)
class Found:
    """What the search ended with.

    Attributes:
        frame: the pair as it was searched last.
        coarse: the best transform found in it.
        describer: the descriptor that found it.
        limits: limits of the verdict, stricter where the search was widened.
    """

    frame: Frame
    coarse: CoarseFit
    describer: Describer
    limits: VerdictConfig


def find_coarse(
    frame: Frame,
    frame_for: Callable[[Search], Frame],
    config: RegistrationConfig,
    describer_for: DescriberFor,
    progress: Progress,
) -> Found:
    """Returns the first coarse fit whose structure passes, else the best one near where the georeference says.

    Where nothing within the largest offset passes, the georeference may be wrong: four times that is searched, then
    the overlap without regard to position and rotation. Three searches test more hypotheses than one, so what the
    wider ones find must agree by a quarter more, and better than at every other offset that they admit.

    Args:
        frame: the pair, as far as the largest offset.
        frame_for: makes the frame of a wider search.
        config: settings.
        describer_for: makes the describer of a descriptor.
        progress: told of each search.
    """
    first = _attempts(frame, config, config.verdict, describer_for, _share(progress, "given"))
    if not frame.has_prior or first.coarse.structure >= config.verdict.fail_structure:
        return first
    strict = stricter(config.verdict)
    for search in _worth_searching(frame):
        found = _attempts(frame_for(search), config, strict, describer_for, _share(progress, search))
        if found.coarse.structure >= strict.fail_structure and _is_unique(found):
            note = _off_by(frame, found)
            return replace(found, frame=replace(found.frame, notes=(*found.frame.notes, note)))
    return first


def stricter(limits: VerdictConfig) -> VerdictConfig:
    """Returns the limits for what was found farther away than the georeference allows."""
    return replace(
        limits,
        fail_structure=limits.fail_structure * _STRICTER,
        warn_structure=limits.warn_structure * _STRICTER,
    )


def _attempts(
    frame: Frame,
    config: RegistrationConfig,
    limits: VerdictConfig,
    describer_for: DescriberFor,
    progress: Progress,
) -> Found:
    """Returns the first coarse fit whose structure passes, else the one of the best structure."""
    attempts = _ATTEMPTS[config.features.descriptor]
    best: Optional[Found] = None
    for number, name in enumerate(attempts):
        share = SubProgress(progress, number / len(attempts), (number + 1) / len(attempts))
        describer = describer_for(replace(config.features, descriptor=name))
        coarse = coarse_fit(frame, describer, config, share)
        if best is None or coarse.structure > best.coarse.structure:
            best = Found(frame, coarse, describer, limits)
        if coarse.structure >= limits.fail_structure:
            break
    if best is None:
        raise AssertionError("every descriptor has at least one attempt")
    return best


def _worth_searching(frame: Frame) -> Iterator[Search]:
    """Yields the searches that reach farther than the first did."""
    if frame.max_offset_px is not None and frame.max_offset_px < max(frame.overlap.width, frame.overlap.height):
        yield "wider"
    yield "free"


def _share(progress: Progress, search: Search) -> SubProgress:
    return SubProgress(progress, *_SHARES[search])


def _is_unique(found: Found) -> bool:
    """Returns whether the images agree better at the transform than at every other offset in the overlap."""
    transform = found.coarse.transform
    if not isinstance(transform, Transform):
        return False
    level = at_level(found.frame, transform, found.coarse.factor)
    reach = max(level.window.width, level.window.height) // 2
    return structure_score(level.reference, level.sensed, level.window, level.transform, reach) > 0


def _off_by(first: Frame, found: Found) -> str:
    """Returns how far off the georeference was, in words."""
    transform, view = found.coarse.transform, found.frame.sensed.view
    if first.max_offset_px is None or not isinstance(transform, Transform):
        raise ValueError("only a transform that was found against a georeference can differ from it")
    x, y = np.meshgrid(np.linspace(0, view.width, 5), np.linspace(0, view.height, 5))
    working = np.column_stack([x.ravel(), y.ravel()])
    said = first.reference.view.from_source(apply_matrix(first.prior, view.to_source(working)))
    offset = float(np.median(np.linalg.norm(transform(working) - said, axis=1)))
    limit = first.max_offset_px
    if offset > limit:
        return f"The georeference was off by about {offset:.0f} px, more than the largest offset of {limit:.0f} px."
    linear = transform.matrix[:2, :2]
    turn = float(np.degrees(np.arctan2(linear[1, 0], linear[0, 0])))
    scale = float(np.sqrt(np.linalg.det(linear)))
    return (
        f"The georeference was wrong by more than an offset: the sensed raster was found turned by {turn:.1f} degrees, "
        f"scaled by {scale:.3f} and {offset:.0f} px away."
    )
