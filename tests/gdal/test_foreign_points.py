"""Tie points of other programs: every format lands on the same pixels, and what is wrong is refused with the reason."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osgeo import ogr, osr

from ltcore.errors import InputError
from ltcore.gcp import gcp_set_from, write_points
from ltcore.raster import foreign_points
from ltcore.raster.foreign_points import ForeignPoints, read_foreign_points
from ltcore.raster.grid import GeoGrid
from ltcore.raster.tie_points import write_tie_points
from tests.data.make_rasters import NORTH_UP, ROTATED, UTM_33N, wkt
from tests.data.make_result import make_result

REFERENCE = GeoGrid(320, 240, NORTH_UP, wkt(UTM_33N))
SENSED = GeoGrid(300, 260, ROTATED, wkt(UTM_33N))
PLAIN = GeoGrid(64, 48)
FIVE = np.array([[10.5, 20.25], [200.0, 30.0], [120.125, 100.0], [40.0, 200.0], [250.0, 210.5]])


def shapefile(path: Path, crs_wkt: str, places: np.ndarray, columns: dict[str, list[Any]]) -> Path:
    dataset = ogr.GetDriverByName("ESRI Shapefile").CreateDataSource(str(path))
    crs = osr.SpatialReference()
    crs.ImportFromWkt(crs_wkt)
    layer = dataset.CreateLayer(path.stem, crs, ogr.wkbPoint)
    for name, values in columns.items():
        kind = ogr.OFTString if isinstance(values[0], str) else ogr.OFTReal
        layer.CreateField(ogr.FieldDefn(name, kind))
    for index, (x, y) in enumerate(places):
        feature = ogr.Feature(layer.GetLayerDefn())
        for name, values in columns.items():
            feature.SetField(name, values[index])
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({float(x)!r} {float(y)!r})"))
        layer.CreateFeature(feature)
    return path


def table(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def geojson(path: Path, epsg: int | None, features: list[tuple[Any, dict[str, Any]]]) -> Path:
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    if epsg is not None:
        collection["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    for place, properties in features:
        geometry = None if place is None else {"type": "Point", "coordinates": list(place)}
        collection["features"].append({"type": "Feature", "geometry": geometry, "properties": properties})
    path.write_text(json.dumps(collection))
    return path


def assert_at(found: ForeignPoints, reference: Any, sensed: Any, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(found.points.reference_xy, reference, atol=atol)
    np.testing.assert_allclose(found.points.sensed_xy, sensed, atol=atol)


@pytest.mark.parametrize("grids", [(PLAIN, PLAIN), (REFERENCE, GeoGrid(320, 240, NORTH_UP, wkt(UTM_33N)))])
def test_what_a_registration_wrote_comes_back(tmp_path: Path, grids: tuple[GeoGrid, GeoGrid]) -> None:
    result = make_result(tmp_path, grids=grids)
    write_tie_points(tmp_path / "t.gpkg", result)
    write_points(tmp_path / "t.points", gcp_set_from(result), grids[1])
    points, inliers = result.tie_points, result.fit.inliers  # type: ignore[union-attr]
    for name in ("t.gpkg", "t.points"):
        found = read_foreign_points(tmp_path / name, *grids)
        assert_at(found, points.reference_xy, points.sensed_xy)
        np.testing.assert_array_equal(found.enabled, inliers)
    found = read_foreign_points(tmp_path / "t.gpkg", *grids)
    np.testing.assert_allclose(found.points.score, points.score)
    np.testing.assert_allclose(found.points.covariance_px2, points.covariance_px2)


@given(
    st.lists(
        st.tuples(st.floats(0, 64), st.floats(0, 48), st.floats(0, 64), st.floats(0, 48), st.booleans()),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_of_pixels_comes_back_bit_by_bit(tmp_path: Path, rows: list[tuple[float, ...]]) -> None:
    names = ("sensed_x", "sensed_y", "reference_x", "reference_y", "enabled")
    path = table(tmp_path / "t.csv", [dict(zip(names, row)) for row in rows])
    found = read_foreign_points(path, PLAIN, PLAIN)
    values = np.array(rows, dtype=np.float64)
    np.testing.assert_array_equal(found.points.sensed_xy, values[:, :2])
    np.testing.assert_array_equal(found.points.reference_xy, values[:, 2:4])
    np.testing.assert_array_equal(found.enabled, values[:, 4] != 0)


def test_a_table_in_another_crs_is_placed_by_its_geometry(tmp_path: Path) -> None:
    to_degrees = osr.CoordinateTransformation(*_crs(UTM_33N, 4326))
    places = np.array(to_degrees.TransformPoints(REFERENCE.to_map(FIVE).tolist()))[:, :2]
    rows = [(place, {"Sensed_X": x, "SENSED_Y": y}) for place, (x, y) in zip(places.tolist(), FIVE + 3)]
    found = read_foreign_points(geojson(tmp_path / "t.geojson", None, rows), REFERENCE, SENSED)
    assert_at(found, FIVE, FIVE + 3, atol=1e-4)
    assert found.enabled.all()


def _crs(*codes: int) -> list[osr.SpatialReference]:
    found = []
    for code in codes:
        crs = osr.SpatialReference()
        crs.ImportFromEPSG(code)
        crs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        found.append(crs)
    return found


@pytest.mark.parametrize("flags", [["False", "False", "True", "False", "False"], [0.0, 0.0, 1.0, 0.0, 0.0]])
def test_arosics_points_say_where_the_sensed_raster_belongs(tmp_path: Path, flags: list[Any]) -> None:
    """X_UTM, Y_UTM is a place of the sensed raster; with the shift added it is where the reference has it."""
    place = SENSED.to_map(FIVE)
    shift = np.tile([6.0, -4.0], (5, 1))
    shift[3] = -9999
    columns: dict[str, list[Any]] = {
        "X_UTM": place[:, 0].tolist(), "Y_UTM": place[:, 1].tolist(), "X_SHIFT_M": shift[:, 0].tolist(),
        "Y_SHIFT_M": shift[:, 1].tolist(), "OUTLIER": flags,
    }  # fmt: skip
    path = shapefile(tmp_path / "points.shp", wkt(UTM_33N), place, columns)
    whole = GeoGrid(2000, 2000, (499_000, 2, 0, 5_601_000, 0, -2), wkt(UTM_33N))
    found = read_foreign_points(path, whole, SENSED)
    kept = [0, 1, 2, 4]
    assert_at(found, whole.to_pixel(place[kept] + [6, -4]), FIVE[kept], atol=1e-4)
    np.testing.assert_array_equal(found.enabled, [True, True, False, True])


def test_karios_counts_from_the_centre_of_the_first_pixel(tmp_path: Path) -> None:
    dx = np.array([0.5, -0.25])
    rows = [{"x0": x, "y0": y, "dx": dx[0], "dy": dx[1], "score": 0.75} for x, y in FIVE - 0.5]
    by_csv = read_foreign_points(table(tmp_path / "KLT_matcher_a_b.csv", rows, ";"), REFERENCE, REFERENCE)
    assert_at(by_csv, FIVE, FIVE + dx)
    np.testing.assert_array_equal(by_csv.points.score, 0.75)
    placed = [  # written with the geotransform applied to x0, y0: half a pixel off
        (place, {"dx": dx[0], "dy": dx[1], "score": 0.75, "zncc_score": None})
        for place in REFERENCE.to_map(FIVE - 0.5).tolist()
    ]
    by_json = read_foreign_points(geojson(tmp_path / "kp_delta.json", UTM_33N, placed), REFERENCE, REFERENCE)
    assert_at(by_json, FIVE, FIVE + dx)
    with pytest.raises(InputError, match="pixels of one grid"):
        read_foreign_points(tmp_path / "kp_delta.json", REFERENCE, SENSED)


ROW = {"sensed_x": 1.0, "sensed_y": 2.0, "reference_x": 3.0, "reference_y": 4.0}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{**ROW, "sensed_x": "nan"}], "no finite sensed_x, sensed_y in row 1"),
        ([ROW, {**ROW, "reference_y": "inf"}], "no finite reference_x, reference_y in row 2"),
        ([ROW, {**ROW, "sensed_y": ""}], "in row 2"),
        ([{**ROW, "sensed_y": "north"}], "no number in column sensed_y, row 1: 'north'"),
        ([{"a": 1, "b": 2}], "columns of 't.csv' are not known.*x_shift_m"),
        ([{"sensed_x": 1, "sensed_y": 2}], "no column reference_x, reference_y"),
        ([{"dx": 1, "dy": 2}], "neither x0 and y0 nor points"),
        ([{**ROW, "sensed_x": 1e9}], "0 of 1 points lie in the sensed raster, which has 64 x 48 px"),
        ([{**ROW, "reference_y": -5}], "0 of 1 points lie in the reference"),
    ],
)
def test_a_bad_table_is_refused_with_the_place(tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_foreign_points(table(tmp_path / "t.csv", rows), PLAIN, PLAIN)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"sensed_x,sensed_y,reference_x,reference_y\n"),
        ("t.csv", b""),
        ("t.gpkg", b"no database"),
        ("t.geojson", b'{"type": "FeatureCollection", "features": []}'),
        ("t.geojson", b"{"),
        ("t.points", b"\xff\xfe"),
        ("t.shp", b"\x00\x00\x27\x0a"),
        ("t.tif", b"II*\x00"),
        ("t.vrt", b"<OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>"),
    ],
)
def test_files_that_hold_no_points_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        read_foreign_points(tmp_path / name, PLAIN, PLAIN)


def test_points_without_geometry_or_crs_are_refused(tmp_path: Path) -> None:
    rows = [(None, {"sensed_x": 1, "sensed_y": 2}), ([15.0, 50.5], {"sensed_x": 1, "sensed_y": 2})]
    with pytest.raises(InputError, match="no finite position in row 1"):
        read_foreign_points(geojson(tmp_path / "a.geojson", 4326, rows), REFERENCE, SENSED)
    with pytest.raises(InputError, match="map coordinates, but a raster has no georeference"):
        read_foreign_points(geojson(tmp_path / "b.geojson", 4326, rows[1:]), PLAIN, PLAIN)
    with pytest.raises(InputError, match="0 of 1 points lie in the reference"):  # metres said to be degrees
        read_foreign_points(geojson(tmp_path / "c.geojson", 3857, rows[1:]), REFERENCE, SENSED)
    with pytest.raises(InputError, match="does not exist"):
        read_foreign_points(tmp_path / "none.csv", PLAIN, PLAIN)


def test_a_flood_of_points_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "t.csv", [ROW] * 12)
    assert len(read_foreign_points(path, PLAIN, PLAIN).enabled) == 12
    monkeypatch.setattr(foreign_points, "MAX_POINTS", 11)
    with pytest.raises(InputError, match="more than 11 points"):
        read_foreign_points(path, PLAIN, PLAIN)
    monkeypatch.setattr(foreign_points, "_MAX_BYTES", 100)
    with pytest.raises(InputError, match="bytes; at most 100"):
        read_foreign_points(path, PLAIN, PLAIN)


def test_a_covariance_that_is_none_is_not_believed(tmp_path: Path) -> None:
    rows = [{**ROW, "cov_xx": 1, "cov_xy": xy, "cov_yy": 4} for xy in (1, 3)]
    found = read_foreign_points(table(tmp_path / "t.csv", rows), PLAIN, PLAIN)
    np.testing.assert_array_equal(found.points.covariance_px2[0], [[1, 1], [1, 4]])
    assert (np.linalg.eigvalsh(found.points.covariance_px2[1]) > 0).all()
