"""Which chips show the same ground, and splits that never share any."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from osgeo import osr
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from ltcore.raster.grid import GeoGrid
from ltcore.types import FloatArray

from .pack import Split

_SIDE_POINTS = 21  # of each side of an outline: straight sides are curved in another CRS
_LEAST_PLACES = 3  # wanted in val and in test
_AROUND_THE_POLE_DEG = 300.0  # an outline that spans more longitudes goes round a pole


def footprint(grid: GeoGrid, window: tuple[int, int, int, int] | None = None) -> BaseGeometry | None:
    """Returns the outline of a raster in longitude and latitude, a pixel wider, or None without georeference.

    Outlines that cross the antimeridian are there twice, on both sides of the map.

    Args:
        grid: of the raster.
        window: column, row, width and height of the part that is meant; None for the whole.
    """
    window = window or (0, 0, grid.width, grid.height)
    outline = _outline_deg(grid, window)
    if outline is None:
        return None
    spans = np.ptp(outline, axis=0)
    if spans[0] > _AROUND_THE_POLE_DEG:
        pole = 90.0 if outline[:, 1].mean() > 0 else -90.0
        low, high = sorted((pole, outline[:, 1].min() if pole > 0 else outline[:, 1].max()))
        return shapely.box(-180.0, low, 180.0, high)
    pixel = float(np.max(spans / window[2:]))
    shape: BaseGeometry = shapely.make_valid(shapely.Polygon(outline)).buffer(pixel, quad_segs=1)
    west, _, east, _ = shape.bounds
    copies = [shape]
    if west < -180.0:
        copies.append(translate(shape, 360.0))
    if east > 180.0:
        copies.append(translate(shape, -360.0))
    return shapely.union_all(copies)


def _outline_deg(grid: GeoGrid, window: tuple[int, int, int, int]) -> FloatArray | None:
    """Returns (N, 2) longitudes, without a jump, and latitudes of a window's border, or None if it has no place."""
    if not grid.is_georeferenced:
        return None
    source, target = osr.SpatialReference(), osr.SpatialReference()
    source.ImportFromWkt(grid.crs_wkt)
    target.ImportFromEPSG(4326)
    for crs in (source, target):
        crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    along = np.linspace(0, 1, _SIDE_POINTS)[:-1]
    sides = [(along, 0 * along), (0 * along + 1, along), (1 - along, 0 * along + 1), (0 * along, 1 - along)]
    border = np.concatenate([np.column_stack(side) for side in sides]) * window[2:] + window[:2]
    try:
        points = osr.CoordinateTransformation(source, target).TransformPoints(grid.to_map(border).tolist())
    except RuntimeError:
        return None  # a local CRS, or one of another planet
    outline = np.array([point[:2] for point in points], dtype=np.float64)
    if not np.isfinite(outline).all():
        return None
    outline[:, 0] = np.unwrap(outline[:, 0], period=360.0)
    return outline


def join_places(names: Sequence[str], footprints: Sequence[BaseGeometry | None]) -> list[str]:
    """Returns the place of each of N rasters: those of one name, or whose ground overlaps or touches, are one place.

    Args:
        names: place of each raster as far as its name tells.
        footprints: of each raster, or None where it is not known.

    Returns:
        For each raster the first name, in alphabetical order, of all that are joined with it.
    """
    if not names:
        return []
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    node = np.array([numbers[name] for name in names])
    located = [number for number, shape in enumerate(footprints) if shape is not None]
    shapes = np.array([footprints[number] for number in located], dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    index = np.array(located, dtype=np.intp)
    edges = coo_array((np.ones(len(first)), (node[index[first]], node[index[second]])), shape=(len(numbers),) * 2)
    _, component = connected_components(edges, directed=False)
    ordered = sorted(numbers)
    _, first_of = np.unique(component, return_index=True)
    return [ordered[first_of[component[number]]] for number in node]


def split_places(sizes: Mapping[str, float], val: float, test: float, seed: int) -> dict[str, Split]:
    """Returns the split of each place, the same for the same places and seed.

    Places are taken in an order drawn from seed and name, so that a place more or less moves few others. Each of val
    and test takes places as long as that brings it nearer to its share, first those that are small beside the share:
    many small places judge better than a large one. Train gets the rest, at least the largest place.

    Args:
        sizes: pixels of each place.
        val: share of the pixels for val; 0 gives none.
        test: share of the pixels for test; 0 gives none.
        seed: of the draw.
    """
    drawn = sorted(sizes, key=lambda place: hashlib.sha256(f"{seed}/{place}".encode()).digest())
    largest = max(drawn, key=lambda place: sizes[place], default="")
    free = [place for place in drawn if place != largest]
    total = sum(sizes.values())
    splits: dict[str, Split] = dict.fromkeys(sizes, "train")
    shares: tuple[tuple[Split, float], ...] = (("val", val), ("test", test))
    for split, share in shares:  # val first: of two places, one trains and the other says when to stop
        chosen = _take(free, sizes, share * total)
        free = [place for place in free if place not in chosen]
        splits.update(dict.fromkeys(chosen, split))
    return splits


def _take(places: Sequence[str], sizes: Mapping[str, float], wanted: float) -> set[str]:
    """Returns places whose sizes add up to about `wanted`, at least the smallest one unless nothing is wanted."""
    taken: set[str] = set()
    if wanted <= 0 or not places:
        return taken
    got = 0.0
    for place in sorted(places, key=lambda place: sizes[place] > wanted / _LEAST_PLACES):  # keeps the drawn order
        if abs(got + sizes[place] - wanted) < abs(got - wanted):
            taken.add(place)
            got += sizes[place]
    return taken or {min(places, key=lambda place: sizes[place])}
