"""Pyramid levels: a frame decimated, with the transform between its scenes in the level's own pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .frame import Frame, Scene
from .geometry.models import PlaneMap
from .geometry.transforms import Transform
from .raster.read import Window
from .types import FloatArray

COARSE_SIDE_PX = 1400  # longest side of the images of the coarse stage


@dataclass(frozen=True)
class Level:
    """Both scenes of a frame at a decimation.

    Attributes:
        reference: the reference scene.
        sensed: the sensed scene.
        window: the overlap, px of the level.
        reference_scale: (2,) px of the reference's working grid a px of the level, x and y.
        sensed_scale: (2,) the same of the sensed working grid.
        transform: sensed -> reference, px of the level.
    """

    reference: Scene
    sensed: Scene
    window: Window
    reference_scale: FloatArray
    sensed_scale: FloatArray
    transform: PlaneMap

    def to_working(self, transform: Transform) -> Transform:
        """Returns a transform between the level's px as one between full-resolution working px."""
        up, down = np.diag([*self.reference_scale, 1.0]), np.diag([*(1 / self.sensed_scale), 1.0])
        return Transform(transform.model, up @ transform.matrix @ down)


def coarse_factor(frame: Frame) -> float:
    """Returns the decimation at which the images of the coarse stage have at most 1400 px a side."""
    sides = [frame.overlap.width, frame.overlap.height]
    if not frame.has_prior:
        sides += [frame.sensed.view.width, frame.sensed.view.height]
    return max(1.0, max(sides) / COARSE_SIDE_PX)


def at_level(frame: Frame, transform: PlaneMap, factor: float) -> Level:
    """Returns the frame decimated by a factor.

    Args:
        frame: the pair.
        transform: sensed -> reference, full-resolution working px.
        factor: at least 1.
    """
    reference, sensed = frame.reference.decimated(factor), frame.sensed.decimated(factor)
    up, down = _scale(frame.reference, reference), _scale(frame.sensed, sensed)
    moved = transform.between(np.diag([*down, 1.0]), np.diag([*(1 / up), 1.0]))
    overlap = frame.overlap
    x, y = int(overlap.x / up[0]), int(overlap.y / up[1])
    right = min(reference.view.width, math.ceil((overlap.x + overlap.width) / up[0]))
    bottom = min(reference.view.height, math.ceil((overlap.y + overlap.height) / up[1]))
    window = Window(x, y, max(1, right - x), max(1, bottom - y))
    return Level(reference, sensed, window, up, down, moved)


def _scale(full: Scene, level: Scene) -> FloatArray:
    return np.array([full.view.width / level.view.width, full.view.height / level.view.height])
