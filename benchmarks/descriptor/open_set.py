"""The open set: keypoints detected in each image on its own, most of them without a partner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ltcore.types import Descriptors, FloatArray, Keypoints
from training.evaluate import (
    MODES,
    DescribeFunction,
    Mode,
    PairScore,
    WarpedPair,
    score_pair,
    summarise,
    true_partners,
    warped_pair,
)

from .bootstrap import PlaceBootstrap
from .methods import Method, Remembered
from .scenes import Scene

BASE = "RootSIFT"
ORACLE = "known partners"  # matches every keypoint that has a partner: no descriptor can do better

_ORACLE_WIDTH = 128
_METRICS = ("correct", "precision", "matching_score", "average_precision", "success", "precise")
_RATIOS = ("correct", "precision", "matching_score")


@dataclass(frozen=True)
class OpenSetRow:
    """What one method reached on one pair: `place` and `tile` under the `warp`-th random warp of the mode."""

    method: str
    mode: Mode
    place: str
    tile: str
    warp: int
    score: PairScore


def run_open_set(
    scenes: Sequence[Scene], methods: Sequence[Method], warps: int, max_keypoints: int = 1500
) -> Iterator[OpenSetRow]:
    """Yields the rows of all methods, and of the oracle, on the very same pairs."""
    remembered = [Remembered(method) for method in methods]
    for scene in scenes:
        for mode in MODES:
            for warp in range(warps):
                pair = warped_pair(scene.tile, mode, warp, max_keypoints)
                describers = {method.name: method.describe for method in remembered if mode in method.modes}
                for name, describe in {ORACLE: oracle(pair), **describers}.items():
                    score = score_pair(pair, describe, mode)
                    yield OpenSetRow(name, mode, scene.place, scene.tile.name, warp, score)


def oracle(pair: WarpedPair) -> DescribeFunction:
    """Returns a descriptor that is the same for true partners and random for all other keypoints."""
    partners = true_partners(pair)
    counts = [len(keypoints) for keypoints in pair.keypoints]
    codes = np.random.default_rng(0).normal(size=(sum(counts), _ORACLE_WIDTH)).astype(np.float32)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    reference, sensed = codes[: counts[0]], codes[counts[0] :]
    sensed[partners[:, 1]] = reference[partners[:, 0]]

    def describe(image: NDArray[np.float32], keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        return Descriptors(reference if image is pair.reference else sensed, ORACLE)

    return describe


def summarise_open_set(rows: Sequence[OpenSetRow], mode: Mode) -> dict[str, dict[str, Any]]:
    """Returns for each method the means of a mode with their 95 % intervals by place, and ratios to RootSIFT.

    Every value is a list [value, low, high]; ratios stand under "correct_ratio" and so on.
    """
    chosen: dict[str, list[OpenSetRow]] = {}
    for row in rows:
        if row.mode == mode:
            chosen.setdefault(row.method, []).append(row)
    if not chosen:
        return {}
    bootstrap = PlaceBootstrap([row.place for row in next(iter(chosen.values()))])
    base = per_pair([row.score for row in chosen[BASE]]) if BASE in chosen else {}
    summary: dict[str, dict[str, Any]] = {}
    for name, members in chosen.items():
        scores = [row.score for row in members]
        means, values = summarise(scores), per_pair(scores)
        summary[name] = {metric: _rounded(means[metric], *bootstrap.mean(values[metric])) for metric in _METRICS}
        for metric in _RATIOS if base else ():
            of_base = float(np.mean(base[metric]))
            ratio = means[metric] / of_base if of_base else float("inf")
            summary[name][f"{metric}_ratio"] = _rounded(ratio, *bootstrap.ratio(values[metric], base[metric]))
    return summary


def per_pair(scores: Sequence[PairScore]) -> dict[str, list[float]]:
    """Returns the metrics of each pair."""
    single = [summarise([score]) for score in scores]
    return {metric: [row[metric] for row in single] for metric in _METRICS}


def pair_facts(rows: Sequence[OpenSetRow], mode: Mode) -> dict[str, Any]:
    """Returns how many pairs, places and keypoints there are, how many keypoints have a partner, and on how many
    pairs any method, or the oracle, succeeds."""
    of_mode = [row for row in rows if row.mode == mode]
    truth = [row.score for row in of_mode if row.method == ORACLE]
    won: dict[tuple[str, int], bool] = {}
    for row in of_mode:
        if row.method != ORACLE:
            key = (row.tile, row.warp)
            won[key] = won.get(key, False) or row.score.success
    return {
        "pairs": len(truth),
        "places": len({row.place for row in of_mode}),
        "keypoints": round(float(np.mean([score.keypoints for score in truth])), 1),
        "partners": round(float(np.mean([score.partners for score in truth])), 1),
        "pairs_any_method_succeeds_on": sum(won.values()),
        "pairs_known_partners_succeed_on": sum(score.success for score in truth),
        "pairs_known_partners_are_precise_on": sum(score.precise for score in truth),
    }


def _rounded(*values: float) -> list[float | None]:
    return [round(value, 4) if np.isfinite(value) else None for value in values]
