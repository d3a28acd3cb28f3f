"""Tie points of a GeoPackage as files for the Georeferencer, GDAL and a table."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ltcore.config import RasterSource, settings_from_json
from ltcore.errors import InputError, OutputError
from ltcore.gcp import read_points
from ltcore.gcp_export import ExportJob, export_gcps
from ltcore.progress import CancelledError, NullProgress
from ltcore.raster.grid import GeoGrid
from ltcore.raster.read import grid_of, open_raster
from ltcore.raster.tie_points import read_tie_points, write_tie_points
from tests.data.make_rasters import NORTH_UP, UTM_33N, VARIANTS, make_raster, wkt
from tests.data.make_result import make_result

REFERENCE = GeoGrid(64, 48, NORTH_UP, wkt(UTM_33N))


@pytest.fixture(params=["plain", "georeferenced", "south_up", "rotated", "uint16"])
def sensed(request, tmp_path: Path) -> Path:
    return VARIANTS[request.param](tmp_path / f"{request.param}.tif")


@pytest.fixture
def tie_points(tmp_path: Path) -> Path:
    path = tmp_path / "ties.gpkg"
    write_tie_points(path, make_result(tmp_path, grids=(REFERENCE, GeoGrid(64, 48))))
    return path


def job(tie_points: Path, sensed: Path, **outputs: Path) -> ExportJob:
    return ExportJob(tie_points, sensed, **outputs)


def test_the_points_file_holds_the_points_of_the_layer(tmp_path, tie_points, sensed):
    path, grid = tmp_path / "a.points", grid_of(open_raster(RasterSource(sensed)))
    if grid.is_rotated:
        with pytest.raises(OutputError, match="rotated geotransform"):
            export_gcps(job(tie_points, sensed, points_file=path), NullProgress())
        assert not path.exists()
        return
    counts = export_gcps(job(tie_points, sensed, points_file=path), NullProgress())
    known, found = read_tie_points(tie_points), read_points(path, grid)
    assert counts == {"points": len(known), "enabled": sum(gcp.enabled for gcp in known.gcps)}
    np.testing.assert_allclose(found.source_xy(), known.source_xy(), atol=1e-6)
    np.testing.assert_allclose(found.map_xy(), known.map_xy(), atol=1e-6)
    assert [gcp.enabled for gcp in found.gcps] == [gcp.enabled for gcp in known.gcps]


def test_a_copy_without_geotransform_takes_the_points_of_any_raster(tmp_path, tie_points, sensed):
    wanted = {"points_file": tmp_path / "a.points", "plain_copy": tmp_path / "copy.tif"}
    before = sensed.read_bytes()
    export_gcps(job(tie_points, sensed, **wanted), NullProgress())
    copy, original = gdal.Open(str(tmp_path / "copy.tif")), gdal.Open(str(sensed))
    assert copy.GetGeoTransform(can_return_null=True) is None
    assert copy.GetProjectionRef() == ""
    np.testing.assert_array_equal(copy.ReadAsArray(), original.ReadAsArray())
    for number in range(1, original.RasterCount + 1):
        mine, theirs = copy.GetRasterBand(number), original.GetRasterBand(number)
        assert (mine.DataType, mine.GetNoDataValue(), mine.GetDescription()) == (
            theirs.DataType, theirs.GetNoDataValue(), theirs.GetDescription(),
        )  # fmt: skip
    grid = grid_of(open_raster(RasterSource(tmp_path / "copy.tif")))
    known = read_tie_points(tie_points)
    np.testing.assert_allclose(read_points(tmp_path / "a.points", grid).source_xy(), known.source_xy(), atol=1e-6)
    assert sensed.read_bytes() == before


def test_the_table_and_the_vrt(tmp_path, tie_points, sensed):
    (tmp_path / "home").mkdir()
    wanted = {"csv": tmp_path / "a.csv", "gcps_vrt": tmp_path / "staged.vrt", "home": tmp_path / "home"}
    export_gcps(job(tie_points, sensed, **wanted), NullProgress())
    known = read_tie_points(tie_points)
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(float(row["column"]), float(row["row"])) for row in rows] == [tuple(xy) for xy in known.source_xy()]
    assert [float(row["map_x"]) for row in rows] == list(known.map_xy()[:, 0])
    (tmp_path / "staged.vrt").rename(tmp_path / "home" / "a.vrt")
    vrt = gdal.Open(str(tmp_path / "home" / "a.vrt"))
    assert vrt.GetGCPCount() == sum(gcp.enabled for gcp in known.gcps)
    assert vrt.ReadAsArray().shape == gdal.Open(str(sensed)).ReadAsArray().shape


def at_places(tmp_path: Path, *places: tuple[float, float]) -> Path:
    """Tie points at these pixels of the sensed raster."""
    result = make_result(tmp_path, count=len(places))
    path = tmp_path / "places.gpkg"
    write_tie_points(path, replace(result, tie_points=replace(result.tie_points, sensed_xy=np.array(places))))
    return path


@pytest.mark.parametrize("inside", [(-1, -1), (33, -1), (-1, 41), (33, 41)])
def test_points_may_lie_a_pixel_beyond_the_raster_and_no_farther(tmp_path, inside):
    small = make_raster(tmp_path / "small.tif", size=(32, 40))
    job_of = {"sensed": small, "csv": tmp_path / "a.csv"}
    middle = (16.0, 20.0)
    assert export_gcps(ExportJob(at_places(tmp_path, middle, inside), **job_of), NullProgress())["points"] == 2
    for axis in (0, 1):
        outside = np.array(inside, dtype=float)
        outside[axis] += 0.1 * np.sign(outside[axis])
        with pytest.raises(InputError, match=r"not found on 'small\.tif'"):
            export_gcps(ExportJob(at_places(tmp_path, middle, tuple(outside)), **job_of), NullProgress())


def test_points_of_another_raster_are_refused_with_both_sizes(tmp_path):
    small = make_raster(tmp_path / "small.tif", size=(32, 40))
    with pytest.raises(InputError) as caught:
        export_gcps(job(at_places(tmp_path, (60.6, 3), (2, 47)), small, csv=tmp_path / "a.csv"), NullProgress())
    assert (caught.value.what, caught.value.why, caught.value.fix) == (
        "The tie points were not found on 'small.tif':",
        "they reach to column 61 and row 47, it has 32 x 40 pixels.",
        "Choose the sensed raster that was registered.",
    )
    assert not (tmp_path / "a.csv").exists()


def test_no_points_are_refused(tmp_path):
    write_tie_points(tmp_path / "none.gpkg", make_result(tmp_path, count=0))
    sensed = VARIANTS["plain"](tmp_path / "plain.tif")
    with pytest.raises(InputError) as caught:
        export_gcps(job(tmp_path / "none.gpkg", sensed, csv=tmp_path / "a.csv"), NullProgress())
    assert str(caught.value) == "'none.gpkg' has no tie points. Choose another layer."


def test_progress_of_the_copy_fills_what_the_points_left(tmp_path, tie_points):
    class Told(NullProgress):
        def __init__(self) -> None:
            self.fractions: list[float] = []

        def report(self, fraction: float, message: str = "") -> None:
            self.fractions.append(fraction)

    told = Told()
    sensed = VARIANTS["plain"](tmp_path / "plain.tif")
    export_gcps(job(tie_points, sensed, plain_copy=tmp_path / "copy.tif"), told)
    assert told.fractions == sorted(told.fractions)
    assert told.fractions[0] == pytest.approx(0.1)
    assert told.fractions[-1] == pytest.approx(1.0)


def test_cancelling_the_copy_leaves_none(tmp_path, tie_points):
    class Cancelled(NullProgress):
        def is_cancelled(self) -> bool:
            return True

    sensed = VARIANTS["plain"](tmp_path / "plain.tif")
    with pytest.raises(CancelledError):
        export_gcps(job(tie_points, sensed, plain_copy=tmp_path / "copy.tif"), Cancelled())
    assert not list(tmp_path.glob("*copy*"))


def test_a_job_from_the_plugin_is_checked():
    found = settings_from_json(ExportJob, {"tie_points": "a.gpkg", "sensed": "b.tif", "csv": "c.csv"})
    assert found == ExportJob(Path("a.gpkg"), Path("b.tif"), csv=Path("c.csv"))
    with pytest.raises(InputError, match="sensed"):
        settings_from_json(ExportJob, {"tie_points": "a.gpkg"})
