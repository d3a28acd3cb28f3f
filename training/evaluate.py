"""Evaluation on tiles of places never trained on: independent detections under known similarity warps.

SIFT keypoints are detected in the visible image and in the warped near-infrared one, each on its own, and matched
as mutual nearest neighbours. A match is correct when the true position lies within 3 px. "dual": any rotation, windows
at the SIFT orientation, near-infrared ones also at the opposite one; "upright": rotation known to 10 degrees.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ltcore.config import FeatureConfig
from ltcore.errors import LtcoreError
from ltcore.features.sift import describe_rootsift, detect_keypoints
from ltcore.geometry.transforms import apply_matrix
from ltcore.ltformer.describe import make_describer
from ltcore.matching.nearest import match_mutual_nearest
from ltcore.progress import NullProgress
from ltcore.types import Descriptors, FloatArray, Keypoints

from .tiles import Split, Tile, find_index, load_tiles

Mode = Literal["dual", "upright"]
MODES: tuple[Mode, ...] = ("dual", "upright")
DescribeFunction = Callable[[NDArray[np.float32], Keypoints, FloatArray], Descriptors]

CORRECT_PX = 3.0
PRECISE_PX = 1 / 3
_KEYPOINTS = 1500
_RATIO = 0.95
_UPRIGHT_DEG = 10.0
_LOG_SCALE = 0.25
_LEAST_SIDE_PX = 100
_CHIP_PX = 128


@dataclass(frozen=True)
class WarpedPair:
    """A visible image and its near-infrared partner under a known warp.

    Attributes:
        reference: (H, W) visible grey levels.
        sensed: (H', W') near-infrared grey levels, warped; 0 where nothing is shown.
        valid: (H', W') where the sensed image shows something.
        matrix: (3, 3) reference -> sensed, pixel-edge.
        keypoints: of reference and sensed.
    """

    reference: NDArray[np.float32]
    sensed: NDArray[np.float32]
    valid: NDArray[np.bool_]
    matrix: FloatArray
    keypoints: tuple[Keypoints, Keypoints]


@dataclass(frozen=True)
class PairScore:
    """What one descriptor reached on one pair.

    Attributes:
        keypoints: fewer of both sides.
        partners: keypoints that have a partner on the other side, see `true_partners`.
        putative: mutual nearest neighbours.
        correct: those within 3 px of the truth.
        average_precision: area under precision against recall, by score, of the putative matches.
        fit_error_px: RMSE over a grid of the affine transform that ratio test and MAGSAC give, reference px;
            infinite when they give none.
    """

    keypoints: int
    partners: int
    putative: int
    correct: int
    average_precision: float
    fit_error_px: float

    @property
    def success(self) -> bool:
        """Whether the transform is good to 3 px."""
        return self.fit_error_px < CORRECT_PX

    @property
    def precise(self) -> bool:
        """Whether the transform is good to a third of a pixel."""
        return self.fit_error_px < PRECISE_PX


def warped_pair(tile: Tile, mode: Mode, seed: int, max_keypoints: int = _KEYPOINTS) -> WarpedPair:
    """Returns the tile's luminance and its NIR band under a random similarity about the centre."""
    draw = np.random.default_rng([seed, *tile.name.encode()])
    height, width = tile.nir.shape
    limit = 180.0 if mode == "dual" else _UPRIGHT_DEG
    angle, log_scale = draw.uniform(-limit, limit), draw.uniform(-_LOG_SCALE, _LOG_SCALE)
    shift = draw.uniform(-0.05, 0.05, 2) * [width, height]
    matrix = similarity((width, height), angle, float(np.exp(log_scale)), shift)
    sensed, valid = warp(tile.nir.numpy(), matrix, (width, height))
    return detected_pair(tile.visible[0].numpy(), sensed, valid, matrix, max_keypoints)


def similarity(size_wh: tuple[int, int], angle_deg: float, scale: float, shift_px: FloatArray) -> FloatArray:
    """Returns the (3, 3) pixel-edge matrix that turns and scales about the centre of an image, then shifts it."""
    matrix = np.eye(3)
    turn = scale * np.exp(1j * np.deg2rad(angle_deg))
    matrix[:2, :2] = [[turn.real, -turn.imag], [turn.imag, turn.real]]
    centre = np.array(size_wh) / 2
    matrix[:2, 2] = centre + shift_px - matrix[:2, :2] @ centre
    return matrix


