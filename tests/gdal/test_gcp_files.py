from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal, ogr

from ltcore.errors import InputError, OutputError
from ltcore.gcp import MAX_GDAL_GCPS, gcp_set_from, read_points, write_gcps_vrt, write_points
from ltcore.geometry.transforms import Transform, estimate
from ltcore.progress import NullProgress
from ltcore.raster.grid import GeoGrid
from ltcore.raster.read import grid_of
from ltcore.raster.tie_points import read_tie_points, write_tie_points
from ltcore.raster.write import target_for, warp_raster
from ltcore.result import RegistrationResult
from tests.data.make_rasters import NORTH_UP, UTM_33N, VARIANTS, make_raster, texture, to_bytes, wkt
from tests.data.make_result import make_result, without_fit

REFERENCE = GeoGrid(64, 48, NORTH_UP, wkt(UTM_33N))
AFFINE = Transform("affine", [[1.02, 0.03, 2.4], [-0.03, 1.02, 1.3], [0, 0, 1]])


def grid_at(path: Path) -> GeoGrid:
    return grid_of(gdal.Open(str(path)))


def result_on(out: Path, sensed: Path, **how: Any) -> RegistrationResult:
    grids = (how.pop("reference", REFERENCE), grid_at(sensed))
    return make_result(out, grids=grids, sources=(Path("reference.tif"), sensed), transform=AFFINE, **how)


def layer_at(path: Path) -> tuple[str | None, list[dict[str, Any]]]:
    """Returns the EPSG code and the features (x, y and fields) of layer tie_points, as plain values."""
    dataset = ogr.Open(str(path))
    layer = dataset.GetLayerByName("tie_points")
    rows = []
    for feature in layer:
        geometry = feature.GetGeometryRef()  # dies with its feature
        rows.append({**feature.items(), "x": geometry.GetX(), "y": geometry.GetY()})
    crs = layer.GetSpatialRef()
    return None if crs is None else crs.GetAuthorityCode(None), rows


def gdal_pixels_by_qgis(source: Path, text: str) -> np.ndarray:
    """Returns what QGIS 3.22.4 and later hands to GDAL for a .points file (QgsRasterChangeCoords, invertYAxis)."""
    rows = [line.split(",") for line in text.splitlines() if not line.startswith(("#CRS", "mapX"))]
    x, y = np.array([row[2:4] for row in rows], dtype=np.float64).T
    geotransform = gdal.Open(str(source)).GetGeoTransform(can_return_null=True)
    if geotransform is not None:
        x, y = (x - geotransform[0]) / geotransform[1], (geotransform[3] - y) / geotransform[5]
    return np.column_stack([x, -y])


@pytest.mark.parametrize("kind", ["plain", "georeferenced", "geotransform_only", "south_up", "other_crs"])
def test_points_land_on_the_right_pixel_by_the_rule_of_qgis(tmp_path: Path, kind: str) -> None:
    sensed = VARIANTS[kind](tmp_path / "sensed.tif")
    result = result_on(tmp_path, sensed)
    write_points(tmp_path / "gcps.points", gcp_set_from(result), result.sensed_grid)
    text = (tmp_path / "gcps.points").read_text(encoding="utf-8")
    np.testing.assert_allclose(gdal_pixels_by_qgis(sensed, text), result.tie_points.sensed_xy, atol=1e-4)
    again = read_points(tmp_path / "gcps.points", result.sensed_grid)
    np.testing.assert_allclose(again.source_xy(), result.tie_points.sensed_xy, atol=1e-4)
    np.testing.assert_allclose(again.map_xy(), REFERENCE.to_map(result.tie_points.reference_xy), atol=1e-9)


def test_tie_points_layer(tmp_path: Path) -> None:
    result = make_result(tmp_path, grids=(REFERENCE, GeoGrid(64, 48)))
    write_tie_points(tmp_path / "tie_points.gpkg", result)
    code, features = layer_at(tmp_path / "tie_points.gpkg")
    assert code == "32633"
    assert len(features) == 60
    assert [feature["id"] for feature in features] == list(range(1, 61))
    assert [feature["enabled"] for feature in features] == result.fit.inliers.astype(int).tolist()  # type: ignore[union-attr]
    points, residuals = result.tie_points, result.fit.residuals_px  # type: ignore[union-attr]
    np.testing.assert_array_equal([[f["x"], f["y"]] for f in features], REFERENCE.to_map(points.reference_xy))
    np.testing.assert_array_equal([[f["sensed_x"], f["sensed_y"]] for f in features], points.sensed_xy)
    np.testing.assert_array_equal([[f["reference_x"], f["reference_y"]] for f in features], points.reference_xy)
    np.testing.assert_array_equal([[f["dx_px"], f["dy_px"]] for f in features], residuals)
    np.testing.assert_allclose([f["residual_px"] for f in features], np.linalg.norm(residuals, axis=1))
    np.testing.assert_array_equal([f["score"] for f in features], points.score)
    assert [features[0][name] for name in ("cov_xx", "cov_xy", "cov_yy")] == [0.04, 0.01, 0.05]
    assert features[9]["heldout_px"] is None  # an outlier is in no held-out block
    assert features[0]["heldout_px"] == pytest.approx(1.1 * features[0]["residual_px"])


