from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal

from ltcore.atomic import atomic_path
from ltcore.errors import OutputError, RasterReadError
from ltcore.geometry.models import fit_model
from ltcore.geometry.transforms import Transform
from ltcore.progress import CancelledError, NullProgress
from ltcore.raster.grid import GeoGrid
from ltcore.raster.read import grid_of
from ltcore.raster.write import target_for, warp_raster
from tests.data.make_rasters import (
    NORTH_UP,
    UTM_33N,
    VARIANTS,
    WGS84,
    make_raster,
    texture,
    texture_at,
    wkt,
)


def bent_points() -> tuple[np.ndarray, np.ndarray]:
    """Points of a 300 x 200 px image and where a lens with 6 px of barrel puts them, twice as large."""
    x, y = np.meshgrid(np.linspace(0, 300, 9), np.linspace(0, 200, 7))
    xy = np.column_stack([x.ravel(), y.ravel()])
    centred = xy / 150 - [1, 2 / 3]
    return xy, 2 * xy + [30, 40] + 6 * centred * (centred**2).sum(axis=1)[:, None]


TRANSFORMS = {
    "shift": Transform("shift", [[1, 0, 5.4], [0, 1, -3.25], [0, 0, 1]]),
    "similarity": Transform("similarity", [[2.0, -0.3, 40], [0.3, 2.0, 10], [0, 0, 1]]),
    "affine": Transform("affine", [[1.8, 0.2, 20], [-0.15, 2.2, 60], [0, 0, 1]]),
    "projective": Transform("projective", [[1.9, 0.2, 20], [-0.1, 2.1, 50], [4e-4, -2e-4, 1]]),
    "poly3": fit_model("poly3", *bent_points()),
    "tps": fit_model("tps", *bent_points()),
    "mirror": Transform("affine", [[-1.0, 0, 310], [0, 1.0, 0], [0, 0, 1]]),
}
REFERENCE = GeoGrid(700, 520, (15.0, 1e-5, 0, 50.0, 0, -1e-5), wkt(WGS84))
FEW = Transform("affine", [[1.02, 0.03, 4.4], [-0.03, 1.02, 3.3], [0, 0, 1]])


def warp(source: Path, out: Path, transform: Transform, choice: Any, **how: Any) -> tuple[gdal.Dataset, Any]:
    sensed = grid_of(gdal.Open(str(source)))
    target = target_for(choice, how.get("reference", sensed), sensed, transform)
    warp_raster(source, out, transform, target, how.get("resampling", "cubic"), how.get("progress", NullProgress()))
    return gdal.Open(str(out)), target


def output_to_sensed(target: Any, transform: Transform) -> tuple[np.ndarray, np.ndarray]:
    columns, rows = np.meshgrid(np.arange(target.grid.width) + 0.5, np.arange(target.grid.height) + 0.5)
    edge = np.column_stack([columns.ravel(), rows.ravel()])
    xy = transform.inverse()(Transform("affine", target.to_reference)(edge)).T
    return xy[0].reshape(columns.shape), xy[1].reshape(columns.shape)


@pytest.mark.parametrize("choice", ["reference", "sensed"])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_pixel_shows_its_place_within_a_20th_of_a_pixel(tmp_path: Path, name: str, choice: str) -> None:
    """The sensed raster holds its own coordinates, so the output says where each of its pixels came from."""
    columns, rows = np.meshgrid(np.arange(300) + 0.5, np.arange(200) + 0.5)
    source = make_raster(tmp_path / "a.tif", np.stack([columns, rows]), geotransform=NORTH_UP, epsg=UTM_33N)
    transform = TRANSFORMS[name]
    found, target = warp(source, tmp_path / "o.tif", transform, choice, reference=REFERENCE, resampling="bilinear")
    x, y = output_to_sensed(target, transform)
    inside = (x > 1) & (x < 299) & (y > 1) & (y < 199)
    outside = (x < -0.1) | (x > 300.1) | (y < -0.1) | (y > 200.1)
    assert inside.sum() > 40_000
    for band, expected in zip(found.ReadAsArray(), (x, y)):
        assert np.abs(band - expected)[inside].max() < 0.05
        assert np.isnan(band[outside]).all()  # floating point without nodata: NaN


