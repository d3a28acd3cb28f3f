"""Large rasters seen coarsely: the same picture at the same place as from full resolution, made once and small."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr
from scipy.ndimage import gaussian_filter

from ltcore.config import RasterSource
from ltcore.raster import reduced
from ltcore.raster.grid import GeoGrid
from ltcore.raster.read import Window, grid_of
from ltcore.raster.views import plain_view, warped_view

SIDE = 1000
NODATA = 65535


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    monkeypatch.setattr(reduced, "LARGE_PX", 256)


def _raster(empty="", epsg=32633, side=SIDE):
    """A smooth picture of which a quarter may be empty, by nodata value, mask or alpha."""
    values = gaussian_filter(np.random.default_rng(0).normal(0, 1, (side, side)), 12)
    values = (20_000 + 8_000 * values / values.std()).clip(0, 60_000).astype(np.uint16)
    dataset = gdal.GetDriverByName("MEM").Create("", side, side, 2 if empty == "alpha" else 1, gdal.GDT_UInt16)
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(epsg)
    dataset.SetProjection(crs.ExportToWkt())
    dataset.SetGeoTransform((500_000, 1, 0, 5_600_000, 0, -1))
    seen = np.full((side, side), 255, np.uint16)
    seen[: side // 2, : side // 2] = 0
    band = dataset.GetRasterBand(1)
    if empty == "nodata":
        values[seen == 0] = NODATA
        band.SetNoDataValue(NODATA)
    elif empty == "mask":
        dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
        band.GetMaskBand().WriteArray(seen.astype(np.uint8))
    elif empty == "alpha":
        dataset.GetRasterBand(2).SetColorInterpretation(gdal.GCI_AlphaBand)
        dataset.GetRasterBand(2).WriteArray(257 * seen)  # opaque is the largest value
    band.WriteArray(values)
    return dataset


def _views(dataset, target=None):
    """The view as it is, and the same that reads full resolution whatever its pixels."""
    source = RasterSource(Path("a.tif"))
    view = plain_view(dataset, source) if target is None else warped_view(dataset, source, target)
    return view, replace(view, reduced=None)


def _target(dataset):
    """A grid moved by parts of a pixel, of the same pixel size."""
    crs = grid_of(dataset).crs_wkt
    return GeoGrid(SIDE + 100, SIDE + 90, (499_960.3, 1, 0, 5_600_040.6, 0, -1), crs)


@pytest.mark.parametrize("empty", ["", "nodata", "mask", "alpha"])
@pytest.mark.parametrize("warped", [False, True])
@pytest.mark.parametrize("factor", [2.0, 2.7, 4.0, 7.3])
def test_coarse_views_show_the_same_at_the_same_place(empty, warped, factor):
    dataset = _raster(empty)
    one, other = (
        view.decimated(factor).read(view.decimated(factor).full_window)
        for view in _views(dataset, _target(dataset) if warped else None)
    )
    both = one.valid & other.valid
    assert both.any()
    assert (one.valid != other.valid).mean() < 0.03, "more than the rims of what is empty"
    inner = np.s_[20:-20, 20:-20]
    apart = (one.values - other.values)[inner][both[inner]]
    assert np.median(np.abs(apart)) < 250, "the picture has a deviation of 8000"
    slope = np.gradient(other.values, axis=1)[inner][both[inner]]
    shift_px = (apart * slope).sum() / (slope**2).sum()
    assert abs(shift_px) < 0.1


def test_views_of_full_resolution_are_what_they_were():
    dataset = _raster()
    for target in (None, _target(dataset)):
        for view in _views(dataset, target)[:1]:
            full = replace(view, reduced=None)
            window = Window(100, 50, 300, 200)
            for factor in (1.0, 1.9):
                one, other = (each.decimated(factor).read(window) for each in (view, full))
                np.testing.assert_array_equal(one.values, other.values)


def test_the_file_is_read_once_for_all_coarse_views():
    dataset = _raster()
    view, _ = _views(dataset, _target(dataset))
    first = view.decimated(8).read(view.decimated(8).full_window)
    dataset.GetRasterBand(1).Fill(7)
    again = view.decimated(8).read(view.decimated(8).full_window)
    np.testing.assert_array_equal(again.values, first.values)
    assert view.decimated(2).read(view.decimated(2).full_window).values.max() < 8, "finer ones are not kept"


def test_small_rasters_are_read_as_they_are():
    dataset = _raster(side=250)
    view, full = _views(dataset)
    one, other = (each.decimated(5).read(each.decimated(5).full_window) for each in (view, full))
    np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("warped", [False, True])
def test_only_the_band_that_is_looked_at_is_read(warped):
    one = _raster()
    several = gdal.GetDriverByName("MEM").Create("", SIDE, SIDE, 4, gdal.GDT_UInt16)
    several.SetProjection(one.GetProjection())
    several.SetGeoTransform(one.GetGeoTransform())
    several.GetRasterBand(3).WriteArray(one.ReadAsArray())
    several.GetRasterBand(4).SetColorInterpretation(gdal.GCI_AlphaBand)
    several.GetRasterBand(4).Fill(65535)
    source, make = RasterSource(Path("a.tif"), 3), (plain_view, lambda *of: warped_view(*of, _target(one)))[warped]
    coarse = make(several, source).decimated(4)
    image, (expected, _) = coarse.read(coarse.full_window), _views(one, _target(one) if warped else None)
    assert image.valid.mean() > 0.8
    np.testing.assert_allclose(image.values, expected.decimated(4).read(coarse.full_window).values, rtol=1e-6)
    assert coarse.reduced.at(4).GetRasterBand(1).ReadAsArray().any(), "band 1 of the file was read, which is empty"


@pytest.mark.parametrize("warped", [False, True])
def test_overviews_of_a_mosaic_are_used(tmp_path, warped):
    part, mosaic = tmp_path / "part.tif", tmp_path / "mosaic.vrt"
    gdal.GetDriverByName("GTiff").CreateCopy(str(part), _raster())
    gdal.BuildVRT(str(mosaic), [str(part)]).FlushCache()
    dataset = gdal.Open(str(mosaic))
    dataset.BuildOverviews("AVERAGE", [2, 4])
    overviews = gdal.Open(f"{mosaic}.ovr", gdal.GA_Update)
    overviews.GetRasterBand(1).GetOverview(0).Fill(7)  # of factor 4
    dataset = overviews = None  # closed, hence written
    dataset = gdal.Open(str(mosaic))
    view, _ = _views(dataset, _target(dataset) if warped else None)
    image = view.decimated(4).read(view.decimated(4).full_window)
    assert image.valid.mean() > 0.8
    np.testing.assert_allclose(image.values[image.valid], 7, err_msg="it was made of the file itself")
