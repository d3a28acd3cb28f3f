"""Looks at both images of a pair: keypoints, descriptors and matches at any size of the images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .config import RegistrationConfig
from .features.sift import detect_keypoints
from .frame import Frame, Scene
from .geometry.transforms import Transform
from .levels import COARSE_SIDE_PX, Level, at_level, coarse_factor
from .ltformer.describe import Describer
from .matching.nearest import Gate, match_mutual_nearest
from .progress import Progress, SubProgress
from .raster.read import MaskedImage, Window
from .stopwatch import stage
from .types import Descriptors, FloatArray, Keypoints

_FEW_KEYPOINTS = 600  # of the first look: enough for most pairs, and describing is nine tenths of the time
_MIN_SIDE_PX = 64  # of a scene made smaller
# Px of the level a px of the reference and of the sensed image, after (1, 1) those that help most often.
_ZOOMS = ((1.0, 0.5), (0.5, 1.0), (0.5, 0.5), (2.0, 1.0), (1.0, 2.0), (2.0, 0.5), (0.5, 2.0))
_ZOOMS_OF_ONE_SIZE = ((0.5, 0.5),)


@dataclass(frozen=True)
class Look:
    """How a pair is looked at: px of the level a px of each image, and the most keypoints of each."""

    reference: float
    sensed: float
    keypoints: int


@dataclass(frozen=True)
class Matched:
    """What a look found.

    Attributes:
        sensed_xy: (N, 2) matches, px of the level.
        reference_xy: (N, 2) the same in the reference.
        score: (N,) larger is surer.
        counts: "reference_keypoints", "sensed_keypoints", "matches".
    """

    sensed_xy: FloatArray
    reference_xy: FloatArray
    score: FloatArray
    counts: dict[str, int]


@dataclass(frozen=True)
class _Features:
    image: MaskedImage
    keypoints: Keypoints
    origin: FloatArray  # (2,) of the image in px of its scene
    scale: FloatArray  # (2,) px of the level a px of the scene

    @property
    def level_xy(self) -> FloatArray:
        """(N, 2) keypoints in px of the level."""
        return (self.keypoints.xy + self.origin) * self.scale


def looks_at(level: Level, one_pixel_size: bool, keypoints: int) -> list[Look]:
    """Returns the looks worth trying at a level, the cheapest first.

    A small image has few keypoints at its own size, and pixel sizes that differ by more than a factor of 2 match only
    where that is made up for. No image is made larger than the coarse stage's largest, nor so small that no keypoints
    are left.

    Args:
        level: the pair.
        one_pixel_size: whether the pixels of both images are known to be of one size.
        keypoints: most keypoints an image.
    """
    sides = [(level.window.width, level.window.height), (level.sensed.view.width, level.sensed.view.height)]
    zooms = [
        zoom
        for zoom in (_ZOOMS_OF_ONE_SIZE if one_pixel_size else _ZOOMS)
        if all(max(side) / z <= COARSE_SIDE_PX and min(side) / z >= _MIN_SIDE_PX for side, z in zip(sides, zoom))
    ]
    first = [Look(1.0, 1.0, count) for count in sorted({min(_FEW_KEYPOINTS, keypoints), keypoints})]
    return [*first, *(Look(reference, sensed, keypoints) for reference, sensed in zooms)]


class Looks:
    """Both scenes of a frame at the coarse level; keypoints and descriptors are made when first asked for."""

    def __init__(self, frame: Frame, describer: Describer, config: RegistrationConfig) -> None:
        self.factor = coarse_factor(frame)
        self.level = at_level(frame, Transform("affine", np.eye(3)), self.factor)
        self._gate_px = None if frame.max_offset_px is None else frame.max_offset_px / self.factor
        self._describer, self._max_ratio = describer, config.match.max_ratio
        sensed_window = self.level.window if frame.has_prior else self.level.sensed.view.full_window
        self._scenes = {
            "reference": (self.level.reference, self.level.window),
            "sensed": (self.level.sensed, sensed_window),
        }
        self._features: dict[tuple[str, float, int], _Features] = {}
        self._described: dict[tuple[str, float, int], list[Descriptors]] = {}

    def match(self, look: Look, progress: Progress) -> Matched:
        """Returns the mutual nearest neighbours of both scenes."""
        progress.report(0.0, "Detecting keypoints")
        keys = ("reference", look.reference, look.keypoints), ("sensed", look.sensed, look.keypoints)
        reference, sensed = (self._detected(key) for key in keys)
        described = self._describe(keys[0], SubProgress(progress, 0.1, 0.4))
        others = self._describe(keys[1], SubProgress(progress, 0.4, 1.0))
        gate = None if self._gate_px is None else Gate(reference.level_xy, sensed.level_xy, self._gate_px)
        alternatives = others[1] if len(others) > 1 else None
        with stage("match"):
            matches = match_mutual_nearest(described[0], others[0], self._max_ratio, gate, alternatives)
        counts = {
            "reference_keypoints": len(reference.keypoints),
            "sensed_keypoints": len(sensed.keypoints),
            "matches": len(matches),
        }
        to_reference, to_sensed = reference.level_xy[matches.index[:, 0]], sensed.level_xy[matches.index[:, 1]]
        return Matched(to_sensed, to_reference, matches.score, counts)

    def _detected(self, key: tuple[str, float, int]) -> _Features:
        """Returns at most so many keypoints of the "reference" or the "sensed" scene at a zoom."""
        if key not in self._features:
            role, zoom, count = key
            self._features[key] = _detect(*self._scenes[role], zoom, count)
        return self._features[key]

    def _describe(self, key: tuple[str, float, int], progress: Progress) -> list[Descriptors]:
        """Returns the descriptors of keypoints, of the sensed scene perhaps those of a second look, too."""
        if key in self._described:
            return self._described[key]
        features, describer = self._detected(key), self._describer
        orientation = "upright" if self._gate_px is not None else describer.orientation
        angles = np.zeros(len(features.keypoints)) if orientation == "upright" else features.keypoints.angle_deg
        jobs: list[tuple[_Features, FloatArray]] = [(features, angles)]
        if key[0] == "sensed" and (describer.sees_polarity or orientation == "sift_dual"):
            turned = (features.keypoints.angle_deg + 180.0) % 360.0 if orientation == "sift_dual" else angles
            jobs.append((_reversed(features) if describer.sees_polarity else features, turned))
        described: list[Descriptors] = []
        for number, (part, turn) in enumerate(jobs):
            share = SubProgress(progress, number / len(jobs), (number + 1) / len(jobs))
            share.report(0.0, f"Describing {len(part.keypoints)} keypoints ({describer.name}, {describer.device})")
            with stage("describe"):
                described.append(describer.describe(part.image.values, part.keypoints, turn, share))
        self._described[key] = described
        return described


def _detect(scene: Scene, window: Window, zoom: float, count: int) -> _Features:
    zoomed = scene.decimated(zoom) if zoom != 1.0 else scene
    view = zoomed.view
    scale = np.array([scene.view.width / view.width, scene.view.height / view.height])
    x, y = int(window.x / scale[0]), int(window.y / scale[1])
    right = min(view.width, math.ceil((window.x + window.width) / scale[0]))
    bottom = min(view.height, math.ceil((window.y + window.height) / scale[1]))
    image = zoomed.read(Window(x, y, max(1, right - x), max(1, bottom - y)))
    with stage("detect"):
        keypoints = detect_keypoints(image.values, image.valid, count)
    return _Features(image, keypoints, np.array([x, y], dtype=np.float64), scale)


def _reversed(features: _Features) -> _Features:
    """Returns the same keypoints on the image with its contrast reversed."""
    image = MaskedImage(255 - features.image.values, features.image.valid)
    return _Features(image, features.keypoints, features.origin, features.scale)
