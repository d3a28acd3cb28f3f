"""Seeded tiny GeoTIFFs for every test that needs GDAL.

from tests.data.make_rasters import NORTH_UP, VARIANTS, make_raster, shifted_pair
path = make_raster(tmp_path / "a.tif")                     # 64 x 48, one uint8 band, no georeference
path = make_raster(tmp_path / "b.tif", epsg=32633, geotransform=NORTH_UP)
path = VARIANTS["rotated"](tmp_path / "c.tif")             # one call a well-known kind of raster
reference, sensed = shifted_pair(tmp_path, (3.0, -2.0))    # the same scene, displaced
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, gdal_array, osr

gdal.UseExceptions()

Geotransform = tuple[float, float, float, float, float, float]

WIDTH, HEIGHT = 64, 48
NORTH_UP: Geotransform = (500_000.0, 2.0, 0.0, 5_600_000.0, 0.0, -2.0)
SOUTH_UP: Geotransform = (500_000.0, 2.0, 0.0, 5_599_904.0, 0.0, 2.0)  # covers the same ground as NORTH_UP
ROTATED: Geotransform = (500_000.0, 1.8, 0.6, 5_600_000.0, 0.6, -1.8)
UTM_33N, WGS84 = 32633, 4326


def texture(width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> NDArray[np.float64]:
    """Returns a (height, width) band-limited random texture in [0, 1]."""
    return texture_at(*np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), seed=seed)


def texture_at(x: Any, y: Any, seed: int = 0) -> NDArray[np.float64]:
    """Returns the texture at any pixel-edge positions, so a warp of it is exact: waves of 6 to 60 px."""
    random = np.random.default_rng(seed)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    total = np.zeros(np.broadcast(x, y).shape)
    for _ in range(60):
        length = np.exp(random.uniform(np.log(6), np.log(60)))
        angle, phase = random.uniform(0, 2 * np.pi, 2)
        total += np.sin(2 * np.pi / length * (x * np.cos(angle) + y * np.sin(angle)) + phase)
    return np.clip(0.5 + total / 30, 0, 1)


def make_raster(path: Path, bands: NDArray[Any] | None = None, **how: Any) -> Path:
    """Writes a GeoTIFF and returns its path.

    Args:
        path: file to write.
        bands: (B, H, W) or (H, W) array, its type is the raster's; None gives one uint8 band of `texture`.
        how: any of `geotransform`, `epsg`, `nodata`, `names` (band names), `colours` (GDAL colour
            interpretations), `mask` ((H, W) bool, written as a mask band inside the file), `seed` and
            `size` ((width, height)) of the texture.
    """
    unknown = set(how) - {"geotransform", "epsg", "nodata", "names", "colours", "mask", "seed", "size"}
    if unknown:
        raise TypeError(f"make_raster does not know {sorted(unknown)}")
    if bands is None:
        bands = to_bytes(texture(*how.get("size", (WIDTH, HEIGHT)), seed=how.get("seed", 0)))
    bands = np.atleast_3d(bands.T).T if bands.ndim == 2 else bands
    count, height, width = bands.shape
    kind = gdal_array.NumericTypeCodeToGDALTypeCode(bands.dtype.type)
    raster = gdal.GetDriverByName("GTiff").Create(str(path), width, height, count, kind)
    if how.get("geotransform") is not None:
        raster.SetGeoTransform(how["geotransform"])
    if how.get("epsg") is not None:
        raster.SetProjection(wkt(how["epsg"]))
    _fill(raster, bands, how)
    raster.FlushCache()
    return path


def _fill(raster: gdal.Dataset, bands: NDArray[Any], how: dict[str, Any]) -> None:
    for number, pixels in enumerate(bands, start=1):
        band = raster.GetRasterBand(number)
        if how.get("nodata") is not None:
            band.SetNoDataValue(how["nodata"])
        if how.get("names"):
            band.SetDescription(how["names"][number - 1])
        if how.get("colours"):
            band.SetColorInterpretation(how["colours"][number - 1])
        band.WriteArray(pixels)
    if how.get("mask") is not None:
        gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES")
        raster.CreateMaskBand(gdal.GMF_PER_DATASET)
        gdal.SetConfigOption("GDAL_TIFF_INTERNAL_MASK", None)
        raster.GetRasterBand(1).GetMaskBand().WriteArray(how["mask"].astype(np.uint8) * 255)


def to_bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Returns values in [0, 1] as uint8 1 to 255."""
    return (values * 254 + 1).astype(np.uint8)


