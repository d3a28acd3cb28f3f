from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltcore.errors import InputError, LtcoreError, OutputError
from ltcore.gcp import (
    Gcp,
    GcpSet,
    gcp_set_from,
    map_positions,
    read_points,
    thinned_evenly,
    without_georeference,
    write_points,
)
from ltcore.raster.grid import GeoGrid
from tests.data.make_rasters import NORTH_UP, ROTATED, SOUTH_UP, UTM_33N, wkt
from tests.data.make_result import make_result, without_fit

PLAIN = GeoGrid(64, 48)
GEOREFERENCED = GeoGrid(64, 48, NORTH_UP, wkt(UTM_33N))
ONE = GcpSet((Gcp(1, 12.5, 8.25, 500_100.5, 5_599_000.25, True, (3.0, -4.0)),), wkt(UTM_33N))
HEADER = "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"
OBSTACLE = (
    "The sensed raster has a rotated geotransform, which the QGIS Georeferencer ignores: "
    "its points would land on wrong pixels."
)
OLD_HEADER = "mapX,mapY,pixelX,pixelY,enable,dX,dY,residual"

tmp_path_reused = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
odd_characters = st.sampled_from("0123456789.,-+einfatx\t #CRS:EPSGmapXY\r\x00\ufeffé")
finite = st.floats(-1e9, 1e9, allow_subnormal=False)


def sentences(error: LtcoreError) -> tuple[str, str, str]:
    return error.what, error.why, error.fix


def lines_of(tmp_path: Path, gcp_set: GcpSet, grid: GeoGrid) -> list[str]:
    write_points(tmp_path / "a.points", gcp_set, grid)
    text = (tmp_path / "a.points").read_bytes().decode()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")  # QGIS refuses a file with an empty line
    assert "\r" not in text
    return text[:-1].split("\n")


def points_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "in.points"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_plain_source_is_column_and_minus_row(tmp_path: Path) -> None:
    crs, header, point = lines_of(tmp_path, ONE, PLAIN)
    assert crs.startswith("#CRS: PROJCRS[")  # WKT2 on one line
    assert 'ID["EPSG",32633]]' in crs
    assert header == HEADER
    assert point == "500100.5,5599000.25,12.5,-8.25,1,3,-4,5"


@pytest.mark.parametrize("crs_wkt", [wkt(UTM_33N), None])
def test_any_geotransform_gives_layer_coordinates(tmp_path: Path, crs_wkt: str | None) -> None:
    point = lines_of(tmp_path, ONE, GeoGrid(64, 48, NORTH_UP, crs_wkt))[-1]
    assert point.split(",")[2:4] == ["500025", "5599983.5"]  # 500000 + 12.5 * 2, 5600000 - 8.25 * 2


def test_south_up_source_gives_layer_coordinates(tmp_path: Path) -> None:
    point = lines_of(tmp_path, ONE, GeoGrid(64, 48, SOUTH_UP, wkt(UTM_33N)))[-1]
    assert point.split(",")[2:4] == ["500025", "5599920.5"]  # 5599904 + 8.25 * 2