def warp(
    image: NDArray[np.float32], matrix: FloatArray, size_wh: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns the image moved by a (3, 3) pixel-edge matrix, cubic, on `size_wh` px, and where it shows something."""
    pixel_centres = matrix.copy()  # OpenCV counts from the centre of the first pixel
    pixel_centres[:2, 2] += matrix[:2, :2] @ [0.5, 0.5] - 0.5
    warped = cv2.warpAffine(image, pixel_centres[:2], size_wh, flags=cv2.INTER_CUBIC)
    covered = cv2.warpAffine(np.ones_like(image), pixel_centres[:2], size_wh, flags=cv2.INTER_LINEAR)
    return np.clip(warped, 0, 255).astype(np.float32), np.asarray(covered) > 0.999


def detected_pair(
    reference: NDArray[np.float32],
    sensed: NDArray[np.float32],
    valid: NDArray[np.bool_],
    matrix: FloatArray,
    max_keypoints: int = _KEYPOINTS,
) -> WarpedPair:
    """Returns the pair with the SIFT keypoints of each image on its own."""
    both = (
        detect_keypoints(reference, np.ones(reference.shape, bool), max_keypoints),
        detect_keypoints(sensed, valid, max_keypoints),
    )
    return WarpedPair(reference, sensed, valid, matrix, both)


def true_partners(pair: WarpedPair) -> NDArray[np.intp]:
    """Returns (K, 2) indices [reference, sensed] of the keypoints that lie nearest to each other and within 3 px.

    All other keypoints are distractors: nothing on the other side shows the same place.
    """
    first = pair.keypoints[0].xy
    second = apply_matrix(np.linalg.inv(pair.matrix), pair.keypoints[1].xy)
    if not len(first) or not len(second):
        return np.zeros((0, 2), np.intp)
    distance, partner = cKDTree(second).query(first)
    back = np.asarray(cKDTree(first).query(second)[1])
    every, nearest = np.arange(len(first)), np.asarray(partner)
    mutual = (back[nearest] == every) & (np.asarray(distance) < CORRECT_PX)
    return np.column_stack([every[mutual], nearest[mutual]])


def score_pair(pair: WarpedPair, describe: DescribeFunction, mode: Mode) -> PairScore:
    """Returns what the descriptor reaches on the pair."""
    first, second = pair.keypoints
    angles = [np.zeros(len(each)) if mode == "upright" else each.angle_deg for each in (first, second)]
    reference = describe(pair.reference, first, angles[0])
    sensed = describe(pair.sensed, second, angles[1])
    opposite = describe(pair.sensed, second, angles[1] + 180) if mode == "dual" else None
    every = match_mutual_nearest(reference, sensed, 1.0, sensed_alternatives=opposite)
    error = np.linalg.norm(
        apply_matrix(np.linalg.inv(pair.matrix), second.xy[every.index[:, 1]]) - first.xy[every.index[:, 0]], axis=1
    )
    correct = error < CORRECT_PX
    clear = match_mutual_nearest(reference, sensed, _RATIO, sensed_alternatives=opposite)
    found = _fit_error_px(pair, first.xy[clear.index[:, 0]], second.xy[clear.index[:, 1]])
    return PairScore(
        keypoints=min(len(first), len(second)),
        partners=len(true_partners(pair)),
        putative=len(every),
        correct=int(correct.sum()),
        average_precision=average_precision(every.score, correct),
        fit_error_px=found,
    )


def average_precision(score: FloatArray, correct: NDArray[np.bool_]) -> float:
    """Returns the mean over the correct matches of the precision of all that score as well; 0 without any."""
    if not correct.any():
        return 0.0
    ranked = correct[np.argsort(-score, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked].mean())


def _fit_error_px(pair: WarpedPair, reference_xy: FloatArray, sensed_xy: FloatArray) -> float:
    """Returns the RMSE over a grid of the affine transform that MAGSAC finds, reference px; infinity if none."""
    if len(reference_xy) < 4:
        return float("inf")
    cv2.setRNGSeed(0)
    fitted, _ = cv2.estimateAffine2D(sensed_xy, reference_xy, method=cv2.USAC_MAGSAC, ransacReprojThreshold=CORRECT_PX)
    if fitted is None or not np.isfinite(fitted).all():
        return float("inf")
    height, width = pair.reference.shape
    x, y = np.meshgrid((np.arange(10) + 0.5) / 10 * width, (np.arange(10) + 0.5) / 10 * height)
    truth = np.column_stack([x.ravel(), y.ravel()])
    moved = apply_matrix(np.vstack([fitted, [0, 0, 1]]), apply_matrix(pair.matrix, truth))
    return float(np.sqrt(((moved - truth) ** 2).sum(axis=1).mean()))


def summarise(scores: list[PairScore]) -> dict[str, float]:
    """Returns means over the pairs: keypoints, partners, correct, precision, matching score, average precision,
    success (transform good to 3 px) and precise (to a third of a pixel)."""
    if not scores:
        return {}
    every: dict[str, list[float]] = {
        "keypoints": [score.keypoints for score in scores],
        "partners": [score.partners for score in scores],
        "correct": [score.correct for score in scores],
        "precision": [score.correct / max(1, score.putative) for score in scores],
        "matching_score": [score.correct / max(1, score.keypoints) for score in scores],
        "average_precision": [score.average_precision for score in scores],
        "success": [score.success for score in scores],
        "precise": [score.precise for score in scores],
    }
    return {"pairs": float(len(scores)), **{name: float(np.mean(values)) for name, values in every.items()}}


def is_evaluated(tile: Tile) -> bool:
    """Whether the tile is large enough for windows and warps."""
    return min(tile.nir.shape) >= _LEAST_SIDE_PX


def compare(
    tiles: list[Tile],
    descriptors: dict[str, DescribeFunction],
    mode: Mode,
    seeds: Iterable[int] = (0,),
    max_keypoints: int = _KEYPOINTS,
) -> dict[str, dict[str, float]]:
    """Returns the mean scores of several descriptors of the very same keypoints, over tiles and seeds of the warps."""
    scores: dict[str, list[PairScore]] = {name: [] for name in descriptors}
    for seed in seeds:
        for tile in filter(is_evaluated, tiles):
            pair = warped_pair(tile, mode, seed, max_keypoints)
            for name, describe in descriptors.items():
                scores[name].append(score_pair(pair, describe, mode))
    return {name: summarise(each) for name, each in scores.items()}


@click.command()
@click.argument("weights")
@click.option("--data", type=click.Path(path_type=Path), help="Index, its folder or packed tiles (else LTFORMER_DATA).")
@click.option("--split", type=click.Choice(["val", "test"]), multiple=True, default=["val", "test"], help="To score.")
@click.option("--seeds", type=int, default=1, help="Warps of each tile.")
@click.option("--scenes-only", is_flag=True, help="Leave out the 128x128 chips.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON file of the scores.")
def main(weights: str, data: Path | None, split: list[Split], seeds: int, scenes_only: bool, out: Path) -> None:
    """Compares weights (a name or a .safetensors file) with RootSIFT; choose on val, report test."""
    try:
        index = find_index(data)
        describer = make_describer(FeatureConfig(weights=weights))
        descriptors: dict[str, DescribeFunction] = {
            "ltformer": lambda image, found, angles: describer.describe(image, found, angles, NullProgress()),
            "rootsift": describe_rootsift,
        }
        results: dict[str, Any] = {"correct_px": CORRECT_PX, "keypoints": _KEYPOINTS, "ratio_of_success": _RATIO}
        for name in split:
            tiles = [tile for tile in load_tiles(index, name, 1) if not scenes_only or min(tile.nir.shape) > _CHIP_PX]
            for mode in MODES:
                results[f"{name}_{mode}"] = _rounded(compare(tiles, descriptors, mode, range(seeds)))
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error
    out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _rounded(scores: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 4) for key, value in row.items()} for name, row in scores.items()}


if __name__ == "__main__":
    main()
