from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ltcore.config import RasterSource
from ltcore.errors import InputError
from ltcore.raster.radiometry import gradient_magnitude, percentile_stretch
from ltcore.raster.read import MaskedImage, Window, grid_of, open_raster, select_bands
from ltcore.raster.views import plain_view, warped_view
from tests.data.make_rasters import (
    HEIGHT,
    NORTH_UP,
    UTM_33N,
    VARIANTS,
    WIDTH,
    make_raster,
    texture,
    to_bytes,
)


def view_of(path, band=1):
    source = RasterSource(path, band)
    return plain_view(open_raster(source), source)


def test_a_window_is_what_gdal_reads(tmp_path):
    path = VARIANTS["uint16"](tmp_path / "a.tif")
    image = view_of(path, 3).read(Window(5, 7, 20, 10))
    expected = gdal.Open(str(path)).ReadAsArray(5, 7, 20, 10)[2]  # a band would outlive its dataset
    assert np.array_equal(image.values, expected)
    assert image.valid.all()


def test_outside_the_raster_nothing_is_valid(tmp_path):
    image = view_of(VARIANTS["plain"](tmp_path / "a.tif")).read(Window(-4, HEIGHT - 3, 10, 6))
    assert image.values.shape == (6, 10)
    assert image.valid[:3, 4:].all()
    assert image.valid.sum() == 18
    assert (image.values[~image.valid] == 0).all()