def test_rotated_source_is_refused_with_reason_and_way_out(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_points(tmp_path / "a.points", ONE, GeoGrid(64, 48, ROTATED, wkt(UTM_33N)))
    assert sentences(caught.value) == (
        "No .points file was written.", OBSTACLE, "Use gcps.vrt, or warp the sensed raster north-up first.",
    )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_without_crs_there_is_no_crs_line(tmp_path: Path) -> None:
    header, _ = lines_of(tmp_path, replace(ONE, crs_wkt=None), PLAIN)
    assert header == HEADER


def test_no_points_give_a_header_only(tmp_path: Path) -> None:
    assert lines_of(tmp_path, GcpSet(()), PLAIN) == [HEADER]
    assert len(read_points(tmp_path / "a.points", PLAIN)) == 0


def test_numbers_have_no_exponent_and_disabled_is_0(tmp_path: Path) -> None:
    tiny = GcpSet((Gcp(1, 1e-9, 0.0, 1.5e-7, 1e15, enabled=False),))
    assert lines_of(tmp_path, tiny, PLAIN)[-1] == "0.00000015,1000000000000000,0.000000001,0,0,0,0,0"


def test_residuals_have_six_decimals(tmp_path: Path) -> None:
    gcp = replace(ONE.gcps[0], residual_px=(1 / 3, -2 / 3))
    assert lines_of(tmp_path, GcpSet((gcp,)), PLAIN)[-1].endswith(",1,0.333333,-0.666667,0.745356")


@tmp_path_reused
@given(st.lists(st.tuples(finite, finite, finite, finite, st.booleans()), max_size=8), st.sampled_from([None, UTM_33N]))
def test_points_round_trip_exactly_without_geotransform(
    tmp_path: Path, rows: list[tuple[float, float, float, float, bool]], epsg: int | None
) -> None:
    gcps = tuple(Gcp(i + 1, *row) for i, row in enumerate(rows))
    write_points(tmp_path / "a.points", GcpSet(gcps, wkt(epsg) if epsg else None), PLAIN)
    found = read_points(tmp_path / "a.points", PLAIN)
    assert [replace(gcp, residual_px=None) for gcp in found.gcps] == list(gcps)
    assert (found.crs_wkt is None) == (epsg is None)


@pytest.mark.parametrize("geotransform", [NORTH_UP, SOUTH_UP])
def test_points_round_trip_with_geotransform(tmp_path: Path, geotransform: tuple[float, ...]) -> None:
    grid = GeoGrid(64, 48, geotransform, wkt(UTM_33N))
    xy = np.random.default_rng(0).uniform(-10, 70, (30, 2))
    gcps = tuple(Gcp(i + 1, *map(float, p), 1.0, 2.0) for i, p in enumerate(xy))
    write_points(tmp_path / "a.points", GcpSet(gcps), grid)
    np.testing.assert_allclose(read_points(tmp_path / "a.points", grid).source_xy(), xy, atol=1e-6)


def test_old_headers(tmp_path: Path) -> None:
    row = "10,20,500025,5599983.5,1,0,0,0"
    assert read_points(points_file(tmp_path, OLD_HEADER, row), GEOREFERENCED).gcps[0].col == 12.5  # up to 3.18
    tabs = points_file(tmp_path, "mapX\tmapY\tpixelX\tpixelY\tenable", "10\t20\t12.5\t-8.25\t0")
    assert read_points(tabs, PLAIN).gcps == (Gcp(1, 12.5, 8.25, 10.0, 20.0, enabled=False),)
    pixels = points_file(tmp_path, "#CRS: EPSG:32633", OLD_HEADER, "10,20,12.5,-8.25,1,0,0,0")  # 3.20 to 3.22.3
    assert read_points(pixels, GEOREFERENCED).source_xy().tolist() == [[12.5, 8.25]]


def test_four_fields_are_enough_and_more_are_ignored(tmp_path: Path) -> None:
    found = read_points(points_file(tmp_path, HEADER, "1,2,3,-4", "1,2,3,-4,0,x,y,z,confidence"), PLAIN)
    assert [gcp.enabled for gcp in found.gcps] == [True, False]


def test_a_byte_order_mark_before_the_crs_and_numbers_beyond_the_usual(tmp_path: Path) -> None:
    (tmp_path / "a.points").write_bytes(f"#CRS: EPSG:32633\n{HEADER}\n1,2,1.5e308,0\n".encode("utf-8-sig"))
    found = read_points(tmp_path / "a.points", PLAIN)
    assert found.crs_wkt is not None
    assert str(found.gcps[0]) == str(Gcp(1, 1.5e308, 0.0, 1.0, 2.0))  # no negative zero
    largest = replace(found.gcps[0], col=1.5e308, row=1.5e308)
    write_points(tmp_path / "b.points", GcpSet((largest,)), PLAIN)
    assert read_points(tmp_path / "b.points", PLAIN).gcps[0].row == 1.5e308


def test_a_line_may_have_a_hundred_thousand_characters(tmp_path: Path) -> None:
    row = "1,2,3,-4,1,"
    assert len(read_points(points_file(tmp_path, HEADER, row.ljust(99_999, "x")), PLAIN)) == 1
    with pytest.raises(InputError, match="line 2: it is longer than 100,000 characters"):
        read_points(points_file(tmp_path, HEADER, row.ljust(100_000, "x")), PLAIN)


def test_a_file_may_have_a_million_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ltcore.gcp.MAX_POINTS", 2)  # the limit itself would take long
    assert len(read_points(points_file(tmp_path, HEADER, *["1,2,3,-4"] * 2), PLAIN)) == 2
    with pytest.raises(InputError) as caught:
        read_points(points_file(tmp_path, HEADER, *["1,2,3,-4"] * 3), PLAIN)
    assert sentences(caught.value) == (
        "'in.points' has a malformed line 4:", "more than 2 points cannot be read.", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "number", "reason"),
    [
        (["1,2,3,4", "1,2,3,4"], 1, "a header that begins with mapX,mapY is expected"),
        ([HEADER, "1,2,3"], 2, "it has 3 of at least 4 fields"),
        ([HEADER, "1,2,3,-4,1", ""], 3, "it has 1 of at least 4 fields"),
        ([HEADER, "1,2,3,nan,1"], 2, "its coordinates must be finite numbers"),
        ([HEADER, "1,inf,3,4,1"], 2, "its coordinates must be finite numbers"),
        ([HEADER, "1,2,1e308,4,1"], 2, "its coordinates must be finite numbers"),  # in pixels of 0.1
        ([HEADER, "1,2,3,-1e308,1"], 2, "its coordinates must be finite numbers"),
        ([HEADER, "1,two,3,4,1"], 2, "its first four fields must be numbers"),
        ([HEADER, "1,2,3,4,yes"], 2, "its fifth field must be 0 or 1, not 'yes'"),
        ([HEADER, "1\t2\t3\t4\t"], 2, "its fifth field must be 0 or 1, not ''"),
        ([HEADER, "1,2,3,4,one of many characters"], 2, "its fifth field must be 0 or 1, not 'one of many characte'"),
        (["#CRS: nonsense", HEADER, "1,2,3,4,1"], 1, "its CRS is not known"),
        (["#CRS: EPSG:32633"], 2, "a header that begins with mapX,mapY is expected"),
        ([HEADER, "1" * 200_000], 2, "it is longer than 100,000 characters"),
    ],
)  # fmt: skip
def test_malformed_files_name_the_line(tmp_path: Path, lines: list[str], number: int, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read_points(points_file(tmp_path, *lines), GeoGrid(64, 48, (0, 0.1, 0, 0, 0, -0.1)))
    assert sentences(caught.value) == (f"'in.points' has a malformed line {number}:", f"{reason}.", "")


def test_what_is_no_text_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x81" * 50)
    (tmp_path / "empty").touch()
    refusals = {
        "binary": ("'binary' is not a .points file.", "It is not UTF-8 text.", ""),
        "absent": ("'absent' could not be read.", "The system says: No such file or directory.", ""),
        "empty": ("'empty' has a malformed line 1:", "a header that begins with mapX,mapY is expected.", ""),
    }
    for name, expected in refusals.items():
        with pytest.raises(InputError) as caught:
            read_points(tmp_path / name, PLAIN)
        assert sentences(caught.value) == expected
    with pytest.raises(InputError) as caught:
        read_points(tmp_path / "absent", GeoGrid(64, 48, ROTATED))
    assert sentences(caught.value) == ("'absent' cannot be read.", OBSTACLE, "Use gcps.vrt.")


def test_gcps_of_a_result(tmp_path: Path) -> None:
    result = make_result(tmp_path, grids=(GEOREFERENCED, PLAIN))
    gcps = gcp_set_from(result)
    assert len(gcps) == 60
    assert gcps.crs_wkt == GEOREFERENCED.crs_wkt
    np.testing.assert_array_equal(gcps.source_xy(), result.tie_points.sensed_xy)
    np.testing.assert_allclose(gcps.map_xy(), GEOREFERENCED.to_map(result.tie_points.reference_xy))
    assert [gcp.enabled for gcp in gcps.gcps] == result.fit.inliers.tolist()  # type: ignore[union-attr]
    assert gcps.gcps[3].residual_px == tuple(result.fit.residuals_px[3])  # type: ignore[union-attr]
    assert [gcp.id for gcp in gcps.gcps] == list(range(1, 61))
    without_place = make_result(tmp_path, grids=(GeoGrid(64, 48, None, GEOREFERENCED.crs_wkt), PLAIN))
    assert gcp_set_from(without_place).crs_wkt is None  # pixels are in no CRS


def test_without_fit_no_gcp_is_enabled(tmp_path: Path) -> None:
    gcps = gcp_set_from(without_fit(make_result(tmp_path)))
    assert len(gcps) == 60
    assert not any(gcp.enabled or gcp.residual_px for gcp in gcps.gcps)


def test_map_of_a_plain_reference_is_its_layer_frame_in_qgis(tmp_path: Path) -> None:
    result = make_result(tmp_path)
    np.testing.assert_array_equal(gcp_set_from(result).map_xy(), result.tie_points.reference_xy * [1, -1])
    assert gcp_set_from(result).crs_wkt is None
    assert GcpSet((Gcp(1, 2, 3, 4, 5),)).map_xy().dtype == np.float64  # type: ignore[arg-type]
    assert map_positions(PLAIN, []).shape == (0, 2)


def test_a_vrt_loses_its_georeference_and_nothing_else() -> None:
    srs, place = (
        '<SRS axes="2,1">PROJCS["a",\n  UNIT["metre"]]</SRS>',
        "<GeoTransform> 1, 2, 0, 4, 0, -2</GeoTransform>",
    )
    band = '<VRTRasterBand dataType="Byte">\n    <SRSName>b</SRSName>\n  </VRTRasterBand>'
    vrt = f'<VRTDataset rasterXSize="8">\n  {srs}\n  {place}\n  {band}\n</VRTDataset>\n'
    assert without_georeference(vrt) == f'<VRTDataset rasterXSize="8">\n  {band}\n</VRTDataset>\n'


def test_thinned_evenly_covers_the_image_and_takes_each_place_once() -> None:
    random = np.random.default_rng(3)
    crowd, corners = random.uniform(480, 520, (3000, 2)), np.array([[0, 0], [999, 0], [0, 999], [999, 999.0]])
    xy = np.concatenate([crowd, corners, corners])
    gcps = GcpSet(tuple(Gcp(i + 1, *p, 0.0, 0.0, enabled=i != 3000) for i, p in enumerate(xy.tolist())))
    chosen = thinned_evenly(gcps, 50)
    assert len(chosen) == len(set(chosen.tolist())) == 50
    assert chosen.tolist() == sorted(chosen.tolist())
    assert {tuple(p) for p in corners} <= {tuple(p) for p in xy[chosen]}  # the disabled corner by its double
    assert 3000 not in chosen
    assert len(thinned_evenly(GcpSet(gcps.gcps[3000:]), 50)) == 4
    assert len(thinned_evenly(GcpSet(()), 50)) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.lists(st.text(odd_characters, max_size=30), max_size=5), st.booleans())
def test_any_text_gives_finite_points_or_an_input_error(tmp_path: Path, lines: list[str], with_header: bool) -> None:
    path = points_file(tmp_path, *([HEADER] if with_header else []), *lines)
    try:
        found = read_points(path, GEOREFERENCED)
    except InputError:
        return
    assert np.isfinite(found.source_xy()).all()
    assert np.isfinite(found.map_xy()).all()
