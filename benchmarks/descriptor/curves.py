"""Success and correct matches against one thing at a time: rotation, scale, blur, noise, season.

Scenes (tiles larger than chips) under a known transform; keypoints, matcher and scores are those of the open set.
Rotation is met in the oriented regime ("rotation") and in the upright one, which does not know it ("tilt"); the others
in the upright regime. Scale, blur and noise are of the near-infrared image. Season: the visible image of one date with
the near-infrared one of another, at multi-date places whose dates lie on each other to about half a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ltcore.types import FloatArray
from training.chunks import Workers
from training.evaluate import Mode, PairScore, WarpedPair, detected_pair, score_pair, similarity, warp

from .methods import Image, Method, Remembered
from .scenes import CHIP_PX, Scene

# Year of each file of the multi-date places that may be evaluated (test: ucayali, val: pennsylvania).
DATES = {
    "landsat__ucayali_1985_RGNIR.tif": 1985.0,
    "landsat__ucayali_2000_RGNIR.tif": 2000.0,
    "landsat__ucayali_2020_RGNIR.tif": 2020.0,
    "landsat7__cran_july2002.tif": 2002.55,
    "landsat7__cran_nov2002.tif": 2002.9,
}
LEVELS: dict[str, tuple[float, ...]] = {
    "rotation": (0, 45, 90, 135, 180),  # degrees, oriented
    "tilt": (0, 10, 20, 30),  # degrees, upright
    "scale": (0.5, 0.71, 1, 1.41, 2),
    "blur": (0, 1, 2, 3, 4),  # deviation of the Gaussian, px
    "noise": (0, 10, 20, 40, 60),  # deviation, grey levels of 255
}
MODE_OF: dict[str, Mode] = {"rotation": "dual"}  # all others upright


@dataclass(frozen=True)
class CurveRow:
    """What one method reached on one scene at one level of one factor."""

    factor: str
    level: float
    method: str
    scene: str
    score: PairScore


def run_curves(
    scenes: Sequence[Scene], methods: Sequence[Method], max_keypoints: int, workers: Workers
) -> list[CurveRow]:
    """Returns the rows of all methods on the scenes among the tiles, chips left out."""
    larger = [scene for scene in scenes if scene.shorter_side_px > CHIP_PX]

    def distort(job: tuple[Scene, str]) -> list[CurveRow]:
        scene, factor = job
        remembered = [Remembered(method) for method in methods]
        pairs = ((level, distorted_pair(scene, factor, level, max_keypoints)) for level in LEVELS[factor])
        return [row for level, pair in pairs for row in _rows(factor, level, scene.tile.name, pair, remembered)]

    def date(job: tuple[Scene, Scene]) -> list[CurveRow]:
        first, second = job
        everywhere = np.ones(second.nir.shape, bool)
        pair = detected_pair(first.visible, second.nir, everywhere, np.eye(3), max_keypoints=max_keypoints)
        years = round(abs(DATES[first.tile.name] - DATES[second.tile.name]), 2)
        return list(_rows("season", years, f"{first.tile.name} {second.tile.name}", pair, methods))

    parts = workers.map(distort, [(scene, factor) for scene in larger for factor in LEVELS])
    parts += workers.map(date, _dates(larger))
    return [row for part in parts for row in part]


def _rows(factor: str, level: float, scene: str, pair: WarpedPair, methods: Sequence[Method]) -> Iterator[CurveRow]:
    mode = MODE_OF.get(factor, "upright")
    for method in methods:
        if mode in method.modes:
            yield CurveRow(factor, level, method.name, scene, score_pair(pair, method.describe, mode))


def _dates(scenes: Sequence[Scene]) -> list[tuple[Scene, Scene]]:
    """Returns all ordered pairs of dates of a place, a date with itself included; a single date makes none."""
    dated = [scene for scene in scenes if scene.tile.name in DATES]
    pairs = [(first, second) for first in dated for second in dated if first.place == second.place]
    places = {first.place for first, second in pairs if first is not second}
    return [(first, second) for first, second in pairs if first.place in places]


def distorted_pair(scene: Scene, factor: str, level: float, max_keypoints: int) -> WarpedPair:
    """Returns the scene's visible image and its near-infrared one distorted by one level of one factor."""
    size = scene.nir.shape[1], scene.nir.shape[0]
    matrix, canvas = np.eye(3), size
    if factor in ("rotation", "tilt"):
        matrix, canvas = _whole(size, level, 1.0)
    elif factor == "scale":
        matrix, canvas = _whole(size, 0.0, level)
    image = _degraded(scene.nir, factor, level)
    if factor == "scale" and level < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.5 / level), dtype=np.float32)  # no aliasing
    sensed, valid = warp(image, matrix, canvas)
    return detected_pair(scene.visible, sensed, valid, matrix, max_keypoints)


def _whole(size_wh: tuple[int, int], angle_deg: float, scale: float) -> tuple[FloatArray, tuple[int, int]]:
    """Returns the transform about the centre and a canvas that shows all of the transformed image."""
    turned = similarity(size_wh, angle_deg, scale, np.zeros(2))
    extent = np.abs(turned[:2, :2]) @ np.array(size_wh)
    canvas = np.ceil(extent - 1e-6).astype(int)
    turned[:2, 2] += (canvas - np.array(size_wh)) / 2
    return turned, (int(canvas[0]), int(canvas[1]))


def _degraded(image: Image, factor: str, level: float) -> NDArray[np.float32]:
    """Returns the image blurred, or with noise that depends on its size alone; grey levels stay in 0 to 255."""
    if level == 0 or factor not in ("blur", "noise"):
        return image
    if factor == "blur":
        return np.asarray(cv2.GaussianBlur(image, (0, 0), level), dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, level, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.float32)


def summarise_curves(rows: Sequence[CurveRow]) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Returns factor -> method -> lists over the levels: level, pairs, correct, precision, success."""
    summary: dict[str, dict[str, dict[str, list[float]]]] = {}
    members: dict[tuple[str, str, float], list[PairScore]] = {}
    for row in rows:
        members.setdefault((row.factor, row.method, row.level), []).append(row.score)
    for (factor, method, level), scores in sorted(members.items(), key=lambda item: item[0][2]):
        curve = summary.setdefault(factor, {}).setdefault(
            method, {name: [] for name in ("level", "pairs", "correct", "precision", "success")}
        )
        curve["level"].append(level)
        curve["pairs"].append(len(scores))
        curve["correct"].append(round(float(np.mean([score.correct for score in scores])), 2))
        curve["precision"].append(
            round(float(np.mean([score.correct / max(1, score.putative) for score in scores])), 4)
        )
        curve["success"].append(round(float(np.mean([score.success for score in scores])), 4))
    return summary
