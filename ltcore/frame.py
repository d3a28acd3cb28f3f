"""The common frame of a pair: both rasters as views, and what their georeference says of each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, Optional

import numpy as np

from .config import RasterSource
from .errors import InputError
from .raster.crs import metres_per_unit
from .raster.grid import GeoGrid
from .raster.radiometry import Stretch, percentile_stretch
from .raster.read import MaskedImage, RasterView, Window, grid_of, transform_points
from .raster.views import plain_view, warped_view
from .types import FloatArray

Search = Literal["given", "wider", "free"]

_WIDER = 4.0  # the second search looks this much farther than the first
_FINER_IS_FINE = 1.1  # pixel-size ratio up to which the reference grid itself is the working grid
_OUTLINE_POINTS = 21
_SMALL_PX, _MOST_FINER = 160, 4  # a smaller overlap gets finer working px, so that windows of the fine stage have room


@dataclass(frozen=True)
class Scene:
    """One raster of the pair as the matching sees it: a view with its contrast stretch."""

    view: RasterView
    stretch: Stretch

    def decimated(self, factor: float) -> Scene:
        """Returns the scene with pixels `factor` times as large."""
        return Scene(self.view.decimated(factor), self.stretch)

    def read(self, window: Window) -> MaskedImage:
        """Returns the window stretched to 0..255."""
        return self.stretch(self.view.read(window))


@dataclass(frozen=True)
class Frame:
    """Both rasters on their working grids.

    Attributes:
        reference: the reference raster.
        sensed: the sensed raster; with a prior on the reference's working grid, else on its own.
        overlap: window of the reference's working grid worth matching.
        max_offset_px: radius of the search in working px, or None without a prior.
        prior: 3x3 matrix sensed px -> reference px (own grids, edge) that the georeference implies, linearised
            over the overlap; the identity without georeference.
        one_pixel_size: whether georeference gave both working grids pixels of one size.
        finer: working px along a px of the coarser raster: more than 1 where that has few.
        notes: sentences on what of the rasters was not used.
    """

    reference: Scene
    sensed: Scene
    overlap: Window
    max_offset_px: Optional[float]
    prior: FloatArray
    one_pixel_size: bool
    finer: int = 1
    notes: tuple[str, ...] = ()

    @property
    def has_prior(self) -> bool:
        """Whether georeference places both rasters on one grid."""
        return self.max_offset_px is not None

    @property
    def working_px(self) -> float:
        """Size of a working px in px of the reference raster."""
        x, y = self.overlap.x + self.overlap.width / 2, self.overlap.y + self.overlap.height / 2
        corner, right, down = self.reference.view.to_source([[x, y], [x + 1, y], [x, y + 1]])
        return math.sqrt(abs(float(np.linalg.det([right - corner, down - corner]))))

    @property
    def coarser_px(self) -> float:
        """Size of a px of the coarser raster in px of the reference: what is measured is good to shares of it."""
        return self.working_px * self.finer


def build_frame(
    reference: Any,
    sensed: Any,
    reference_source: RasterSource,
    sensed_source: RasterSource,
    max_offset: str,
    search: Search = "given",
) -> Frame:
    """Returns the frame of two open datasets.

    Args:
        reference: GDAL dataset.
        sensed: GDAL dataset.
        reference_source: its name and band.
        sensed_source: its name and band.
        max_offset: largest expected offset, "100" in px of the coarser raster or "250m".
        search: how far georeference is believed: "given" as far as `max_offset`, "wider" four times as far, "free"
            not at all but for the pixel size; makes no difference without georeference.

    Raises:
        InputError: the rasters do not overlap, one is blank, or metres are asked for without georeference.
    """
    grid, sensed_grid = grid_of(reference), grid_of(sensed)
    if not (grid.is_georeferenced and sensed_grid.is_georeferenced):
        if max_offset.endswith("m"):
            raise InputError(
                f"The largest offset was given in metres ('{max_offset}'), but not both rasters are georeferenced.",
                fix="Give it in pixels, or leave it out: without georeference the whole image is searched.",
            )
        views = plain_view(reference, reference_source), plain_view(sensed, sensed_source)
        notes = _unused_georeference(reference, reference_source) + _unused_georeference(sensed, sensed_source)
        return replace(
            _frame(views, (reference_source, sensed_source), views[0].full_window, None, np.eye(3), False), notes=notes
        )
    outline = _outline_in_reference(reference, sensed)
    working = _working_grid(grid, outline)
    finer = _finer(grid, working, outline)
    working = _divided(working, finer)
    if grid.is_rotated or (grid.geotransform or (0,) * 6)[5] > 0:
        reference_view = warped_view(reference, reference_source, working)
    else:
        reference_view = _resized(plain_view(reference, reference_source), working)
    sensed_place = _bounds(reference_view.from_source(outline[:, 2:]))
    radius = _radius(max_offset, working, finer, sensed_place, search)
    overlap = _overlap(working, sensed_place, radius)
    if overlap is None:
        raise _no_overlap(grid, outline, reference_source, sensed_source)
    target = working if search != "free" else _sensed_working_grid(working, sensed_place)
    views = reference_view, warped_view(sensed, sensed_source, target)
    prior = _linear_prior(reference, sensed, outline, grid)
    sources = reference_source, sensed_source
    frame = _frame(views, sources, overlap, None if search == "free" else radius, prior, True)
    return replace(frame, finer=finer)


def _frame(
    views: tuple[RasterView, RasterView],
    sources: tuple[RasterSource, RasterSource],
    overlap: Window,
    offset_px: Optional[float],
    prior: FloatArray,
    one_pixel_size: bool,
) -> Frame:
    scenes = [Scene(view, percentile_stretch(view, source.path.name)) for view, source in zip(views, sources)]
    return Frame(scenes[0], scenes[1], overlap, offset_px, prior, one_pixel_size)


def _outline_in_reference(reference: Any, sensed: Any) -> FloatArray:
    """Returns (N, 4) rows [sensed x, y, reference x, y] over the sensed raster, where PROJ can transform."""
    steps = np.linspace(0, 1, _OUTLINE_POINTS)
    x, y = np.meshgrid(steps * sensed.RasterXSize, steps * sensed.RasterYSize)
    points = np.column_stack([x.ravel(), y.ravel()])
    try:
        moved = transform_points(sensed, reference, points, inverse=False)
    except RuntimeError as error:
        raise InputError(
            "The CRS of one raster cannot be transformed into that of the other.", str(error).strip()
        ) from error
    rows = np.hstack([points, moved])
    placed: FloatArray = rows[np.isfinite(rows).all(axis=1)]
    if len(placed) < 4:
        raise InputError(
            "The sensed raster cannot be placed in the CRS of the reference.", fix="Check the CRS of both rasters."
        )
    return placed


def _working_grid(grid: GeoGrid, outline: FloatArray) -> GeoGrid:
    """Returns a north-up grid over the reference's extent with the coarser of both pixel sizes."""
    area = abs(np.linalg.det(_least_squares_affine(outline)[:2, :2]))  # reference px^2 a sensed px^2
    factor = max(1.0, math.sqrt(area))
    factor = 1.0 if factor <= _FINER_IS_FINE else factor
    corners = grid.to_map([[0, 0], [grid.width, 0], [0, grid.height], [grid.width, grid.height]])
    (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
    _, a, b, _, d, e = grid.geotransform or (0, 1, 0, 0, 0, 1)
    width = max(1, round((right - left) / (math.hypot(a, d) * factor)))
    height = max(1, round((top - bottom) / (math.hypot(b, e) * factor)))
    geotransform = (left, (right - left) / width, 0.0, top, 0.0, (bottom - top) / height)
    return GeoGrid(width, height, geotransform, grid.crs_wkt)


def _finer(grid: GeoGrid, working: GeoGrid, outline: FloatArray) -> int:
    """Returns into how many parts a working px is to be divided, 1 where the rasters share enough of them."""
    size = np.array([grid.width, grid.height])
    low, high = outline[:, 2:].min(axis=0), outline[:, 2:].max(axis=0)
    shared = (np.clip(high, 0, size) - np.clip(low, 0, size)) * [working.width, working.height] / size
    return min(_MOST_FINER, math.ceil(_SMALL_PX / max(1.0, float(shared.min()))))


def _divided(grid: GeoGrid, parts: int) -> GeoGrid:
    """Returns the same extent with so many px along each px."""
    x0, size_x, _, y0, _, size_y = grid.geotransform or (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    geotransform = (x0, size_x / parts, 0.0, y0, 0.0, size_y / parts)
    return GeoGrid(grid.width * parts, grid.height * parts, geotransform, grid.crs_wkt)


def _resized(view: RasterView, grid: GeoGrid) -> RasterView:
    return replace(view, width=grid.width, height=grid.height)


def _offset_px(text: str, working: GeoGrid, finer: int) -> float:
    if not text.endswith("m"):
        return float(text) * finer
    pixel = working.pixel_size_map or 1.0
    centre = working.to_map([[working.width / 2, working.height / 2]])[0]
    return float(text[:-1]) / (pixel * metres_per_unit(working.crs_wkt or "", float(centre[1])))


def _bounds(points: FloatArray) -> Window:
    low, high = np.floor(points.min(axis=0)).astype(int), np.ceil(points.max(axis=0)).astype(int)
    return Window(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def _radius(max_offset: str, working: GeoGrid, finer: int, sensed_place: Window, search: Search) -> float:
    """Returns how far from the place the georeference names is searched, working px.

    The free search goes as far as the sensed raster is large: farther off its georeference is worth nothing at all.
    """
    if search == "free":
        return float(max(sensed_place.width, sensed_place.height))
    return _offset_px(max_offset, working, finer) * (_WIDER if search == "wider" else 1.0)


def _overlap(working: GeoGrid, sensed_place: Window, margin_px: float) -> Optional[Window]:
    """Returns the window of the working grid under the sensed raster grown by the margin, or None."""
    place = sensed_place
    x1, y1 = place.x + place.width, place.y + place.height
    touches = place.x < working.width and place.y < working.height and x1 > 0 and y1 > 0
    if not touches:
        return None
    margin = math.ceil(margin_px)
    left, top = max(0, place.x - margin), max(0, place.y - margin)
    right, bottom = min(working.width, x1 + margin), min(working.height, y1 + margin)
    return Window(left, top, right - left, bottom - top)


def _sensed_working_grid(working: GeoGrid, sensed_place: Window) -> GeoGrid:
    """Returns a grid of the working pixel size over the sensed raster, at most the reference's size beyond that."""
    reach = max(working.width, working.height)
    left, top = max(-reach, sensed_place.x), max(-reach, sensed_place.y)
    right = min(working.width + reach, sensed_place.x + sensed_place.width)
    bottom = min(working.height + reach, sensed_place.y + sensed_place.height)
    x0, size_x, _, y0, _, size_y = working.geotransform or (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    geotransform = (x0 + left * size_x, size_x, 0.0, y0 + top * size_y, 0.0, size_y)
    return GeoGrid(right - left, bottom - top, geotransform, working.crs_wkt)


def _unused_georeference(dataset: Any, source: RasterSource) -> tuple[str, ...]:
    """Returns a sentence on ground control points or RPCs that stand in a raster without geotransform."""
    if grid_of(dataset).geotransform is not None:
        return ()
    count = dataset.GetGCPCount()
    has_rpc = bool(dataset.GetMetadata("RPC"))
    if not count and not has_rpc:
        return ()
    kinds = f"{count} ground control points" if count else "rational polynomial coefficients (RPCs)"
    return (
        f"'{source.path.name}' has {kinds} but no geotransform: they were not used. "
        f"To use them, warp the raster first (gdalwarp {'-tps' if count else '-rpc'} IN OUT).",
    )


def _linear_prior(reference: Any, sensed: Any, outline: FloatArray, grid: GeoGrid) -> FloatArray:
    inside = ((outline[:, 2:] >= 0) & (outline[:, 2:] <= [grid.width, grid.height])).all(axis=1)
    return _least_squares_affine(outline[inside] if inside.sum() >= 6 else outline)


def _least_squares_affine(outline: FloatArray) -> FloatArray:
    rows = np.column_stack([outline[:, :2], np.ones(len(outline))])
    solution, *_ = np.linalg.lstsq(rows, outline[:, 2:], rcond=None)
    return np.vstack([solution.T, [0.0, 0.0, 1.0]])


def _no_overlap(
    grid: GeoGrid, outline: FloatArray, reference_source: RasterSource, sensed_source: RasterSource
) -> InputError:
    low, high = outline[:, 2:].min(axis=0), outline[:, 2:].max(axis=0)
    gap_px = np.maximum(0, np.maximum(low - [grid.width, grid.height], -high))
    pixel = grid.pixel_size_map or 1.0
    metres = float(np.hypot(*gap_px)) * pixel * metres_per_unit(grid.crs_wkt or "", float(grid.to_map([[0, 0]])[0, 1]))
    distance = f"{metres / 1000:.1f} km" if metres >= 1000 else f"{metres:.0f} m"
    return InputError(
        f"'{reference_source.path.name}' and '{sensed_source.path.name}' do not overlap: "
        f"their extents are {distance} apart.",
        fix="Check the CRS and the georeference of both rasters.",
    )
