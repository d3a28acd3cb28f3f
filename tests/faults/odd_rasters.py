"""Pairs of which something is odd: name -> what makes (reference, sensed, words of the refusal or None) in a folder.

All show the same scene, the sensed one displaced by SHIFT. Where the words are None, the pair can be registered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np
from osgeo import gdal, osr

from tests.data.make_rasters import NORTH_UP, UTM_33N, make_raster, shifted_pair

SHIFT = (3.0, -2.0)  # sensed pixel s shows reference pixel s + SHIFT
WIDTH, HEIGHT = 256, 192

Pair = tuple[Path, Path, Optional[str]]


def _like(change: Callable[[np.ndarray], np.ndarray], words: str | None = None, **how: Any) -> Callable[[Path], Pair]:
    """Returns what makes a pair whose sensed pixels are changed."""

    def make(folder: Path) -> Pair:
        reference, sensed = shifted_pair(folder, SHIFT)
        return reference, make_raster(folder / "odd.tif", change(gdal.Open(str(sensed)).ReadAsArray()), **how), words

    return make


def _placed(geotransform: tuple[float, ...], crs: str, words: str | None = None) -> Callable[[Path], Pair]:
    """Returns what makes a pair of which both have the same place on the ground."""

    def make(folder: Path) -> Pair:
        pair = shifted_pair(folder, SHIFT)
        for path in pair:
            raster = gdal.Open(str(path), gdal.GA_Update)
            raster.SetGeoTransform(geotransform)
            raster.SetProjection(_wkt(crs))
            del raster
        return (*pair, words)

    return make


def _wkt(crs: str) -> str:
    found = osr.SpatialReference()
    found.SetFromUserInput(crs)
    return str(found.ExportToWkt())


def _translated(words: str | None = None, **how: Any) -> Callable[[Path], Pair]:
    """Returns what makes a pair whose sensed raster went through gdal.Translate."""

    def make(folder: Path) -> Pair:
        reference, sensed = shifted_pair(folder, SHIFT)
        gdal.Translate(str(folder / "odd.tif"), str(sensed), **how)
        return reference, folder / "odd.tif", words

    return make


def _with_hole(pixels: np.ndarray) -> np.ndarray:
    values = pixels.astype(np.float32)
    values[:40], values[40:50], values[50:55] = np.nan, np.inf, -np.inf
    return values


def _mask_band(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    mask = np.ones((HEIGHT, WIDTH), bool)
    mask[:50] = False
    pixels = np.where(mask, gdal.Open(str(sensed)).ReadAsArray(), 255).astype(np.uint8)
    return reference, make_raster(folder / "odd.tif", pixels, mask=mask), None


def _alpha_only(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    pixels = gdal.Open(str(sensed)).ReadAsArray()
    bands = np.stack([pixels, np.zeros_like(pixels)])
    return (
        reference,
        make_raster(folder / "odd.tif", bands, colours=[gdal.GCI_GrayIndex, gdal.GCI_AlphaBand]),
        "no usable pixels",
    )


def _many_bands(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    pixels = gdal.Open(str(sensed)).ReadAsArray()
    return reference, make_raster(folder / "odd.tif", np.repeat(pixels[None], 300, axis=0)), None


def _sparse(folder: Path) -> Pair:
    reference, _ = shifted_pair(folder, SHIFT)
    options = ["SPARSE_OK=TRUE", "TILED=YES", "BIGTIFF=YES", "COMPRESS=DEFLATE"]
    huge = gdal.GetDriverByName("GTiff").Create(
        str(folder / "odd.tif"), 200_000, 200_000, 1, gdal.GDT_Byte, [*options, "BLOCKXSIZE=4096", "BLOCKYSIZE=4096"]
    )
    del huge
    return reference, folder / "odd.tif", "is blank"


def _palette(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    table = gdal.ColorTable()
    for value in range(256):
        table.SetColorEntry(value, (value, 255 - value, 0, 255))
    raster = gdal.Open(str(sensed), gdal.GA_Update)
    raster.GetRasterBand(1).SetColorTable(table)
    del raster
    return reference, sensed, None


def _gcps_only(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    corners = ((0, 0), (WIDTH, 0), (0, HEIGHT), (WIDTH, HEIGHT))
    gcps = [gdal.GCP(500_000 + 2 * x, 5_600_000 - 2 * y, 0, x, y) for x, y in corners]
    gdal.Translate(str(folder / "odd.tif"), str(sensed), GCPs=gcps, outputSRS="EPSG:32633")
    return reference, folder / "odd.tif", None


def _rpc_only(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    raster = gdal.GetDriverByName("GTiff").CreateCopy(str(folder / "odd.tif"), gdal.Open(str(sensed)))
    first, linear = "1 " + "0 " * 19, "0 1 " + "0 " * 18
    keys = {f"{axis}_{end}": "100" for axis in ("LINE", "SAMP") for end in ("OFF", "SCALE")}
    keys |= {"LAT_OFF": "50", "LONG_OFF": "15", "HEIGHT_OFF": "0"}
    keys |= {"LAT_SCALE": "1", "LONG_SCALE": "1", "HEIGHT_SCALE": "1"}
    keys |= {"LINE_NUM_COEFF": linear, "SAMP_NUM_COEFF": linear, "LINE_DEN_COEFF": first, "SAMP_DEN_COEFF": first}
    raster.SetMetadata(keys, "RPC")
    del raster
    return reference, folder / "odd.tif", None


def _vrt(source: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
    return (
        f'<VRTDataset rasterXSize="{size[0]}" rasterYSize="{size[1]}"><VRTRasterBand dataType="Byte" band="1">'
        f'<SimpleSource><SourceFilename relativeToVRT="1">{source}</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )


def _nested(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    name = sensed.name
    for level in range(400):
        (folder / f"{level}.vrt").write_text(_vrt(name))
        name = f"{level}.vrt"
    return reference, folder / name, "could not be read"


def _bomb(text: str, words: str) -> Callable[[Path], Pair]:
    def make(folder: Path) -> Pair:
        reference, _ = shifted_pair(folder, SHIFT)
        (folder / "odd.vrt").write_text(text)
        return reference, folder / "odd.vrt", words

    return make


def _entities() -> str:
    laughs = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};&a{n - 1};&a{n - 1};">' for n in range(1, 30))
    start = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>'
    return start + '<VRTDataset rasterXSize="99" rasterYSize="99"><SRS>&a29;</SRS></VRTDataset>'


def _named(name: str) -> Callable[[Path], Pair]:
    """Returns what makes a pair in a folder and with files of that name."""

    def make(folder: Path) -> Pair:
        (folder / name).mkdir()
        pair = shifted_pair(folder / name, SHIFT)
        return pair[0].rename(folder / name / f"r {name}.tif"), pair[1].rename(folder / name / f"s {name}.tif"), None

    return make


def _linked(folder: Path) -> Pair:
    reference, sensed = shifted_pair(folder, SHIFT)
    (folder / "one.tif").symlink_to(sensed)
    (folder / "two.tif").symlink_to(folder / "one.tif")
    return reference, folder / "two.tif", None


def _circle(folder: Path) -> Pair:
    reference, _ = shifted_pair(folder, SHIFT)
    (folder / "one.tif").symlink_to(folder / "two.tif")
    (folder / "two.tif").symlink_to(folder / "one.tif")
    return reference, folder / "two.tif", "does not exist"


def _a_folder(folder: Path) -> Pair:
    reference, _ = shifted_pair(folder, SHIFT)
    return reference, folder, "not a raster"


def _sized(width: int, height: int) -> Callable[[Path], Pair]:
    def make(folder: Path) -> Pair:
        reference, _ = shifted_pair(folder, SHIFT)
        return reference, make_raster(folder / "odd.tif", size=(width, height)), f"{width} x {height}"

    return make


def _not_fitting(folder: Path) -> Pair:
    georeferenced = shifted_pair(folder, SHIFT, geotransform=NORTH_UP, epsg=UTM_33N)[0]
    other = _placed(NORTH_UP, 'LOCAL_CS["site",UNIT["metre",1]]')(folder)
    return georeferenced, other[1], None


ODD: dict[str, Callable[[Path], Pair]] = {
    "1 x 1": _sized(1, 1),
    "1 x 200": _sized(1, 200),
    "200 x 1": _sized(200, 1),
    "31 x 200": _sized(31, 200),
    "VRT of 0 x 200": _bomb(_vrt("reference.tif", (0, 200)), "not a raster"),
    "complex": _like(lambda pixels: pixels.astype(np.complex128), "complex"),
    "complex integers": _translated("complex", outputType=gdal.GDT_CInt16),
    "int64": _like(lambda pixels: pixels.astype(np.int64) << 40),
    "uint64": _like(lambda pixels: pixels.astype(np.uint64) << np.uint64(54)),
    "int64 nodata": _like(lambda pixels: pixels.astype(np.int64) << 40, nodata=-(2**63)),
    "float64": _like(lambda pixels: pixels.astype(np.float64) * 1e30),
    "float64 of the largest": _like(lambda pixels: pixels.astype(np.float64) * 1e200, "blank"),
    "float64 of the smallest": _like(lambda pixels: pixels.astype(np.float64) * 1e-300, "blank"),
    "int32": _like(lambda pixels: pixels.astype(np.int32) * -8_000_000),
    "1 bit": _translated(creationOptions=["NBITS=1"], scaleParams=[[0, 255, 0, 1.99]]),
    "12 bit": _translated(creationOptions=["NBITS=12"], outputType=gdal.GDT_UInt16),
    "palette": _palette,
    "all nodata": _like(lambda pixels: pixels * 0, "no usable pixels", nodata=0),
    "all NaN": _like(lambda pixels: np.full(pixels.shape, np.nan, np.float32), "no usable pixels"),
    "all infinite": _like(lambda pixels: np.full(pixels.shape, np.inf, np.float32), "no usable pixels"),
    "NaN and infinity": _like(_with_hole),
    "nodata NaN": _like(_with_hole, nodata=float("nan")),
    "nodata infinite": _like(_with_hole, nodata=float("inf")),
    "nodata out of range": _like(lambda pixels: pixels, nodata=-1e30),
    "mask band": _mask_band,
    "alpha all 0": _alpha_only,
    "300 bands": _many_bands,
    "sparse": _sparse,
    "rotated": _placed((5e5, 1.8, 0.6, 5.6e6, 0.6, -1.8), "EPSG:32633"),
    "sheared": _placed((5e5, 2.0, 0.9, 5.6e6, 0.0, -2.0), "EPSG:32633"),
    "south-up": _placed((5e5, 2.0, 0.0, 5.6e6, 0.0, 2.0), "EPSG:32633"),
    "mirrored": _placed((5e5, -2.0, 0.0, 5.6e6, 0.0, -2.0), "EPSG:32633"),
    "singular": _placed((5e5, 2.0, 2.0, 5.6e6, 2.0, 2.0), "EPSG:32633"),
    "not finite": _placed((float("nan"), 2.0, 0.0, 5.6e6, 0.0, -2.0), "EPSG:32633", "cannot be placed"),
    "pixels of 1e-12": _placed((5e5, 1e-12, 0.0, 5.6e6, 0.0, -1e-12), "EPSG:32633", "do not overlap"),
    "pixels of 1e12": _placed((5e5, 1e12, 0.0, 5.6e6, 0.0, -1e12), "EPSG:32633"),
    "antimeridian": _placed((179.998, 1e-5, 0.0, 10.0, 0.0, -1e-5), "EPSG:4326"),
    "antimeridian in UTM": _placed((8.3e5, 2.0, 0.0, 1e6, 0.0, -2.0), "EPSG:32660"),
    "north pole": _placed((-256.0, 2.0, 0.0, 192.0, 0.0, -2.0), "EPSG:3413"),
    "south pole": _placed((-256.0, 2.0, 0.0, 192.0, 0.0, -2.0), "EPSG:3031"),
    "the pole in degrees": _placed((10.0, 1e-4, 0.0, 90.005, 0.0, -1e-4), "EPSG:4326"),
    "engineering CRS": _placed(NORTH_UP, 'LOCAL_CS["site",UNIT["metre",1]]'),
    "engineering CRS and UTM": _not_fitting,
    "GCPs only": _gcps_only,
    "RPC only": _rpc_only,
    "VRT of itself": _bomb(_vrt("odd.vrt"), "could not be read"),
    "VRT 400 deep": _nested,
    "VRT of 2e9 px": _bomb(_vrt("reference.tif", (2_000_000_000, 2_000_000_000)), "blank"),
    "VRT without size": _bomb(_vrt("reference.tif", (0, 0)), "not a raster"),
    "VRT of entities": _bomb(_entities(), "not a raster"),
    "VRT cut short": _bomb(_vrt("reference.tif")[:150], "not a raster"),
    "spaces and quotes": _named("a b 'c' \"d\" & <e> $(f) `g` ;h %41 #i"),
    "other alphabets": _named("Äöß 红外 صورة 🛰"),
    "lines": _named("one\ntwo\rthree"),
    "leading dash": _named("--out"),
    "links": _linked,
    "links in a circle": _circle,
    "a folder": _a_folder,
}
