"""How good the present weights are, on warped pairs of the val split that are made once."""

from __future__ import annotations

from .evaluate import MODES, DescribeFunction, score_pair, summarise, warped_pair
from .pack import Tile

_KEYPOINTS = 600


class Validation:
    """Warped pairs of tiles, and scores on them.

    Args:
        tiles: of the val split.
    """

    def __init__(self, tiles: list[Tile]) -> None:
        self._pairs = {mode: [warped_pair(tile, mode, 0, _KEYPOINTS) for tile in tiles] for mode in MODES}

    def scores(self, describe: DescribeFunction) -> dict[str, float]:
        """Returns mean scores for each mode; "correct" is the mean number of correct matches over both modes."""
        scores: dict[str, float] = {}
        for mode, pairs in self._pairs.items():
            summary = summarise([score_pair(pair, describe, mode) for pair in pairs])
            scores.update({f"{mode}_{name}": summary[name] for name in ("correct", "precision", "success")})
        scores["correct"] = sum(scores[f"{mode}_correct"] for mode in MODES) / len(MODES)
        return scores


def largest(tiles: list[Tile], count: int) -> list[Tile]:
    """Returns the `count` largest tiles."""
    return sorted(tiles, key=lambda tile: -tile.nir.numel())[:count]