@pytest.mark.parametrize("choice", ["reference", "sensed"])
def test_output_lies_on_the_asked_grid(tmp_path: Path, choice: str) -> None:
    source = make_raster(tmp_path / "a.tif", size=(300, 200))
    transform = TRANSFORMS["affine"]
    found, target = warp(source, tmp_path / "o.tif", transform, choice, reference=REFERENCE)
    assert (found.RasterXSize, found.RasterYSize) == (target.grid.width, target.grid.height)
    np.testing.assert_allclose(found.GetGeoTransform(), target.grid.geotransform, rtol=1e-12)
    assert found.GetSpatialRef().GetAuthorityCode(None) == "4326"
    # The georeference and to_reference say the same.
    np.testing.assert_allclose(
        target.grid.to_map([[3, 4]]), REFERENCE.to_map(Transform("affine", target.to_reference)([[3, 4]])), rtol=1e-12
    )
    if choice == "sensed":  # all of the sensed image, at its own pixel size
        corners = transform([[0, 0], [300, 0], [0, 200], [300, 200]])
        corners = Transform("affine", target.to_reference).inverse()(corners)
        assert (corners > -1e-6).all()
        assert (corners < np.array([target.grid.width, target.grid.height]) + 1e-6).all()
        jacobian = np.linalg.det(transform.matrix[:2, :2])
        assert target.grid.pixel_size_map == pytest.approx(1e-5 * np.sqrt(jacobian))


def test_sensed_grid_of_equal_pixels_falls_on_reference_pixels(tmp_path: Path) -> None:
    target = target_for("sensed", REFERENCE, GeoGrid(300, 200), TRANSFORMS["shift"])
    assert target.to_reference.tolist() == [[1, 0, 5], [0, 1, -4], [0, 0, 1]]
    assert (target.grid.width, target.grid.height) == (301, 201)


def test_without_georeference_the_output_has_none_or_the_layer_frame(tmp_path: Path) -> None:
    source = VARIANTS["plain"](tmp_path / "a.tif")
    found, _ = warp(source, tmp_path / "o.tif", TRANSFORMS["shift"], "reference")
    assert found.GetGeoTransform(can_return_null=True) is None
    assert not found.GetProjection()
    found, _ = warp(source, tmp_path / "p.tif", TRANSFORMS["shift"], "sensed")
    assert found.GetGeoTransform() == (5, 1, 0, 4, 0, -1)  # QGIS draws a plain raster at x = column, y = -row
    assert not found.GetProjection()


def test_a_warped_texture_is_the_texture_at_the_moved_places(tmp_path: Path) -> None:
    source = make_raster(tmp_path / "a.tif", (texture(300, 200) * 60_000).astype(np.uint16))
    found, target = warp(source, tmp_path / "o.tif", FEW, "reference")
    x, y = output_to_sensed(target, FEW)
    inside = (x > 3) & (x < 297) & (y > 3) & (y < 197)
    expected = texture_at(x, y) * 60_000
    assert np.abs(found.ReadAsArray() - expected)[inside].mean() < 300
    assert np.abs(found.ReadAsArray() - expected)[inside].max() < 3000


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64", "complex64"])
def test_type_nodata_names_and_values_are_kept(tmp_path: Path, kind: str) -> None:
    bands = np.stack([texture(300, 200, seed) * 200 + 20 for seed in range(3)]).astype(kind)
    bands[:, :40] = 7
    names = ["green", "red edge", "near infrared"]
    source = make_raster(tmp_path / "a.tif", bands, nodata=7, names=names, geotransform=NORTH_UP, epsg=UTM_33N)
    found, _ = warp(source, tmp_path / "o.tif", TRANSFORMS["shift"], "sensed", resampling="nearest")
    pixels = found.ReadAsArray()
    assert pixels.dtype == bands.dtype
    assert [found.GetRasterBand(i).GetNoDataValue() for i in (1, 2, 3)] == [7, 7, 7]
    assert [found.GetRasterBand(i).GetDescription() for i in (1, 2, 3)] == names
    # Output pixel (c, r) has its centre at (c + 0.1, r - 0.25) of the sensed raster.
    np.testing.assert_array_equal(pixels[:, 1:, :300], bands)
    assert (pixels[:, 0] == 7).all()