def test_tie_points_of_a_plain_reference_lie_in_its_layer_frame(tmp_path: Path) -> None:
    result = make_result(tmp_path)
    write_tie_points(tmp_path / "a.gpkg", result)
    code, features = layer_at(tmp_path / "a.gpkg")
    assert code is None
    dataset = ogr.Open(str(tmp_path / "a.gpkg"))
    assert not dataset.GetLayer(0).GetSpatialRef().IsGeographic()  # pixels are no degrees
    x, y = result.tie_points.reference_xy[0]
    assert (features[0]["x"], features[0]["y"]) == (x, -y)


@pytest.mark.parametrize("reference", [REFERENCE, GeoGrid(64, 48)])
def test_tie_points_read_back(tmp_path: Path, reference: GeoGrid) -> None:
    result = make_result(tmp_path, grids=(reference, GeoGrid(64, 48)))
    write_tie_points(tmp_path / "a.gpkg", result)
    found, expected = read_tie_points(tmp_path / "a.gpkg"), gcp_set_from(result)
    np.testing.assert_array_equal(found.source_xy(), expected.source_xy())
    np.testing.assert_array_equal(found.map_xy(), expected.map_xy())
    assert [gcp.enabled for gcp in found.gcps] == [gcp.enabled for gcp in expected.gcps]
    assert (found.crs_wkt is None) == (expected.crs_wkt is None)


@pytest.mark.parametrize("field", ["sensed_x", "sensed_y"])
def test_a_tie_point_without_a_place_in_the_sensed_raster_is_refused(tmp_path: Path, field: str) -> None:
    write_tie_points(tmp_path / "a.gpkg", make_result(tmp_path))
    dataset = gdal.OpenEx(str(tmp_path / "a.gpkg"), gdal.OF_VECTOR | gdal.OF_UPDATE)
    dataset.ExecuteSQL(f"UPDATE tie_points SET {field} = NULL WHERE id = 3")  # as of a point drawn by hand in QGIS
    del dataset
    with pytest.raises(InputError, match="point 3 has no finite position"):
        read_tie_points(tmp_path / "a.gpkg")


def test_equal_results_give_equal_geopackages(tmp_path: Path) -> None:
    result = make_result(tmp_path, grids=(REFERENCE, GeoGrid(64, 48)))
    for name in ("a.gpkg", "b.gpkg"):
        write_tie_points(tmp_path / name, result)
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("count", [0, 5])
def test_tie_points_without_a_fit(tmp_path: Path, count: int) -> None:
    write_tie_points(tmp_path / "a.gpkg", without_fit(make_result(tmp_path, count=count)))
    _, features = layer_at(tmp_path / "a.gpkg")
    assert len(features) == count
    assert all(feature["enabled"] == 0 and feature["residual_px"] is None for feature in features)


@pytest.mark.parametrize("kind", ["plain", "georeferenced", "rotated", "south_up"])
def test_vrt_has_gcps_of_inliers_and_no_geotransform(tmp_path: Path, kind: str) -> None:
    sensed = VARIANTS[kind](tmp_path / "sensed.tif")
    result = result_on(tmp_path, sensed)
    write_gcps_vrt(tmp_path / "gcps.vrt", gcp_set_from(result), sensed)
    vrt = gdal.Open(str(tmp_path / "gcps.vrt"))
    assert vrt.GetGeoTransform(can_return_null=True) is None
    assert vrt.GetGCPSpatialRef().GetAuthorityCode(None) == "32633"
    assert vrt.GetGCPCount() == 54
    found = np.array([[gcp.GCPPixel, gcp.GCPLine, gcp.GCPX, gcp.GCPY] for gcp in vrt.GetGCPs()])
    inliers = result.tie_points.take(result.fit.inliers)  # type: ignore[union-attr]
    expected = np.hstack([inliers.sensed_xy, REFERENCE.to_map(inliers.reference_xy)])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=6e-5)  # GDAL writes pixels with four decimals
    np.testing.assert_array_equal(vrt.ReadAsArray(), gdal.Open(str(sensed)).ReadAsArray())
    enabled = [gcp.id for gcp in gcp_set_from(result).gcps if gcp.enabled]
    assert [(gcp.Id, gcp.Info, gcp.GCPZ) for gcp in vrt.GetGCPs()] == [(str(number), "", 0.0) for number in enabled]


