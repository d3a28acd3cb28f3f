"""Matches as lines between both images, green where true, red where not: one row a method, one column a scene."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ltcore.geometry.transforms import apply_matrix
from ltcore.matching.nearest import match_mutual_nearest
from training.evaluate import CORRECT_PX, WarpedPair, warped_pair

from .methods import Image, Method
from .scenes import CHIP_PX, Scene

_SCENES = 3
_LINES = 100  # shown of each pair, evenly taken by score: more would hide the images
_WARP = 0
_KEYPOINTS = 600
_GAP_PX = 12
_LABEL = 22  # characters a line
_GREEN, _RED = "#00C853", "#FF1744"


def draw_matches(scenes: Sequence[Scene], methods: Sequence[Method]) -> Figure:
    """Returns the picture of some scenes of different places under a random rotation, scale and shift."""
    chosen = _different(scenes)
    pairs = [warped_pair(scene.tile, "dual", _WARP, _KEYPOINTS) for scene in chosen]
    widths = [_side_by_side(pair).shape[1] / _side_by_side(pair).shape[0] for pair in pairs]
    height = 1.7
    figure = Figure(figsize=(height * sum(widths) + 0.6, (height + 0.2) * len(methods) + 0.25), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.01, wspace=0.01, hspace=0.01)  # type: ignore[union-attr,call-arg]
    axes = figure.subplots(len(methods), len(pairs), squeeze=False, width_ratios=widths)
    for row, method in enumerate(methods):
        for column, pair in enumerate(pairs):
            _panel(axes[row, column], pair, method)
        axes[row, 0].set_ylabel(fill(method.group, _LABEL), fontsize=7, fontweight="bold")
    for column, scene in enumerate(chosen):
        axes[-1, column].set_xlabel(scene.place, fontsize=8)
    return figure


def _different(scenes: Sequence[Scene]) -> list[Scene]:
    """Returns one scene of each of the first places with scenes larger than chips."""
    places: dict[str, Scene] = {}
    for scene in scenes:
        if scene.shorter_side_px > CHIP_PX:
            places.setdefault(scene.place, scene)
    return sorted(places.values(), key=lambda scene: -scene.tile.nir.numel())[:_SCENES]


def _panel(axes: Axes, pair: WarpedPair, method: Method) -> None:
    ends, correct = matched_ends(pair, method)
    axes.imshow(_side_by_side(pair), cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    axes.set_title(f"{correct.sum()} true of {len(correct)}", fontsize=8, pad=2)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    shown = np.unique(np.linspace(0, len(correct) - 1, _LINES).astype(int)) if len(correct) else np.zeros(0, int)
    for which, colour in ((~correct[shown], _RED), (correct[shown], _GREEN)):  # green on top
        alpha, width = (0.6, 0.45) if colour == _RED else (0.95, 0.6)
        axes.add_collection(LineCollection(list(ends[shown][which]), colors=colour, linewidths=width, alpha=alpha))


def matched_ends(pair: WarpedPair, method: Method) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Returns the (K, 2, 2) ends of the matches in the picture of both images, best first, and which are true."""
    first, second = pair.keypoints
    reference = method.describe(pair.reference, first, first.angle_deg)
    sensed = method.describe(pair.sensed, second, second.angle_deg)
    opposite = method.describe(pair.sensed, second, second.angle_deg + 180)
    matches = match_mutual_nearest(reference, sensed, 1.0, sensed_alternatives=opposite)
    order = np.argsort(-matches.score, kind="stable")
    left, right = first.xy[matches.index[order, 0]], second.xy[matches.index[order, 1]]
    error = np.linalg.norm(apply_matrix(np.linalg.inv(pair.matrix), right) - left, axis=1)
    shifted = np.add(right, [pair.reference.shape[1] + _GAP_PX, 0])
    return np.stack([left, shifted], axis=1) - 0.5, error < CORRECT_PX


def _side_by_side(pair: WarpedPair) -> Image:
    height = max(pair.reference.shape[0], pair.sensed.shape[0])
    gap = np.full((height, _GAP_PX), 255, np.float32)
    sides = [
        np.pad(image, ((0, height - image.shape[0]), (0, 0)), constant_values=255)
        for image in (pair.reference, np.where(pair.valid, pair.sensed, np.float32(255)))
    ]
    both: Image = np.concatenate([sides[0], gap, sides[1]], axis=1)
    return both
