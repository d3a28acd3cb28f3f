"""The open set: keypoints detected in each image on its own, most of them without a partner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ltcore.types import Descriptors, FloatArray, Keypoints
from training.chunks import Workers
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


@dataclass(frozen=True)
class OpenSetConfig:
    """How much is done.

    Attributes:
        warps: random warps of each tile in each regime, for the first method of each group.
        max_keypoints: of each image.
    """

    warps: int = 3
    max_keypoints: int = 1500


def run_open_set(
    scenes: Sequence[Scene], methods: Sequence[Method], config: OpenSetConfig, workers: Workers
) -> list[OpenSetRow]:
    """Returns the rows of all methods, and of the oracle, on the very same pairs.

    The first method of each group meets all warps; its other runs (other seeds) meet the first warp of each tile
    only, which suffices for how far runs differ.
    """
    groups = {method.group: method for method in reversed(methods)}
    jobs = [(scene, mode) for scene in scenes for mode in MODES]

    def run(job: tuple[Scene, Mode]) -> list[OpenSetRow]:
        scene, mode = job
        remembered = [Remembered(method) for method in methods if mode in method.modes]
        firsts = [each for each in remembered if groups[each.group].name == each.name]
        rows = []
        for warp in range(config.warps):
            pair = warped_pair(scene.tile, mode, warp, config.max_keypoints)
            describers = {each.name: each.describe for each in (firsts if warp else remembered)}
            for name, describe in {ORACLE: oracle(pair), **describers}.items():
                score = score_pair(pair, describe, mode)
                rows.append(OpenSetRow(name, mode, scene.place, scene.tile.name, warp, score))
        return rows

    return [row for rows in workers.map(run, jobs) for row in rows]


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

    Every value is a list [value, low, high]; ratios stand under "correct_ratio" and so on. Methods that did not meet
    all pairs are left out.
    """
    chosen: dict[str, list[OpenSetRow]] = {}
    for row in rows:
        if row.mode == mode:
            chosen.setdefault(row.method, []).append(row)
    if not chosen:
        return {}
    most = max(len(members) for members in chosen.values())
    chosen = {name: members for name, members in chosen.items() if len(members) == most}
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


def first_warp(rows: Sequence[OpenSetRow], mode: Mode) -> dict[str, dict[str, float]]:
    """Returns the means of a mode over the first warp of each tile, which all runs of all groups meet."""
    chosen: dict[str, list[PairScore]] = {}
    for row in rows:
        if row.mode == mode and row.warp == 0:
            chosen.setdefault(row.method, []).append(row.score)
    summaries = {name: summarise(scores) for name, scores in chosen.items()}
    return {name: {metric: round(row[metric], 4) for metric in _METRICS} for name, row in summaries.items()}


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
