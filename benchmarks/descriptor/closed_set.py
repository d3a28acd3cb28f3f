"""The closed set, as published for LTFormer: both sides hold the same points of already aligned bands.

Keypoints by SIFT of the visible image, thinned to 3 px, whose windows lie inside the image; each is described, upright,
in the visible and in the near-infrared image, by windows of 64, 128 and 192 px. The nearest near-infrared descriptor is
accepted when its distance is under a threshold, and true when it lies within 5 px. Precision = true / accepted,
matching score = true / all. The published threshold is 0.5; here each method gets the one with the best F1
(harmonic mean of precision and matching score) on the val split, for each window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ltcore.features.keypoints import drop_near_duplicates, spread_evenly
from ltcore.features.sift import detect_keypoints
from ltcore.types import Descriptors, FloatArray, Keypoints

from .methods import Method
from .scenes import Scene

WINDOWS_PX = (64, 128, 192)
TRUE_PX = 5.0
_THINNED_PX = 3.0
_MANY = 100_000  # keypoints before thinning: all


@dataclass(frozen=True)
class Nearest:
    """The nearest neighbours of N points: `distance` (N,) and whether they are `true` (N,)."""

    distance: FloatArray
    true: NDArray[np.bool_]


@dataclass(frozen=True)
class ClosedSetScore:
    """Precision and matching score at a threshold on the distance, of so many points."""

    threshold: float
    precision: float
    matching_score: float
    points: int


def closed_set_keypoints(scene: Scene, window_px: int, max_keypoints: int) -> Keypoints:
    """Returns the keypoints of the visible image whose windows lie inside it, at least 3 px apart, evenly spread if
    there are too many."""
    image = scene.visible
    found = detect_keypoints(image, np.ones(image.shape, bool), _MANY)
    thinned = drop_near_duplicates(found, _THINNED_PX)
    size, half = np.array([image.shape[1], image.shape[0]]), window_px / 2
    inside = thinned.take(((thinned.xy >= half) & (thinned.xy <= size - half)).all(axis=1))
    return spread_evenly(inside, (image.shape[1], image.shape[0]), max_keypoints)


def nearest_neighbours(visible: Descriptors, nir: Descriptors, xy: FloatArray) -> Nearest:
    """Returns the nearest near-infrared descriptor of each visible one; row i of both shows the point xy[i].

    Args:
        visible: N descriptors, N > 0.
        nir: N descriptors.
        xy: (N, 2) px.
    """
    similarity = visible.values @ nir.values.T
    partner = similarity.argmax(axis=1)
    best = similarity[np.arange(len(partner)), partner].astype(np.float64)
    true = np.linalg.norm(xy - xy[partner], axis=1) <= TRUE_PX
    return Nearest(np.sqrt(np.maximum(2 - 2 * best, 0)), true)


def all_nearest(scenes: Sequence[Scene], method: Method, window_px: int, max_keypoints: int) -> Nearest:
    """Returns the nearest neighbours of the points of all scenes, each among the points of its own scene."""
    parts = [Nearest(np.zeros(0), np.zeros(0, bool))]
    for scene in scenes:
        keypoints = closed_set_keypoints(scene, window_px, max_keypoints)
        if len(keypoints):
            visible = method.describe_windows(scene.visible, keypoints, window_px)
            nir = method.describe_windows(scene.nir, keypoints, window_px)
            parts.append(nearest_neighbours(visible, nir, keypoints.xy))
    return Nearest(np.concatenate([part.distance for part in parts]), np.concatenate([part.true for part in parts]))


def best_threshold(nearest: Nearest) -> float:
    """Returns the distance that gives the best F1 when smaller or equal ones are accepted; 0 without points.

    F1 = 2 true / (accepted + all). Of equally good ones the largest.
    """
    if not len(nearest.distance):
        return 0.0
    candidates = np.unique(nearest.distance)
    accepted = np.searchsorted(np.sort(nearest.distance), candidates, side="right")
    true = np.searchsorted(np.sort(nearest.distance[nearest.true]), candidates, side="right")
    f1 = 2 * true / (accepted + len(nearest.distance))
    return float(candidates[len(f1) - 1 - int(np.argmax(f1[::-1]))])


def closed_set_score(nearest: Nearest, threshold: float) -> ClosedSetScore:
    """Returns precision and matching score; precision is 0 when nothing is accepted."""
    accepted = nearest.distance <= threshold
    true, count = int((accepted & nearest.true).sum()), len(nearest.distance)
    return ClosedSetScore(threshold, true / max(1, int(accepted.sum())), true / max(1, count), count)


def run_closed_set(
    scenes: Sequence[Scene], val_scenes: Sequence[Scene], method: Method, window_px: int, max_keypoints: int
) -> ClosedSetScore:
    """Returns the score of a method for one size of the window, at the threshold that is best on `val_scenes`."""
    threshold = best_threshold(all_nearest(val_scenes, method, window_px, max_keypoints))
    return closed_set_score(all_nearest(scenes, method, window_px, max_keypoints), threshold)
