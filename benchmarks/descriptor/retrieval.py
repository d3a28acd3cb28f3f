"""Retrieval: does a visible and a near-infrared patch show the same place? False positive rate at 95 % recall.

As in the VIS-NIR patch protocol (Aguilera et al., "Learning cross-spectral similarity measures with deep
convolutional neural networks", CVPR workshops 2016): patches of 64x64 px, as many pairs of the same place as of
different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ltcore.features.keypoints import spread_evenly
from ltcore.features.sift import detect_keypoints
from ltcore.types import FloatArray

from .methods import Image, Method
from .scenes import Scene

PATCH_PX = 64
RECALL = 0.95
_PER_SCENE = 100  # positions, evenly spread
_BATCH = 2048


@dataclass(frozen=True)
class PatchPairs:
    """N pairs: `visible` and `nir` (N, 64, 64) grey levels, `same` (N,) whether both show the same place."""

    visible: NDArray[np.float32]
    nir: NDArray[np.float32]
    same: NDArray[np.bool_]


def fpr95(score: FloatArray, same: NDArray[np.bool_]) -> float:
    """Returns the share of the pairs of different places that score as high as the worst of the best 95 % of the
    pairs of the same place; ties count against the method.

    Args:
        score: (N,) larger is more alike.
        same: (N,) at least one True and one False.
    """
    positive = np.sort(score[same])[::-1]
    threshold = positive[int(np.ceil(RECALL * len(positive))) - 1]
    return float((score[~same] >= threshold).mean())


def cut_pairs(scenes: Sequence[Scene], seed: int = 0) -> PatchPairs:
    """Returns pairs cut around keypoints of the visible images: each patch once with its partner and once with the
    near-infrared patch of another place, drawn at random from all scenes (of the same one: 64 px away or more)."""
    visible: list[Image] = []
    nir: list[Image] = []
    where: list[tuple[int, int, int]] = []
    for number, scene in enumerate(scenes):
        for column, row in _corners(scene):
            part = slice(row, row + PATCH_PX), slice(column, column + PATCH_PX)
            visible.append(scene.visible[part])
            nir.append(scene.nir[part])
            where.append((number, column, row))
    others = _others(np.array(where).reshape(-1, 3), [scene.place for scene in scenes], seed)
    near, seen = np.stack(nir), np.stack(visible)
    same = np.repeat([True, False], len(seen))
    return PatchPairs(np.concatenate([seen, seen]), np.concatenate([near, near[others]]), same)


def _corners(scene: Scene) -> NDArray[np.intp]:
    """Returns (K, 2) column and row of the first pixel of each patch; patches lie wholly inside."""
    image = scene.visible
    found = detect_keypoints(image, np.ones(image.shape, bool), 100_000)
    corner = np.floor(found.xy).astype(np.intp) - PATCH_PX // 2
    inside = (corner >= 0).all(axis=1) & (corner + PATCH_PX <= image.shape[::-1]).all(axis=1)
    inside[inside] &= _is_first(corner[inside])
    chosen = spread_evenly(found.take(inside), (image.shape[1], image.shape[0]), _PER_SCENE)
    return np.floor(chosen.xy).astype(np.intp) - PATCH_PX // 2


def _is_first(rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Returns whether no earlier row is the same."""
    first = np.zeros(len(rows), bool)
    if len(rows):
        first[np.unique(rows, axis=0, return_index=True)[1]] = True
    return first


def _others(where: NDArray[np.intp], places: Sequence[str], seed: int) -> NDArray[np.intp]:
    """Returns for each patch the index of one that shows another place: drawn anew until it does.

    Args:
        where: (N, 3) scene, column, row.
        places: of the scenes; other scenes of the same place may show the same ground, so they are not drawn.
        seed: of the draws.
    """
    draw = np.random.default_rng(seed)
    place = np.unique(np.asarray(places), return_inverse=True)[1][where[:, 0]]

    def shows_the_same(chosen: NDArray[np.intp]) -> NDArray[np.bool_]:
        near = (np.abs(where[:, 1:] - where[chosen, 1:]) < PATCH_PX).all(axis=1)
        other_scene = where[:, 0] != where[chosen, 0]
        wrong: NDArray[np.bool_] = (place == place[chosen]) & (near | other_scene)
        return wrong

    chosen = draw.integers(0, len(where), len(where))
    for _ in range(1000):
        wrong = shows_the_same(chosen)
        if not wrong.any():
            return chosen
        chosen[wrong] = draw.integers(0, len(where), int(wrong.sum()))
    raise ValueError("there are too few places to draw other ones")


def similarities(pairs: PatchPairs, method: Method) -> FloatArray:
    """Returns the (N,) inner products of the descriptors of both patches of each pair."""
    parts = []
    for start in range(0, len(pairs.same), _BATCH):
        part = slice(start, start + _BATCH)
        visible, nir = (method.describe_patches(side[part]) for side in (pairs.visible, pairs.nir))
        parts.append((visible * nir).sum(axis=1))
    every: FloatArray = np.concatenate(parts).astype(np.float64)
    return every