def test_colours_scale_unit_and_metadata_are_kept(tmp_path: Path) -> None:
    source = VARIANTS["uint16"](tmp_path / "a.tif")
    raster = gdal.Open(str(source), gdal.GA_Update)
    raster.SetMetadata({"SENSOR": "RedEdge", "TIFFTAG_DATETIME": "2017:10:19 20:42:10"})
    colours = [gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand, gdal.GCI_Undefined]
    for number, colour in enumerate(colours, start=1):
        band = raster.GetRasterBand(number)
        band.SetColorInterpretation(colour)
        band.SetScale(1e-4)
        band.SetOffset(-0.5 * number)
        band.SetUnitType("reflectance")
        band.SetMetadata({"WAVELENGTH": str(number), "STATISTICS_MEAN": "5"})
    del band, raster
    found, _ = warp(source, tmp_path / "o.tif", FEW, "reference")
    bands = [found.GetRasterBand(i) for i in (1, 2, 3, 4)]
    assert [band.GetColorInterpretation() for band in bands] == colours
    assert [(band.GetScale(), band.GetOffset(), band.GetUnitType()) for band in bands] == [
        (1e-4, -0.5 * i, "reflectance") for i in (1, 2, 3, 4)
    ]
    assert bands[2].GetMetadata() == {"WAVELENGTH": "3"}  # statistics of other pixels are dropped
    assert found.GetMetadataItem("SENSOR") == "RedEdge"
    assert found.GetMetadataItem("TIFFTAG_DATETIME") == "2017:10:19 20:42:10"


def test_colour_tables_are_kept_and_never_mixed(tmp_path: Path) -> None:
    classes = (texture(300, 200) > 0.5).astype(np.uint8) * 100  # 0, 100: a mean would be a class that is not there
    source = make_raster(tmp_path / "a.tif", classes)
    raster = gdal.Open(str(source), gdal.GA_Update)
    table = gdal.ColorTable()
    table.SetColorEntry(100, (255, 0, 0, 255))
    raster.GetRasterBand(1).SetColorTable(table)
    del raster
    found, _ = warp(source, tmp_path / "o.tif", FEW, "reference", resampling="cubic")
    assert found.GetRasterBand(1).GetColorTable().GetColorEntry(100) == (255, 0, 0, 255)
    assert set(np.unique(found.ReadAsArray())) <= {0, 100}


def test_without_nodata_a_mask_inside_the_file_says_what_is_empty(tmp_path: Path) -> None:
    pixels = np.zeros((3, 200, 300), np.uint8)  # 0 is a value like any other and must stay one
    source = make_raster(tmp_path / "a.tif", pixels, geotransform=NORTH_UP, epsg=UTM_33N)
    found, target = warp(source, tmp_path / "o.tif", FEW, "reference")
    x, y = output_to_sensed(target, FEW)
    band = found.GetRasterBand(2)
    assert band.GetNoDataValue() is None
    assert band.GetMaskFlags() == gdal.GMF_PER_DATASET
    seen = band.GetMaskBand().ReadAsArray() > 0
    inside = (x > 0) & (x < 300) & (y > 0) & (y < 200)
    assert (seen != inside).sum() < 5  # rounding on the very border
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".tif"] == []


