"""Why there are no tie points here: every cell of the overlap without a good one, with the reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from .aligned import read_aligned
from .features.sift import detect_keypoints
from .frame import Frame
from .geometry.transforms import Transform
from .levels import Level, at_level, coarse_factor
from .raster.aoi import AreaOfInterest
from .raster.read import Window
from .types import FloatArray, GapReason, Gaps, TiePoints

_LEAST_CELL_PX = 64  # a smaller cell would hold no window of its own
_MOST_CELLS = 32  # along the longer side
_MIN_SHARED = 0.5  # of a cell's pixels that both images must show
_MIN_FOUND = 0.5  # of a cell's keypoints; fewer tie points off the transform are chance, not a thing that moved
_KEYPOINTS = 10_000  # looked for where nothing was found, to tell "no texture" from "no match"


@dataclass(frozen=True)
class CellGrid:
    """Nearly square cells over a window of the reference's working grid."""

    window: Window
    columns: int
    rows: int

    def count(self, xy: FloatArray) -> NDArray[np.intp]:
        """Returns how many of (N, 2) working px lie in, or nearest to, each cell."""
        cells = self._row_of(xy[:, 1]) * self.columns + self._column_of(xy[:, 0])
        counts: NDArray[np.intp] = np.bincount(cells, minlength=self.columns * self.rows)
        return counts

    def count_pixels(self, mask: NDArray[np.bool_], window: Window, scale: FloatArray) -> NDArray[np.intp]:
        """Returns how many pixels of an (H, W) mask are True in each cell.

        Args:
            mask: a window of a level.
            window: that window, px of the level.
            scale: (2,) working px a px of the level.
        """
        column = self._column_of((window.x + np.arange(window.width) + 0.5) * scale[0])
        row = self._row_of((window.y + np.arange(window.height) + 0.5) * scale[1])
        in_column = (column[:, None] == np.arange(self.columns)).astype(np.float32)
        in_row = (row[:, None] == np.arange(self.rows)).astype(np.float32)
        counts: NDArray[np.intp] = np.rint(in_row.T @ (mask @ in_column)).astype(np.intp).ravel()
        return counts

    def _column_of(self, x: FloatArray) -> NDArray[np.intp]:
        return _numbered((x - self.window.x) * self.columns / self.window.width, self.columns)

    def _row_of(self, y: FloatArray) -> NDArray[np.intp]:
        return _numbered((y - self.window.y) * self.rows / self.window.height, self.rows)

    def corners(self) -> FloatArray:
        """Returns the (cells, 4, 2) corners of all cells, working px."""
        x = np.linspace(self.window.x, self.window.x + self.window.width, self.columns + 1)
        y = np.linspace(self.window.y, self.window.y + self.window.height, self.rows + 1)
        left, top = (edge.ravel() for edge in np.meshgrid(x[:-1], y[:-1]))
        right, bottom = (edge.ravel() for edge in np.meshgrid(x[1:], y[1:]))
        corners: FloatArray = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
        return corners


def _numbered(place: FloatArray, count: int) -> NDArray[np.intp]:
    numbers: NDArray[np.intp] = np.clip(np.floor(place), 0, count - 1).astype(np.intp)
    return numbers


@dataclass(frozen=True)
class Survey:
    """What the search saw of each cell, by rows.

    Attributes:
        grid: the cells.
        read: pixels read of it.
        shared: those that both images show.
        keypoints: keypoints of the reference found there.
        measured: those whose surroundings were compared with the sensed image.
    """

    grid: CellGrid
    read: NDArray[np.intp]
    shared: NDArray[np.intp]
    keypoints: NDArray[np.intp]
    measured: NDArray[np.intp]

    def __add__(self, other: Survey) -> Survey:
        """Returns what two searches of different parts saw together."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("read", "shared", "keypoints", "measured"))
        return Survey(self.grid, *(one + two for one, two in pairs))


def cell_grid(level: Level) -> CellGrid:
    """Returns the cells of a level's overlap: at least 64 working px a side, at most 32 along the longer side."""
    low = np.array([level.window.x, level.window.y]) * level.reference_scale
    size = np.array([level.window.width, level.window.height]) * level.reference_scale
    x, y, width, height = (round(float(number)) for number in (*low, *size))
    side = max(_LEAST_CELL_PX, max(width, height) / _MOST_CELLS)
    return CellGrid(Window(x, y, width, height), max(1, math.floor(width / side)), max(1, math.floor(height / side)))


def nothing_seen(level: Level) -> Survey:
    """Returns the survey before the search."""
    grid = cell_grid(level)
    none = np.zeros(grid.columns * grid.rows, np.intp)
    return Survey(grid, none, none, none, none)


def find_gaps(
    frame: Frame, aoi: AreaOfInterest, survey: Optional[Survey], points: TiePoints, agreed: NDArray[np.bool_]
) -> Gaps:
    """Returns the cells without a tie point that the transform rests on, and why.

    Args:
        frame: the pair.
        aoi: the area in which keypoints were looked for.
        survey: what the fine stage saw, or None if it was not reached: then the reference alone is looked at.
        points: K tie points, working px.
        agreed: (K,) those the transform rests on; all False without a transform.
    """
    survey = _survey_without_transform(frame) if survey is None else survey
    grid = survey.grid
    count = grid.count(points.reference_xy)
    corners = frame.reference.view.to_source(grid.corners().reshape(-1, 2)).reshape(-1, 4, 2)
    outside = ~aoi.contains(corners.mean(axis=1))
    conditions: list[tuple[GapReason, NDArray[np.bool_]]] = [  # the first that holds
        ("outlier", (count > 0) & (count >= _MIN_FOUND * survey.measured)),
        ("not searched", outside | (survey.read == 0)),
        ("nodata", survey.shared < _MIN_SHARED * survey.read),
        ("no match", survey.measured > 0),
        ("no texture", survey.keypoints == 0),
        ("nodata", survey.shared < survey.read),  # the keypoints' windows reached too far beyond the images
        ("not searched", np.ones_like(outside)),  # more keypoints than tie points were asked for
    ]
    numbers = np.argmax([holds for _, holds in conditions], axis=0)
    names = [name for name, _ in conditions]
    empty = np.flatnonzero(grid.count(points.reference_xy[agreed]) == 0)
    return Gaps(len(corners), corners[empty], tuple(names[number] for number in numbers[empty]))


def _survey_without_transform(frame: Frame) -> Survey:
    """Returns what a coarse look at the reference shows; every keypoint counts as compared."""
    level = at_level(frame, Transform("shift", np.eye(3)), coarse_factor(frame))
    grid = cell_grid(level)
    image = level.reference.read(level.window)
    shared = image.valid
    if frame.has_prior:
        shared = shared & read_aligned(level.sensed, level.window, level.transform).valid
    found = detect_keypoints(image.values, shared, _KEYPOINTS).xy + np.array([level.window.x, level.window.y])
    pixels = [grid.count_pixels(mask, level.window, level.reference_scale) for mask in (np.ones_like(shared), shared)]
    keypoints = grid.count(found * level.reference_scale)
    return Survey(grid, pixels[0], pixels[1], keypoints, keypoints)
