from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltcore.raster.grid import GeoGrid

coordinate = st.floats(-1e7, 1e7)
size = st.floats(1e-5, 1e4)


@st.composite
def geotransforms(draw: st.DrawFn) -> tuple[float, ...]:
    """Any non-singular geotransform: turned, sheared, mirrored, south-up, of unequal sides."""
    angle, shear = draw(st.floats(0, 2 * np.pi)), draw(st.floats(-0.5, 0.5))
    width, height = draw(size), draw(size) * draw(st.sampled_from([-1, 1]))
    return (
        draw(coordinate),
        width * np.cos(angle),
        height * (shear * np.cos(angle) - np.sin(angle)),
        draw(coordinate),
        width * np.sin(angle),
        height * (shear * np.sin(angle) + np.cos(angle)),
    )


@given(geotransforms(), st.lists(st.tuples(st.floats(-1e4, 1e5), st.floats(-1e4, 1e5)), max_size=5))
def test_pixel_to_map_and_back(geotransform: tuple[float, ...], points: list[tuple[float, float]]) -> None:
    grid = GeoGrid(100, 80, geotransform)
    there = grid.to_map(points)
    shorter_side = min(np.linalg.norm(geotransform[1::3]), np.linalg.norm(geotransform[2::3]))
    resolution = 1e-14 * (1e7 + np.abs(there).max(initial=0)) / shorter_side  # of the map's doubles, in pixels
    np.testing.assert_allclose(grid.to_pixel(there), np.reshape(points, (-1, 2)), atol=1e-6 + resolution)


def test_corners_of_a_north_up_grid() -> None:
    grid = GeoGrid(100, 50, (500_000, 2, 0, 5_600_000, 0, -2), "crs")
    np.testing.assert_allclose(grid.to_map([[0, 0], [100, 50]]), [[500_000, 5_600_000], [500_200, 5_599_900]])
    assert grid.is_georeferenced
    assert not grid.is_rotated
    assert grid.pixel_size_map == 2


def test_the_first_pixel_has_its_centre_at_one_half() -> None:
    grid = GeoGrid(10, 10, (0, 4, 0, 0, 0, -4))
    np.testing.assert_allclose(grid.to_map([[0.5, 0.5]]), [[2, -2]])


@pytest.mark.parametrize(
    ("geotransform", "rotated"),
    [
        ((0, 1, 0, 0, 0, 1), False),
        ((0, -1, 0, 0, 0, -1), False),
        ((0, 1, 0.1, 0, 0, -1), True),
        ((0, 0, 1, 0, 1, 0), True),
    ],
)
def test_rotation(geotransform: tuple[float, ...], rotated: bool) -> None:
    assert GeoGrid(5, 5, geotransform).is_rotated is rotated


def test_pixel_size_is_the_root_of_the_area() -> None:
    assert GeoGrid(5, 5, (0, 3, 4, 0, 4, -3)).pixel_size_map == pytest.approx(5)
    assert GeoGrid(5, 5, (0, 2, 0, 0, 0, 8)).pixel_size_map == pytest.approx(4)


def test_without_geotransform() -> None:
    grid = GeoGrid(10, 20)
    assert not grid.is_georeferenced
    assert not grid.is_rotated
    assert grid.pixel_size_map is None
    with pytest.raises(ValueError, match="no geotransform"):
        grid.to_map([[0, 0]])
    with pytest.raises(ValueError, match="no geotransform"):
        grid.to_pixel([[0, 0]])


def test_a_geotransform_without_crs_places_nothing_on_the_earth() -> None:
    assert not GeoGrid(10, 20, (0, 1, 0, 0, 0, -1)).is_georeferenced
    assert not GeoGrid(10, 20, None, "crs").is_georeferenced


def test_no_points() -> None:
    grid = GeoGrid(10, 20, (0, 1, 0, 0, 0, -1))
    assert grid.to_map([]).shape == (0, 2)
    assert grid.to_pixel([]).shape == (0, 2)