@pytest.mark.parametrize("nodata", [-9999, 3.5, float("nan")])
def test_a_nodata_value_that_no_pixel_can_have_is_none(tmp_path: Path, nodata: float) -> None:
    source = make_raster(tmp_path / "a.tif", size=(300, 200), nodata=nodata)
    found, target = warp(source, tmp_path / "o.tif", FEW, "reference")
    x, y = output_to_sensed(target, FEW)
    band = found.GetRasterBand(1)
    assert band.GetNoDataValue() is None
    outside = (x < 0) | (x > 300) | (y < 0) | (y > 200)
    assert (band.GetMaskBand().ReadAsArray()[outside] == 0).all()
    assert (band.ReadAsArray()[outside] == 0).all()


def test_a_mask_band_of_the_source_moves_along_and_leaves_no_fringe(tmp_path: Path) -> None:
    mask = np.ones((200, 300), bool)
    mask[50:90, 100:180] = False
    source = make_raster(tmp_path / "a.tif", np.full((200, 300), 200, np.uint8), mask=mask)
    found, target = warp(source, tmp_path / "o.tif", FEW, "reference")
    x, y = output_to_sensed(target, FEW)
    seen = found.GetRasterBand(1).GetMaskBand().ReadAsArray() > 0
    hole = (x > 101) & (x < 179) & (y > 51) & (y < 89)
    assert not seen[hole].any()
    assert seen[(x > 2) & (x < 98) & (y > 2) & (y < 198)].all()
    assert (found.ReadAsArray()[seen] == 200).all()


def test_alpha_stays_alpha_and_leaves_no_fringe(tmp_path: Path) -> None:
    bands = np.full((4, 200, 300), 180, np.uint8)
    bands[3] = 255
    bands[3, :60] = 0
    bands[:3, :60] = 0
    colours = [gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand, gdal.GCI_AlphaBand]
    source = make_raster(tmp_path / "a.tif", bands, colours=colours)
    found, target = warp(source, tmp_path / "o.tif", FEW, "reference")
    x, y = output_to_sensed(target, FEW)
    pixels = found.ReadAsArray()
    assert found.RasterCount == 4
    assert found.GetRasterBand(4).GetColorInterpretation() == gdal.GCI_AlphaBand
    assert (pixels[3][(x < -1) | (y < 58)] == 0).all()
    assert (pixels[3][(x > 2) & (x < 298) & (y > 63) & (y < 198)] == 255).all()
    assert (pixels[:3, pixels[3] == 255] == 180).all()


@pytest.mark.parametrize("name", ["one_row", "rotated", "south_up", "other_crs", "all_nodata", "geotransform_only"])
def test_odd_rasters_are_warped_too(tmp_path: Path, name: str) -> None:
    source = VARIANTS[name](tmp_path / "a.tif")
    before = source.read_bytes()
    for choice in ("reference", "sensed"):
        found, target = warp(source, tmp_path / f"{choice}.tif", FEW, choice)
        assert found.RasterXSize == target.grid.width
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "reference.tif", "sensed.tif"]


def test_the_output_is_tiled_and_compressed(tmp_path: Path) -> None:
    source = make_raster(tmp_path / "a.tif", np.zeros((600, 600), np.uint16))
    found, _ = warp(source, tmp_path / "o.tif", TRANSFORMS["shift"], "reference")
    assert found.GetRasterBand(1).GetBlockSize() == [256, 256]
    assert found.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") == "DEFLATE"
    assert (tmp_path / "o.tif").stat().st_size < 20_000


