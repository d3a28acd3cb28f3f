"""The fine stage: evenly spread keypoints of the reference are found in the sensed image to a fraction of a pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .config import FitConfig
from .features.keypoints import evenly_spread
from .frame import Frame
from .gaps import Survey, nothing_seen
from .geometry.models import PlaneMap
from .geometry.robust import Consensus, consensus, polish
from .geometry.transforms import Transform
from .levels import Level, at_level
from .progress import Progress, SubProgress, checkpoint
from .raster.aoi import AreaOfInterest
from .raster.read import Window
from .tile import AROUND_KEYPOINTS, Candidates, Windows, joined, measure_tile
from .types import TiePoints

_TILE_PX = 1024
_MAX_TILES = 64  # tiles searched at a level, evenly spread, so that the cost does not grow with the raster
_POINTS_A_TILE = 25  # fewer a tile would not be worth reading it
_PX_A_POINT = 110.0  # side of the ground searched for a tie point wanted: more shows keypoints that nobody needs
_LEVEL_STEP = 4.0  # from one pyramid level to the next
_PASS_POINTS = 400  # tie points enough to align the images for the next pass
_SPARE = 1.5  # keypoints tried a tie point wanted: some find no partner


@dataclass(frozen=True)
class FineResult:
    """Tie points with both positions in full-resolution px of the working grids, and what the last pass saw."""

    points: TiePoints
    survey: Survey

    @property
    def candidates(self) -> int:
        """How many keypoints were looked for in the sensed image."""
        return int(self.survey.measured.sum())


def candidates_for(aoi: AreaOfInterest, tie_points: int, windows: Windows = AROUND_KEYPOINTS) -> Candidates:
    """Returns the candidates for so many tie points inside an area."""
    return Candidates(aoi, math.ceil(_SPARE * tie_points), windows)


def fine_tie_points(
    frame: Frame, start: Transform, level: float, candidates: Candidates, fit: FitConfig, progress: Progress
) -> FineResult:
    """Returns sub-pixel tie points, going from the coarse level down to full resolution.

    In each pass the sensed image is resampled through the transform known so far, the remaining offsets are
    measured, and the transform is fitted anew; full resolution is passed twice, so that the windows of the last
    pass show the same ground.

    Args:
        frame: the pair.
        start: sensed -> reference, full-resolution working px.
        level: decimation `start` was found at.
        candidates: places of the reference to be found again.
        fit: number of tie points, thresholds and seed.
        progress: told of each pass and tile.
    """
    factors = [1.0, 1.0]
    while factors[0] * _LEVEL_STEP < level:
        factors.insert(0, factors[0] * _LEVEL_STEP)
    transform = start
    result = FineResult(joined([]), nothing_seen(at_level(frame, start, 1.0)))
    for number, factor in enumerate(factors):
        last = number == len(factors) - 1
        share = SubProgress(progress, number / len(factors), (number + 1) / len(factors))
        share.report(0.0, f"Measuring tie points, pass {number + 1} of {len(factors)}")
        count = fit.max_tie_points if last else min(_PASS_POINTS, fit.max_tie_points)
        result = _measure_pass(at_level(frame, transform, factor), candidates, count, share)
        if not last:
            transform = _improved(transform, result.points, 3 * fit.coarse_threshold_px * factor, fit.seed)
    return result


def measure_through(
    frame: Frame,
    transform: PlaneMap,
    aoi: AreaOfInterest,
    at_most: int,
    progress: Progress,
    windows: Windows = AROUND_KEYPOINTS,
) -> FineResult:
    """Returns at most so many sub-pixel tie points, measured once at full resolution through a transform that is right
    to a few pixels, sensed -> reference, full-resolution working px."""
    level = at_level(frame, transform, 1.0)
    return _measure_pass(level, candidates_for(aoi, at_most, windows), at_most, progress)


def _improved(transform: Transform, points: TiePoints, threshold_px: float, seed: int) -> Transform:
    """Returns the transform fitted anew, or as it was where the points do not allow it.

    The threshold is wide: what the coarse transform cannot follow (perspective, lenses, relief) is no outlier yet.
    """
    model: Consensus = "projective" if len(points) >= 40 else "affine"
    agreed = consensus(model, points.sensed_xy, points.reference_xy, threshold_px, seed)
    if not isinstance(agreed, Transform):
        return transform
    better, _ = polish(model, points.sensed_xy, points.reference_xy, agreed, threshold_px)
    return better if isinstance(better, Transform) else transform


def _measure_pass(level: Level, candidates: Candidates, count: int, progress: Progress) -> FineResult:
    at_most = min(_MAX_TILES, math.ceil(count / _POINTS_A_TILE))
    # A spline has to know where it goes everywhere: nodes of a lattice, which cost little, are spread over whole tiles.
    ground_px = math.inf if candidates.windows.lattice_px is not None else count * _PX_A_POINT**2
    tiles = _tiles(level.window, at_most, ground_px)
    wanted = math.ceil(_SPARE * count / len(tiles))
    parts: list[TiePoints] = []
    survey = nothing_seen(level)
    for number, tile in enumerate(tiles):
        checkpoint(progress)
        points, seen = measure_tile(level, tile, candidates, wanted)
        parts.append(points)
        survey += seen
        progress.report((number + 1) / len(tiles))
    points = joined(parts)
    place = points.reference_xy / level.reference_scale - [level.window.x, level.window.y]
    kept = evenly_spread(place, points.score, (level.window.width, level.window.height), count)
    return FineResult(points.take(np.sort(kept)), survey)


def _tiles(overlap: Window, at_most: int, ground_px: float) -> list[Window]:
    """Returns tiles that cover the overlap side by side where that is allowed, else the middles of as many equal parts.

    Args:
        overlap: window of the level.
        at_most: largest number of tiles.
        ground_px: px of all tiles together, at most about so many.
    """
    columns, rows = (math.ceil(side / _TILE_PX) for side in (overlap.width, overlap.height))
    if columns * rows > at_most:
        share = math.sqrt(at_most / (columns * rows))
        columns = min(at_most, max(1, math.floor(columns * share + 1e-9)))
        rows = min(rows, at_most // columns)
    side_px = min(_TILE_PX, math.sqrt(ground_px / (columns * rows)))
    x, y = _middles(overlap.x, overlap.width, columns, side_px), _middles(overlap.y, overlap.height, rows, side_px)
    return [Window(left, top, width, height) for top, height in y for left, width in x]


def _middles(start: int, length: int, count: int, longest: float) -> list[tuple[int, int]]:
    """Returns first pixel and length of the middles of equal parts, the whole parts where they are short enough."""
    edges = np.linspace(start, start + length, count + 1).round().astype(int).tolist()
    kept = [min(end - begin, math.ceil(longest)) for begin, end in zip(edges, edges[1:])]
    return [(begin + (end - begin - size) // 2, size) for begin, end, size in zip(edges, edges[1:], kept)]