def test_vrt_of_gcps_without_a_crs_names_none(tmp_path: Path) -> None:
    sensed = VARIANTS["plain"](tmp_path / "sensed.tif")
    write_gcps_vrt(tmp_path / "gcps.vrt", gcp_set_from(result_on(tmp_path, sensed, reference=GeoGrid(64, 48))), sensed)
    vrt = gdal.Open(str(tmp_path / "gcps.vrt"))
    assert vrt.GetGCPCount() == 54
    assert vrt.GetGCPSpatialRef() is None


def test_a_vrt_of_what_is_no_raster_names_the_file_and_the_reason(tmp_path: Path) -> None:
    sensed = VARIANTS["plain"](tmp_path / "sensed.tif")
    gcps = gcp_set_from(result_on(tmp_path, sensed))
    sensed.write_text("no raster")
    with pytest.raises(OutputError) as caught:
        write_gcps_vrt(tmp_path / "gcps.vrt", gcps, sensed)
    assert "gcps.vrt" in caught.value.what
    assert "not recognized as a supported file format" in caught.value.why
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sensed.tif"]


def test_gdalwarp_of_the_vrt_agrees_with_our_warp(tmp_path: Path) -> None:
    pixels = to_bytes(texture(300, 200))
    sensed = make_raster(tmp_path / "sensed.tif", pixels, geotransform=(0, 5, 0, 0, 0, -5), epsg=3857)
    reference = GeoGrid(320, 230, NORTH_UP, wkt(UTM_33N))
    result = result_on(tmp_path, sensed, reference=reference, count=400)
    write_gcps_vrt(tmp_path / "gcps.vrt", gcp_set_from(result), sensed)
    x0, y1 = 500_000, 5_600_000
    how = {"outputBounds": (x0, y1 - 460, x0 + 640, y1), "width": 320, "height": 230, "resampleAlg": "cubic"}
    by_gdal = gdal.Warp("", str(tmp_path / "gcps.vrt"), format="MEM", polynomialOrder=1, **how).ReadAsArray()
    inliers = result.tie_points.take(result.fit.inliers)  # type: ignore[union-attr]
    fitted = estimate("affine", inliers.sensed_xy, inliers.reference_xy)  # as GDAL fits them: unweighted
    target = target_for("reference", reference, result.sensed_grid, fitted)  # type: ignore[arg-type]
    warp_raster(sensed, tmp_path / "o.tif", fitted, target, "cubic", NullProgress())  # type: ignore[arg-type]
    ours = gdal.Open(str(tmp_path / "o.tif"))
    seen = (ours.GetRasterBand(1).GetMaskBand().ReadAsArray() > 0) & (by_gdal > 0)
    assert seen.sum() > 55_000
    assert np.abs(ours.ReadAsArray().astype(int) - by_gdal)[seen].mean() < 0.5


def test_vrt_names_its_source_relative_to_its_home(tmp_path: Path) -> None:
    (tmp_path / "in & out").mkdir()
    (tmp_path / "run" / "staging").mkdir(parents=True)
    sensed = VARIANTS["uint16"](tmp_path / "in & out" / "nïr.tif")
    staged = tmp_path / "run" / "staging" / "gcps.vrt"
    write_gcps_vrt(staged, gcp_set_from(result_on(tmp_path, sensed)), sensed, home=tmp_path / "run")
    staged.rename(tmp_path / "run" / "gcps.vrt")
    assert str(tmp_path) not in (tmp_path / "run" / "gcps.vrt").read_text(encoding="utf-8")
    shutil.copytree(tmp_path, moved := tmp_path.parent / f"{tmp_path.name}-moved")
    shutil.rmtree(tmp_path / "in & out")
    vrt = gdal.Open(str(moved / "run" / "gcps.vrt"))
    assert vrt.ReadAsArray().shape == (4, 48, 64)
    assert [vrt.GetRasterBand(i).GetDescription() for i in (1, 2, 3, 4)] == ["red", "green", "blue", "nir"]


def test_vrt_holds_at_most_a_thousand_gcps(tmp_path: Path) -> None:
    sensed = VARIANTS["plain"](tmp_path / "sensed.tif")
    write_gcps_vrt(tmp_path / "gcps.vrt", gcp_set_from(result_on(tmp_path, sensed, count=1500)), sensed)
    assert gdal.Open(str(tmp_path / "gcps.vrt")).GetGCPCount() == MAX_GDAL_GCPS == 1000


def test_the_sensed_raster_is_not_touched(tmp_path: Path) -> None:
    sensed = VARIANTS["georeferenced"](tmp_path / "sensed.tif")
    before = sensed.read_bytes()
    write_gcps_vrt(tmp_path / "gcps.vrt", gcp_set_from(result_on(tmp_path, sensed)), sensed)
    assert sensed.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gcps.vrt", "sensed.tif"]