def test_the_horizon_outside_the_image_gives_no_second_image(tmp_path: Path) -> None:
    """A little perspective, a large reference: beyond its horizon a projective map shows the image again."""
    source = make_raster(tmp_path / "a.tif", np.full((100, 100), 9, np.uint8))
    transform = Transform("projective", [[1, 0, 50], [0, 1, 50], [-1e-3, 0, 1]])
    reference = GeoGrid(3000, 300)  # the inverse has its horizon at column -1000 / 1.05
    mirrored = Transform("projective", [[1, 0, 2000], [0, 1, 50], [1e-3, 0, 1]])
    for projective in (transform, mirrored):
        found, _ = warp(source, tmp_path / "o.tif", projective, "reference", reference=reference)
        shown = found.ReadAsArray() > 0
        corners = projective([[0, 0], [100, 0], [0, 100], [100, 100]])
        columns = np.flatnonzero(shown.any(axis=0))
        assert columns.min() >= corners[:, 0].min() - 1
        assert columns.max() <= corners[:, 0].max() + 1


def test_a_horizon_inside_the_image_is_refused(tmp_path: Path) -> None:
    source = make_raster(tmp_path / "a.tif", np.full((100, 100), 9, np.uint8))
    transform = Transform("projective", [[1, 0, 0], [0, 1, 0], [-0.02, 0, 1]])
    with pytest.raises(OutputError, match="horizon"):
        warp(source, tmp_path / "o.tif", transform, "reference")
    steep = Transform("projective", [[1, 0, 0], [0, 1, 0], [-0.0099, 0, 1]])
    with pytest.raises(OutputError, match="stretches it"):
        target_for("sensed", REFERENCE, GeoGrid(100, 100), steep)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


class CancelAt:
    """Cancels when that share of the work is done."""

    def __init__(self, fraction: float) -> None:
        self.fraction, self.done = fraction, 0.0

    def report(self, fraction: float, message: str = "") -> None:
        assert fraction >= self.done
        self.done = fraction

    def is_cancelled(self) -> bool:
        return self.done >= self.fraction


def test_cancel_leaves_nothing(tmp_path: Path) -> None:
    source = make_raster(tmp_path / "a.tif", np.zeros((100, 3000), np.float64))
    with pytest.raises(CancelledError):
        warp(source, tmp_path / "o.tif", TRANSFORMS["shift"], "reference", progress=CancelAt(0.3))
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_an_absent_or_damaged_source_is_a_readable_error(tmp_path: Path) -> None:
    target = target_for("reference", REFERENCE, GeoGrid(100, 100), FEW)
    with pytest.raises(RasterReadError, match=r"a\.tif"):
        warp_raster(tmp_path / "a.tif", tmp_path / "o.tif", FEW, target, "cubic", NullProgress())
    source = make_raster(tmp_path / "a.tif", size=(900, 900))
    source.write_bytes(source.read_bytes()[:200_000])
    with pytest.raises(OutputError, match=r"o\.tif"):
        warp(source, tmp_path / "o.tif", FEW, "reference")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_memory_does_not_grow_with_the_output(tmp_path: Path) -> None:
    source = make_raster(tmp_path / "a.tif", np.zeros((64, 64), np.uint8))
    magnified = Transform("similarity", [[80.0, 0, 0], [0, 80.0, 0], [0, 0, 1]])
    gdal.SetCacheMax(32 * 2**20)
    tracemalloc.start()
    try:
        warp(source, tmp_path / "o.tif", magnified, "reference", reference=GeoGrid(5000, 5000), resampling="nearest")
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20  # one tile of 2048 x 2048 bytes and its copy
    finally:
        tracemalloc.stop()


def write_half_of(path: Path) -> None:
    path.write_text("half")
    raise KeyboardInterrupt


def test_atomic_path_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    (tmp_path / "a.txt.aux.xml").write_text("statistics of the old one")
    with pytest.raises(KeyboardInterrupt), atomic_path(path) as temporary:
        write_half_of(temporary)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_atomic_path_says_why_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="could not be written"), atomic_path(tmp_path / "file" / "a.txt"):
        pass
    with pytest.raises(OutputError, match="No space left"), atomic_path(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