def wkt(epsg: int) -> str:
    """Returns the WKT of an EPSG code."""
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(epsg)
    return str(crs.ExportToWkt())


def plain(path: Path) -> Path:
    """No geotransform, no CRS."""
    return make_raster(path)


def georeferenced(path: Path) -> Path:
    """North-up, UTM 33N, 2 m."""
    return make_raster(path, geotransform=NORTH_UP, epsg=UTM_33N)


def geotransform_only(path: Path) -> Path:
    """A geotransform without CRS, as from a world file."""
    return make_raster(path, geotransform=NORTH_UP)


def rotated(path: Path) -> Path:
    """A rotated geotransform in UTM 33N."""
    return make_raster(path, geotransform=ROTATED, epsg=UTM_33N)


def south_up(path: Path) -> Path:
    """First row in the south; covers the same ground as `georeferenced`."""
    return make_raster(path, to_bytes(texture()[::-1]), geotransform=SOUTH_UP, epsg=UTM_33N)


def other_crs(path: Path) -> Path:
    """Geographic coordinates around the ground of `georeferenced`."""
    return make_raster(path, geotransform=(15.0, 2e-5, 0.0, 50.55, 0.0, -2e-5), epsg=WGS84)


def with_nodata(path: Path) -> Path:
    """int16, nodata -999 in the left quarter, UTM 33N."""
    pixels = (texture() * 2000 - 500).astype(np.int16)
    pixels[:, : WIDTH // 4] = -999
    return make_raster(path, pixels, geotransform=NORTH_UP, epsg=UTM_33N, nodata=-999)


def all_nodata(path: Path) -> Path:
    """uint8, every pixel is nodata 0."""
    blank = np.zeros((HEIGHT, WIDTH), np.uint8)
    return make_raster(path, blank, geotransform=NORTH_UP, epsg=UTM_33N, nodata=0)


def uint16(path: Path) -> Path:
    """Four named uint16 bands, UTM 33N."""
    bands = np.stack([texture(seed=seed) * 10_000 for seed in range(4)]).astype(np.uint16)
    names = ["red", "green", "blue", "nir"]
    return make_raster(path, bands, geotransform=NORTH_UP, epsg=UTM_33N, names=names)


def one_row(path: Path) -> Path:
    """64 x 1 pixels, no georeference."""
    return make_raster(path, size=(WIDTH, 1))


def with_alpha(path: Path) -> Path:
    """RGBA uint8, alpha 0 in the upper quarter, UTM 33N."""
    bands = np.stack([texture(seed=seed) * 255 for seed in range(4)]).astype(np.uint8)
    bands[3] = 255
    bands[3, : HEIGHT // 4] = 0
    colours = [gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand, gdal.GCI_AlphaBand]
    return make_raster(path, bands, geotransform=NORTH_UP, epsg=UTM_33N, colours=colours)


def with_mask(path: Path) -> Path:
    """uint8 with a mask band inside the file that hides the lower quarter, UTM 33N."""
    mask = np.ones((HEIGHT, WIDTH), bool)
    mask[-HEIGHT // 4 :] = False
    return make_raster(path, geotransform=NORTH_UP, epsg=UTM_33N, mask=mask)


VARIANTS: dict[str, Callable[[Path], Path]] = {
    maker.__name__: maker
    for maker in (
        plain,
        georeferenced,
        geotransform_only,
        rotated,
        south_up,
        other_crs,
        with_nodata,
        all_nodata,
        uint16,
        one_row,
        with_alpha,
        with_mask,
    )
}


def shifted_pair(
    folder: Path, shift_px: tuple[float, float], size: tuple[int, int] = (256, 192), seed: int = 0, **how: Any
) -> tuple[Path, Path]:
    """Returns reference.tif and sensed.tif; sensed pixel s shows the place s + shift_px of the reference.

    `how` goes to make_raster for both. The sensed one has reversed contrast and another gain.
    """
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    reference = to_bytes(texture_at(x, y, seed))
    sensed = (240 - texture_at(x + shift_px[0], y + shift_px[1], seed) * 200).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    return (
        make_raster(folder / "reference.tif", reference, **how),
        make_raster(folder / "sensed.tif", sensed, **how),
    )
