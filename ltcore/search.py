"""The search for the coarse transform: the whole overlap correlated, one descriptor after the other, then farther than
the georeference says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Callable, Optional

import numpy as np

from .coarse import CoarseFit, coarse_fit, stricter
from .config import DescriptorName, FeatureConfig, RegistrationConfig, VerdictConfig
from .correlation import correlated_fit
from .frame import Frame, Search
from .geometry.transforms import Transform, apply_matrix
from .levels import at_level
from .ltformer.describe import Describer, not_needed
from .progress import Progress, SubProgress
from .structure import structure_score

# Each descriptor is tried until the images' structure agrees: RootSIFT is a cheap second opinion.
_ATTEMPTS: dict[DescriptorName, tuple[DescriptorName, ...]] = {
    "ltformer": ("ltformer", "rootsift"),
    "rootsift": ("rootsift",),
}
_SHARES: dict[Search, tuple[float, float]] = {"given": (0.0, 0.4), "wider": (0.4, 0.7), "free": (0.7, 1.0)}
_SAME_PLACE_PX = 6.0  # of the coarse level: as far apart two transforms may be and still mean the same
CORRELATION = "correlation"

DescriberFor = Callable[[FeatureConfig], Describer]


@dataclass(frozen=True)
class Found:
    """What the search ended with.

    Attributes:
        frame: the pair as it was searched last.
        coarse: the best transform found in it.
        describer: the descriptor asked for, or the one that found the transform.
        found_by: name of that descriptor, or "correlation".
    """

    frame: Frame
    coarse: CoarseFit
    describer: Describer
    found_by: str

    def noted(self, note: str) -> Found:
        """Returns this with a sentence more to be read beside the verdict."""
        return replace(self, frame=replace(self.frame, notes=(*self.frame.notes, note)))


def find_coarse(
    frame: Frame,
    frame_for: Callable[[Search], Frame],
    config: RegistrationConfig,
    describer_for: DescriberFor,
    progress: Progress,
) -> Found:
    """Returns the first coarse fit whose structure passes, else the best one near where the georeference says.

    Where nothing within the largest offset passes, the georeference may be wrong: the overlap is correlated four times
    as far, then matched without regard to position and rotation. Three searches test more hypotheses than one, so what
    the wider ones find must agree by a quarter more, and at no other offset that they admit.

    Args:
        frame: the pair, as far as the largest offset.
        frame_for: makes the frame of a wider search.
        config: settings.
        describer_for: makes the describer of a descriptor.
        progress: told of each search.
    """
    strict = stricter(config.verdict)
    first = _search(frame, config, describer_for, _share(progress, "given"))
    if not frame.has_prior or first.coarse.passes:
        return first
    for search in _worth_searching(frame):
        share, farther = _share(progress, search), frame_for(search)
        if search == "free":
            found = _described(farther, config, strict, describer_for, share)
        else:
            found = _correlated(farther, config, strict, describer_for, share)
        if found.coarse.passes and _is_unique(found):
            return found.noted(_off_by(frame, found))
    return first


def _search(frame: Frame, config: RegistrationConfig, describer_for: DescriberFor, progress: Progress) -> Found:
    """Returns what correlation finds where it is sure, else the better of that and what the descriptors find."""
    if not frame.has_prior:
        return _described(frame, config, config.verdict, describer_for, progress)
    correlated = _correlated(frame, config, config.verdict, describer_for, progress)
    if correlated.coarse.structure >= config.verdict.warn_structure:
        return correlated
    described = _described(frame, config, config.verdict, describer_for, progress)
    if not correlated.coarse.passes:
        return described
    if not described.coarse.passes:
        return correlated
    return _better(correlated, described)


def _correlated(
    frame: Frame, config: RegistrationConfig, limits: VerdictConfig, describer_for: DescriberFor, progress: Progress
) -> Found:
    """Returns the shift of a frame with a prior."""
    progress.report(0.0, "Correlating the overlap")
    # What was asked for and is not there must not be missed, though it is not needed.
    describer = not_needed(config.features) or describer_for(config.features)
    return Found(frame, correlated_fit(frame, limits), describer, CORRELATION)


def _better(one: Found, other: Found) -> Found:
    """Returns the one of two trusted transforms whose structure is better; says so where they differ."""
    better, worse = sorted((one, other), key=lambda found: -found.coarse.structure)
    apart_px = _apart_px(one, other)
    if apart_px <= _SAME_PLACE_PX * better.coarse.factor:
        return better
    scores = f"{better.coarse.structure:.1f} against {worse.coarse.structure:.1f}"
    return better.noted(
        f"What {one.found_by} and {other.found_by} found lies {apart_px:.0f} px apart; the structure of the images "
        f"speaks for {better.found_by} (score {scores})."
    )


def _apart_px(one: Found, other: Found) -> float:
    """Returns how far apart two transforms place the middle of the overlap, reference working px."""
    overlap = one.frame.overlap
    middle = np.array([[overlap.x + overlap.width / 2, overlap.y + overlap.height / 2]])
    first, second = one.coarse.transform, other.coarse.transform
    if not (isinstance(first, Transform) and isinstance(second, Transform)):
        raise ValueError("only transforms can be compared")
    return float(np.linalg.norm(second(first.inverse()(middle)) - middle))


def _described(
    frame: Frame, config: RegistrationConfig, limits: VerdictConfig, describer_for: DescriberFor, progress: Progress
) -> Found:
    """Returns the first coarse fit of a descriptor whose structure passes, else the one of the best structure."""
    attempts = _ATTEMPTS[config.features.descriptor]
    best: Optional[Found] = None
    for number, name in enumerate(attempts):
        share = SubProgress(progress, number / len(attempts), (number + 1) / len(attempts))
        describer = describer_for(replace(config.features, descriptor=name))
        coarse = coarse_fit(frame, describer, config, limits, share)
        if best is None or coarse.structure > best.coarse.structure:
            best = Found(frame, coarse, describer, describer.name)
        if coarse.passes:
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
    """Returns whether the images agree at the transform and at no other offset in the overlap."""
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
    offset = float(np.median(np.linalg.norm(transform(working) - said, axis=1))) / first.finer
    limit = first.max_offset_px / first.finer
    if offset > limit:
        return f"The georeference was off by about {offset:.0f} px, more than the largest offset of {limit:.0f} px."
    linear = transform.matrix[:2, :2]
    turn = float(np.degrees(np.arctan2(linear[1, 0], linear[0, 0])))
    scale = float(np.sqrt(np.linalg.det(linear)))
    return (
        f"The georeference was wrong by more than an offset: the sensed raster was found turned by {turn:.1f} degrees, "
        f"scaled by {scale:.3f} and {offset:.0f} px away."
    )
