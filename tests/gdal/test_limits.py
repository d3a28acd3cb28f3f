"""Files larger than anything that the product makes are refused before they take memory. Limits are low here."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ltcore import editing
from ltcore.errors import InputError
from ltcore.raster import aoi, tie_points
from ltcore.raster.grid import GeoGrid
from tests.data.make_result import make_result


def test_an_area_of_too_many_corners(tmp_path, monkeypatch):
    squares = [[[x, 0], [x + 1, 0], [x + 1, -5], [x, -5], [x, 0]] for x in range(10)]
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps({"type": "MultiPolygon", "coordinates": [[ring] for ring in squares]}))
    assert aoi.read_aoi(path, GeoGrid(64, 48)).polygons is not None
    monkeypatch.setattr(aoi, "_MOST_CORNERS", 40)
    with pytest.raises(InputError, match="more than 40 corners"):
        aoi.read_aoi(path, GeoGrid(64, 48))


def test_a_geopackage_of_too_many_tie_points(tmp_path, monkeypatch):
    path = tmp_path / "tie_points.gpkg"
    tie_points.write_tie_points(path, make_result(tmp_path, count=60))
    assert len(tie_points.read_tie_points(path)) == 60
    monkeypatch.setattr(tie_points, "MAX_POINTS", 59)
    with pytest.raises(InputError, match="more than 59 points"):
        tie_points.read_tie_points(path)


def test_edited_points_that_unpack_to_gigabytes(tmp_path):
    path = tmp_path / "points.npz"
    nothing = np.zeros((3 * 2**20, 2))
    np.savez_compressed(path, reference_xy=nothing, sensed_xy=nothing)
    assert path.stat().st_size < 2**20
    with pytest.raises(InputError, match=r"unpacks to [\d,]+ bytes"):
        editing._read_points(path)