@pytest.mark.parametrize(
    ("variant", "hidden"),
    [
        ("with_nodata", np.s_[:, : WIDTH // 4]),
        ("with_alpha", np.s_[: HEIGHT // 4]),
        ("with_mask", np.s_[-HEIGHT // 4 :]),
        ("all_nodata", np.s_[:]),
    ],
)
def test_masks_of_every_kind_hide_pixels(tmp_path, variant, hidden):
    source = RasterSource(VARIANTS[variant](tmp_path / "a.tif"), 1)
    dataset = open_raster(source)
    expected = np.ones((HEIGHT, WIDTH), bool)
    expected[hidden] = False
    views = [plain_view(dataset, source), warped_view(dataset, source, grid_of(dataset))]
    for view in views:
        assert np.array_equal(view.read(view.full_window).valid, expected)


def test_nan_and_infinity_are_not_valid(tmp_path):
    pixels = texture().astype(np.float32)
    pixels[3, 4], pixels[5, 6] = np.nan, np.inf
    image = view_of(make_raster(tmp_path / "a.tif", pixels)).read(Window(0, 0, WIDTH, HEIGHT))
    assert np.argwhere(~image.valid).tolist() == [[3, 4], [5, 6]]


@pytest.mark.parametrize("kind", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"])
def test_every_numeric_type_is_read(tmp_path, kind):
    if kind == "int8":  # GDAL before 3.7 has it as a flavour of byte
        pytest.skip("GDAL 3.6 has no int8")
    pixels = (texture() * 100).astype(kind)
    image = view_of(make_raster(tmp_path / "a.tif", pixels)).read(Window(0, 0, WIDTH, HEIGHT))
    assert np.allclose(image.values, pixels, rtol=1e-6)


def test_decimation_averages_and_keeps_the_frame(tmp_path):
    columns = np.tile(np.arange(WIDTH, dtype=np.float32), (HEIGHT, 1))
    view = view_of(make_raster(tmp_path / "a.tif", columns)).decimated(4)
    image = view.read(view.full_window)
    assert image.values.shape == (HEIGHT // 4, WIDTH // 4)
    assert np.allclose(image.values[0], np.arange(WIDTH // 4) * 4 + 1.5)
    assert np.allclose(view.to_source([[1, 1]]), [[4, 4]])
    assert np.allclose(view.from_source([[4, 4]]), [[1, 1]])


@pytest.mark.parametrize("factor", [1.02, 1.12, 1.5, 2.6, 3.3, 7])
def test_every_window_of_every_decimation_can_be_read(tmp_path, factor):
    view = view_of(VARIANTS["plain"](tmp_path / "a.tif")).decimated(factor)
    for y in range(view.height):
        assert view.read(Window(0, y, view.width, view.height - y)).valid.all()
    for x in range(view.width):
        assert view.read(Window(x, 0, view.width - x, view.height)).valid.all()


def test_luminance_weighs_red_green_blue(tmp_path):
    source = RasterSource(VARIANTS["with_alpha"](tmp_path / "a.tif"), "luminance")
    dataset = open_raster(source)
    assert select_bands(dataset, "luminance", "a") == ((1, 2, 3), (0.299, 0.587, 0.114))
    red, green, blue, _ = dataset.ReadAsArray().astype(float)
    view = plain_view(dataset, source)
    image = view.read(view.full_window)
    expected = np.where(image.valid, 0.299 * red + 0.587 * green + 0.114 * blue, 0)
    assert np.allclose(image.values, expected, atol=1e-3)


def test_luminance_of_one_band_is_that_band(tmp_path):
    dataset = open_raster(RasterSource(VARIANTS["plain"](tmp_path / "a.tif"), "luminance"))
    assert select_bands(dataset, "luminance", "a") == ((1,), (1.0,))


@pytest.mark.parametrize("variant", ["georeferenced", "south_up", "rotated"])
def test_a_warped_view_knows_the_way_back(tmp_path, variant):
    source = RasterSource(VARIANTS[variant](tmp_path / "a.tif"))
    dataset = open_raster(source)
    target = grid_of(open_raster(RasterSource(VARIANTS["georeferenced"](tmp_path / "grid.tif"))))
    view = warped_view(dataset, source, target)
    points = np.array([[10.25, 20.5], [30.0, 5.0]])
    own = view.to_source(points)
    assert np.allclose(grid_of(dataset).to_map(own), target.to_map(points))
    assert np.allclose(view.from_source(own), points)


def test_a_south_up_raster_shows_the_same_ground(tmp_path):
    target = grid_of(open_raster(RasterSource(VARIANTS["georeferenced"](tmp_path / "a.tif"))))
    source = RasterSource(VARIANTS["south_up"](tmp_path / "b.tif"))
    view = warped_view(open_raster(source), source, target)
    assert np.abs(view.read(view.full_window).values - to_bytes(texture())).max() <= 1


@pytest.mark.parametrize(("band", "words"), [(0, "Band 0"), (2, "has 1 band."), (-1, "Band -1")])
def test_a_missing_band_is_named(tmp_path, band, words):
    with pytest.raises(InputError, match=words):
        open_raster(RasterSource(VARIANTS["plain"](tmp_path / "a.tif"), band))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing.tif", "does not exist"),
        ("text.tif", "not a raster"),
        ("/vsicurl/http://localhost/a.tif", "network"),
        ("https://localhost/a.tif", "network"),
    ],
)
def test_what_is_no_local_raster_is_refused(tmp_path, path, words):
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(InputError, match=words):
        open_raster(RasterSource(tmp_path / path if not path.startswith(("/", "http")) else Path(path)))


def test_a_row_and_complex_numbers_are_refused(tmp_path):
    with pytest.raises(InputError, match="64 x 1 pixels"):
        open_raster(RasterSource(VARIANTS["one_row"](tmp_path / "a.tif")))
    complex_path = make_raster(tmp_path / "b.tif", texture().astype(np.complex64))
    with pytest.raises(InputError, match="complex"):
        open_raster(RasterSource(complex_path))


def test_reading_leaves_nothing_beside_the_input(tmp_path):
    path = VARIANTS["with_nodata"](tmp_path / "a.tif")
    before = path.read_bytes()
    view = view_of(path)
    percentile_stretch(view, "a.tif")
    view.read(view.full_window)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert path.read_bytes() == before


def test_the_stretch_ignores_nodata(tmp_path):
    pixels = np.linspace(1000, 2000, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.float32)
    pixels[:10] = -9999
    stretch = percentile_stretch(view_of(make_raster(tmp_path / "a.tif", pixels, nodata=-9999.0)), "a.tif")
    low, high = np.percentile(pixels[10:], [1, 99])
    assert stretch.low == pytest.approx(low)
    assert stretch.high == pytest.approx(high)


@pytest.mark.parametrize(("value", "words"), [(7, "blank"), (0, "no usable pixels")])
def test_blank_and_empty_rasters_are_refused(tmp_path, value, words):
    path = make_raster(tmp_path / "a.tif", np.full((HEIGHT, WIDTH), value, np.uint8), nodata=0)
    with pytest.raises(InputError, match=words):
        percentile_stretch(view_of(path), "a.tif")


def test_gradients_ignore_inverted_contrast_and_masked_edges():
    values = (texture() * 255).astype(np.float32)
    valid = np.ones(values.shape, bool)
    valid[:, :20] = False
    image, inverted = MaskedImage(values, valid), MaskedImage(255 - values, valid)
    a, b = gradient_magnitude(image), gradient_magnitude(inverted)
    assert np.allclose(a, b, atol=1e-3)
    assert (a[:, :22] == 0).all()
    assert a[:, 22:].mean() > 1


def test_the_working_grid_of_georeferenced_rasters_is_lazy(tmp_path):
    """A view over a huge target reads only what is asked for."""
    source = RasterSource(make_raster(tmp_path / "a.tif", geotransform=NORTH_UP, epsg=UTM_33N))
    grid = grid_of(open_raster(source))
    huge = type(grid)(200_000, 200_000, NORTH_UP, grid.crs_wkt)
    view = warped_view(open_raster(source), source, huge)
    assert view.read(Window(0, 0, WIDTH, HEIGHT)).valid.all()
    assert not view.read(Window(150_000, 150_000, 50, 50)).valid.any()
