"""One tile of the fine stage: its keypoints found in the sensed image, and what its cells saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from .aligned import read_aligned
from .features.keypoints import spread_evenly
from .features.sift import detect_keypoints, detect_keypoints_halved
from .gaps import Survey, cell_grid
from .levels import Level
from .raster.aoi import AreaOfInterest
from .raster.radiometry import gradient_magnitude
from .raster.read import MaskedImage, Window
from .refine import WINDOW_PX, Offsets, measure_offsets
from .stopwatch import stage
from .types import FloatArray, Keypoints, TiePoints

_MIN_VALID_SHARE = 0.75  # of a window, in both images
_FAR_APART_PX = 64.0  # keypoints wanted farther apart are detected at half the size: a quarter of the time


@dataclass(frozen=True)
class Windows:
    """The windows that are compared.

    Attributes:
        side_px: their side, even.
        search_px: largest offset looked for along each axis, under half the side.
        least_ratio: of the highest to the second-highest peak.
        lattice_px: they lie on a lattice of this distance; None: around keypoints.
        smooth_px: Gaussian under which gradients are taken.
    """

    side_px: int = WINDOW_PX
    search_px: int = 16
    least_ratio: float = 1.15
    lattice_px: Optional[float] = None
    smooth_px: float = 0.5

    def clear(self, found: Offsets) -> NDArray[np.bool_]:
        """Returns the (K,) mask of offsets that can be believed."""
        mask: NDArray[np.bool_] = (found.peak_ratio >= self.least_ratio) & ~found.on_edge & (found.correlation > 0)
        return mask


AROUND_KEYPOINTS = Windows()
IN_NOISE = Windows(2 * WINDOW_PX, smooth_px=1.0)


@dataclass(frozen=True)
class Candidates:
    """Places of the reference to be found again; keypoints are detected once a tile.

    Attributes:
        aoi: only places inside are looked for.
        at_most: largest number of places a tile.
        windows: what is compared around them.
        known: keypoints of the tiles read so far, by width of the level, tile and whether at half the size.
    """

    aoi: AreaOfInterest
    at_most: int
    windows: Windows = AROUND_KEYPOINTS
    known: dict[tuple[int, Window, bool], Keypoints] = field(default_factory=dict)

    def places(
        self, level: Level, tile: Window, image: MaskedImage, common: NDArray[np.bool_], count: int
    ) -> Keypoints:
        """Returns the keypoints, or nodes of the lattice, of a tile read with its margin, px of what was read: enough
        to choose `count` of them."""
        if self.windows.lattice_px is not None:
            return _lattice(tile, self.windows, self.at_most)
        halved = tile.width * tile.height > count * _FAR_APART_PX**2
        place = (level.reference.view.width, tile, halved)
        if place not in self.known:  # both passes at full resolution look at the same tiles
            detect = detect_keypoints_halved if halved else detect_keypoints
            with stage("detect"):
                self.known[place] = detect(image.values, common, self.at_most)
        return self.known[place]

    def corners(
        self, level: Level, tile: Window, keypoints: Keypoints, common: NDArray[np.bool_], count: int
    ) -> NDArray[np.intp]:
        """Returns (K, 2) first pixels of the windows around about `count` places, in a tile read with its margin."""
        height, width = common.shape
        chosen = spread_evenly(keypoints, (width, height), count)
        half = self.windows.side_px // 2
        corners = np.floor(chosen.xy).astype(np.intp) - half
        in_tile = (corners >= 0).all(axis=1) & (corners < [tile.width, tile.height]).all(axis=1)
        corners = np.unique(corners[in_tile], axis=0)
        x, y = (corners + half).T
        shared = uniform_filter(common.astype(np.float32), 2 * half, mode="constant")[y, x] >= _MIN_VALID_SHARE
        own_xy = level.reference.view.to_source(corners + np.array([tile.x, tile.y]))
        kept: NDArray[np.intp] = corners[shared & self.aoi.contains(own_xy)]
        return kept


def measure_tile(level: Level, tile: Window, candidates: Candidates, wanted: int) -> tuple[TiePoints, Survey]:
    """Returns a tile's tie points in full-resolution working px, and what its cells saw.

    More than the tile is read, so that the window of every keypoint in the tile is whole.

    Args:
        level: both scenes and the transform so far.
        tile: window of the level's overlap.
        candidates: places to be found again.
        wanted: how many of them to try.
    """
    windows = candidates.windows
    half = windows.side_px // 2
    read = Window(tile.x - half, tile.y - half, tile.width + 2 * half, tile.height + 2 * half)
    image = level.reference.read(read)
    aligned = read_aligned(level.sensed, read, level.transform)
    common = image.valid & aligned.valid
    if not common.any():
        return joined([]), _surveyed(level, tile, common, np.zeros((0, 2)), np.zeros((0, 2), np.intp))
    places = candidates.places(level, tile, image, common, wanted)
    corners = candidates.corners(level, tile, places, common, wanted)
    gradients = gradient_magnitude(image, windows.smooth_px), gradient_magnitude(aligned, windows.smooth_px)
    found = measure_offsets(*gradients, corners, windows.search_px, windows.side_px)
    clear = windows.clear(found)
    at_reference = corners[clear] + np.array([tile.x, tile.y], dtype=np.float64)
    at_sensed = level.transform.inverse()(at_reference + found.offset_px[clear])
    points = TiePoints(
        at_reference * level.reference_scale,
        at_sensed * level.sensed_scale,
        np.clip(found.correlation[clear], 0, 1),
        found.covariance_px2[clear] * np.outer(level.reference_scale, level.reference_scale),
    )
    return points, _surveyed(level, tile, common, places.xy, corners + half)


def _lattice(tile: Window, windows: Windows, at_most: int) -> Keypoints:
    """Returns the nodes of a lattice over a tile, farther apart where there would be too many, px of what is read."""
    step = max(windows.lattice_px or 1.0, float(np.sqrt(tile.width * tile.height / at_most)))
    along, down = (windows.side_px // 2 + np.arange(step / 2, side, step) for side in (tile.width, tile.height))
    x, y = np.meshgrid(along, down)
    same = np.ones(x.size)
    return Keypoints(np.column_stack([x.ravel(), y.ravel()]), same, same, same)


def _surveyed(
    level: Level, tile: Window, common: NDArray[np.bool_], keypoints: FloatArray, measured: NDArray[np.intp]
) -> Survey:
    """Returns what was seen in a tile; `keypoints` (N, 2) and `measured` (M, 2) in px of what was read."""
    cells, half, scale = cell_grid(level), (common.shape[0] - tile.height) // 2, level.reference_scale
    inside = common[half : half + tile.height, half : half + tile.width]
    pixels = [cells.count_pixels(mask, tile, scale) for mask in (np.ones_like(inside), inside)]
    low, high = np.array([half, half]), np.array([half + tile.width, half + tile.height])
    within = [xy[((xy >= low) & (xy < high)).all(axis=1)] for xy in (keypoints, measured.astype(np.float64))]
    places = [(xy + np.array([tile.x - half, tile.y - half])) * scale for xy in within]
    return Survey(cells, *pixels, *(cells.count(xy) for xy in places))


def joined(parts: list[TiePoints]) -> TiePoints:
    """Returns the tie points of all tiles."""
    if not parts:
        return TiePoints.none()
    return TiePoints(*(np.concatenate([getattr(part, name) for part in parts]) for name in TiePoints.__annotations__))
