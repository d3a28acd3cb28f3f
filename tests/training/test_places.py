"""Places: rasters that share ground are one, and splits never share a place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osgeo import osr

from ltcore.raster.grid import GeoGrid
from tests.data.make_rasters import wkt
from training.places import footprint, join_places, split_places

_UTM = 32633


def _grid(x, y, width=100, height=80, pixel=10.0, epsg=_UTM):
    return GeoGrid(width, height, (x, pixel, 0.0, y, 0.0, -pixel), wkt(epsg))


def _joined(*grids):
    names = [str(number) for number in range(len(grids))]
    return join_places(names, [footprint(grid) for grid in grids])


def test_overlapping_and_touching_rasters_are_one_place():
    base = _grid(500_000, 5_600_000)
    beside = _grid(501_000, 5_600_000)
    corner = _grid(502_000, 5_599_200)
    far = _grid(501_000, 5_601_000)  # 200 m further north than they reach
    assert _joined(base, beside, corner, far) == ["0", "0", "0", "3"]
    assert _joined(base, corner) == ["0", "1"]  # only the one between them joins them
    assert _joined(base, _grid(501_009, 5_600_000)) == ["0", "0"]  # a gap of less than a pixel is none
    assert _joined(base, _grid(501_030, 5_600_000)) == ["0", "1"]


def test_the_same_ground_in_another_crs_is_one_place():
    to_degrees = osr.CoordinateTransformation(*(_crs(epsg) for epsg in (_UTM, 4326)))
    lon, lat, _ = to_degrees.TransformPoint(500_500.0, 5_599_600.0)
    inside = _grid(lon - 1e-4, lat + 1e-4, 40, 40, 5e-6, 4326)
    assert _joined(_grid(500_000, 5_600_000), inside, _grid(lon + 1, lat, 40, 40, 5e-6, 4326)) == ["0", "0", "2"]


def _crs(epsg):
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(epsg)
    crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return crs


def test_both_sides_of_the_antimeridian_meet():
    crossing = _grid(645_000, 7_000_000, 100, 100, 200.0, 32660)  # UTM zone 60 ends at 180 degrees, 651 km east
    east, west = (_grid(x, 63.1, 30, 30, 1e-3, 4326) for x in (-179.99, 179.9))
    assert _joined(crossing, east, west) == ["0", "0", "0"]
    assert _joined(_grid(179.99, 63.1, 30, 30, 1e-3, 4326), east) == ["0", "0"]
    mirrored = GeoGrid(30, 30, (-179.98, -1e-3, 0.0, 63.1, 0.0, -1e-3), wkt(4326))  # columns run west
    assert _joined(mirrored, _grid(179.98, 63.1, 15, 15, 1e-3, 4326)) == ["0", "0"]
    assert _joined(_grid(645_000, 7_000_000, 10, 10, 200.0, 32660), east) == ["0", "1"]


def test_a_raster_round_the_pole_covers_it():
    polar = _grid(-1_000_000, 1_000_000, 200, 200, 10_000.0, 3413)
    near_the_pole = _grid(10_000, 10_000, 10, 10, 100.0, 3413)
    assert _joined(polar, near_the_pole, _grid(500_000, 5_600_000)) == ["0", "0", "2"]


def test_rasters_without_georeference_go_by_name():
    assert footprint(GeoGrid(10, 10)) is None
    assert footprint(GeoGrid(10, 10, (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), None)) is None
    assert join_places(["b", "a", "b"], [None, None, None]) == ["b", "a", "b"]
    assert join_places([], []) == []


def test_a_name_joins_grounds_and_ground_joins_names():
    left, right = footprint(_grid(500_000, 5_600_000)), footprint(_grid(600_000, 5_600_000))
    assert join_places(["2019", "2019", "z", "a"], [left, right, right, None]) == ["2019"] * 3 + ["a"]


_BOXES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 6)), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(boxes=_BOXES, seed=st.integers(0, 5), val=st.floats(0, 0.5), test=st.floats(0, 0.4))
def test_no_ground_in_two_splits(boxes, seed, val, test):
    shapes = [footprint(_grid(500_000 + 300 * x, 5_600_000 - 300 * y, 30 * s, 30 * s)) for x, y, s in boxes]
    places = join_places([f"{number:02d}" for number in range(len(boxes))], shapes)
    sizes = dict.fromkeys(places, 0.0)
    for place, box in zip(places, boxes):
        sizes[place] += box[2] ** 2
    splits = split_places(sizes, val, test, seed)
    for one, (place, shape) in enumerate(zip(places, shapes)):
        for other in range(one):
            assert splits[places[other]] == splits[place] or not shapes[other].intersects(shape)
    assert "train" in splits.values()


def test_joining_does_not_depend_on_the_order():
    draw = np.random.default_rng(3)
    boxes = [footprint(_grid(500_000 + 1000 * x, 5_600_000 - 800 * y)) for x, y in draw.integers(0, 12, (40, 2))]
    names = [f"{number:02d}" for number in range(40)]
    order = draw.permutation(40)
    shuffled = join_places([names[i] for i in order], [boxes[i] for i in order])
    assert dict(zip([names[i] for i in order], shuffled)) == dict(zip(names, join_places(names, boxes)))


def test_shares_are_met_and_repeatable():
    draw = np.random.default_rng(0)
    sizes = {f"place {number}": float(size) for number, size in enumerate(draw.uniform(1, 20, 200))}
    splits = split_places(sizes, 0.2, 0.1, 4)
    total = sum(sizes.values())
    for split, share in (("val", 0.2), ("test", 0.1), ("train", 0.7)):
        assert sum(size for place, size in sizes.items() if splits[place] == split) / total == pytest.approx(
            share, abs=0.02
        )
    assert splits == split_places(dict(reversed(sizes.items())), 0.2, 0.1, 4)
    assert splits != split_places(sizes, 0.2, 0.1, 5)


def test_one_place_more_moves_few_others():
    sizes = {f"place {number}": 1.0 for number in range(100)}
    before, after = split_places(sizes, 0.2, 0.2, 0), split_places({**sizes, "new": 1.0}, 0.2, 0.2, 0)
    assert sum(before[place] != after[place] for place in sizes) <= 4


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (1, ["train"]), (2, ["train", "val"]), (3, ["test", "train", "val"])]
)
def test_few_places(count, expected):
    splits = split_places({str(number): 1.0 for number in range(count)}, 0.15, 0.15, 0)
    assert sorted(splits.values()) == expected


def test_the_largest_place_trains_and_zero_shares_stay_empty():
    splits = split_places({"huge": 100.0, "a": 1.0, "b": 1.0}, 0.0, 0.9, 0)
    assert splits["huge"] == "train"
    assert "val" not in splits.values()
