"""Large georeferenced pairs made of real scenes: a visible and a near-infrared mosaic of the same ground.

Cells of real scenes, cut anywhere, turned, mirrored and of changing contrast, overlap by a ramp, so that seams are
no structure that both rasters share. The near-infrared raster's georeference is wrong by a known shift; pixel by pixel
both show the same ground.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, osr

from ltcore.types import FloatArray

SHIFT_PX = (13.4, -7.7)  # by which the sensed raster's georeference is wrong: columns, rows

_PITCH_PX, _RAMP_PX = 512, 64  # from cell to cell, and by how much they overlap
_CELL_PX = _PITCH_PX + _RAMP_PX
_LEAST_SCENE_PX = 500  # shorter side; what is smaller than a cell is enlarged to it
_PIXEL_M, _ORIGIN = 1.0, (500_000.0, 5_600_000.0)
_OVERVIEWS = (2, 4, 8, 16, 32)
_PATCHES = 10  # of a VRT along each side

Image = NDArray[np.float32]


@dataclass(frozen=True)
class MosaicPair:
    """Two rasters of one size, px a side."""

    visible: Path
    nir: Path
    side_px: int


def make_pair(folder: Path, side_px: int, data: Optional[Path], seed: int) -> MosaicPair:
    """Returns visible and near-infrared mosaic, tiled and compressed uint16 GeoTIFFs in `folder`; made if not there."""
    pair = MosaicPair(folder / f"visible-{side_px}.tif", folder / f"nir-{side_px}.tif", side_px)
    if pair.visible.is_file() and pair.nir.is_file():
        return pair
    gdal.UseExceptions()
    parts = [path.with_suffix(".part") for path in (pair.visible, pair.nir)]
    rasters = [_created(path, side_px, offset) for path, offset in zip(parts, ((0.0, 0.0), SHIFT_PX))]
    for top, strips in _strips(_images(data), side_px, np.random.default_rng([seed, side_px])):
        for raster, strip in zip(rasters, strips):
            raster.GetRasterBand(1).WriteArray(strip, 0, top)
    for raster in rasters:
        raster.FlushCache()
    del raster, rasters
    for part, path in zip(parts, (pair.visible, pair.nir)):
        part.rename(path)
    return pair


def make_vrt_pair(folder: Path, side_px: int, source: MosaicPair, seed: int) -> MosaicPair:
    """Returns VRTs of 10 x 10 patches cut anywhere from a smaller mosaic pair, so that the ground has no period."""
    patch = side_px // _PATCHES
    random = np.random.default_rng([seed, side_px])
    corners = random.integers(0, source.side_px - patch + 1, (_PATCHES * _PATCHES, 2))
    pair = MosaicPair(folder / f"visible-{side_px}.vrt", folder / f"nir-{side_px}.vrt", side_px)
    for path, original in ((pair.visible, source.visible), (pair.nir, source.nir)):
        path.write_bytes(_vrt(gdal.Open(str(original)), side_px, patch, corners))
    return pair


def add_overviews(pair: MosaicPair) -> None:
    """Builds overviews beside both rasters (.ovr)."""
    gdal.UseExceptions()
    gdal.SetConfigOption("COMPRESS_OVERVIEW", "DEFLATE")
    gdal.SetConfigOption("PREDICTOR_OVERVIEW", "2")
    for path in (pair.visible, pair.nir):
        gdal.Open(str(path)).BuildOverviews("AVERAGE", list(_OVERVIEWS))


def remove_overviews(pair: MosaicPair) -> None:
    """Deletes what add_overviews built."""
    for path in (pair.visible, pair.nir):
        path.with_name(path.name + ".ovr").unlink(missing_ok=True)


def _images(data: Optional[Path]) -> list[tuple[Image, Image]]:
    """Returns visible and near-infrared image of every large scene of train and val, in uint16 counts."""
    from benchmarks.descriptor.scenes import load_scenes  # noqa: PLC0415 - it imports PyTorch

    scenes = [scene for split in ("train", "val") for scene in load_scenes(data, split)]
    large = [scene for scene in scenes if scene.shorter_side_px >= _LEAST_SCENE_PX]
    return [(_counts(scene.visible), _counts(scene.nir)) for scene in large]


def _counts(grey: Image) -> Image:
    enlarged = max(1.0, _CELL_PX / min(grey.shape))
    size = [math.ceil(side * enlarged) for side in grey.shape[::-1]]
    image = grey if enlarged == 1 else cv2.resize(np.array(grey), size, interpolation=cv2.INTER_CUBIC)
    low, high = np.percentile(image, (1, 99))
    counts: Image = ((image - low) * np.float32(2000 / max(high - low, 1e-6))).clip(-500, 4000).astype(np.float32)
    return counts


def _strips(
    images: list[tuple[Image, Image]], side_px: int, random: np.random.Generator
) -> Iterator[tuple[int, list[NDArray[np.uint16]]]]:
    """Yields first row and both rasters' rows, strip by strip."""
    across = math.ceil(side_px / _PITCH_PX)
    ramp = np.ones(_CELL_PX, np.float32)
    ramp[:_RAMP_PX] = (np.arange(_RAMP_PX) + 0.5) / _RAMP_PX
    ramp[_PITCH_PX:] = 1 - ramp[:_RAMP_PX]
    weight = np.outer(ramp, ramp)
    over = np.zeros((2, _RAMP_PX, across * _PITCH_PX + _RAMP_PX), np.float32)
    for top in range(-_RAMP_PX, side_px, _PITCH_PX):
        strip = np.zeros((2, _CELL_PX, over.shape[2]), np.float32)
        strip[:, :_RAMP_PX] = over
        for column in range(across + 1):
            left = column * _PITCH_PX
            cell = weight * _cell(images, random)
            room = strip[:, :, left : left + _CELL_PX]
            room += cell[:, :, : room.shape[2]]
        over = strip[:, _PITCH_PX:].copy()
        skipped = max(0, -top)
        rows = min(_PITCH_PX, side_px - top)
        yield top + skipped, [(part[skipped:rows, _RAMP_PX : _RAMP_PX + side_px]).astype(np.uint16) for part in strip]


def _cell(images: list[tuple[Image, Image]], random: np.random.Generator) -> Image:
    """Returns (2, C, C) counts of a cell, cut from anywhere in a scene, turned or mirrored."""
    pair = images[random.integers(len(images))]
    y, x = (random.integers(side - _CELL_PX + 1) for side in pair[0].shape)
    turns, mirrored = random.integers(4), random.integers(2)
    parts = []
    for image in pair:
        turned = np.rot90(image[y : y + _CELL_PX, x : x + _CELL_PX], turns)[:, :: 1 - 2 * mirrored]
        parts.append(np.float32(random.uniform(1000, 2000)) + np.float32(random.uniform(0.5, 1.5)) * turned)
    return np.stack(parts).clip(1, 65_000)


def _created(path: Path, side_px: int, offset_px: tuple[float, float]) -> gdal.Dataset:
    options = ["TILED=YES", "BIGTIFF=IF_SAFER", "COMPRESS=DEFLATE", "PREDICTOR=2", "NUM_THREADS=ALL_CPUS"]
    raster = gdal.GetDriverByName("GTiff").Create(str(path), side_px, side_px, 1, gdal.GDT_UInt16, options)
    raster.SetGeoTransform(_geotransform(offset_px))
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32633)
    raster.SetProjection(crs.ExportToWkt())
    return raster


def _geotransform(offset_px: tuple[float, float]) -> tuple[float, ...]:
    (x, y), (columns, rows) = _ORIGIN, offset_px
    return x + columns * _PIXEL_M, _PIXEL_M, 0.0, y - rows * _PIXEL_M, 0.0, -_PIXEL_M


def _vrt(original: gdal.Dataset, side_px: int, patch: int, corners: NDArray[np.int64]) -> bytes:
    root = ElementTree.Element("VRTDataset", rasterXSize=str(side_px), rasterYSize=str(side_px))
    ElementTree.SubElement(root, "SRS").text = original.GetProjection()
    ElementTree.SubElement(root, "GeoTransform").text = ", ".join(map(str, original.GetGeoTransform()))
    band = ElementTree.SubElement(root, "VRTRasterBand", dataType="UInt16", band="1")
    for number, (x, y) in enumerate(corners.tolist()):
        row, column = divmod(number, _PATCHES)
        source = ElementTree.SubElement(band, "SimpleSource")
        name = ElementTree.SubElement(source, "SourceFilename", relativeToVRT="0")
        name.text = original.GetDescription()
        ElementTree.SubElement(source, "SourceBand").text = "1"
        for tag, left, top in (("SrcRect", x, y), ("DstRect", column * patch, row * patch)):
            place = {"xOff": left, "yOff": top, "xSize": patch, "ySize": patch}
            ElementTree.SubElement(source, tag, {key: str(value) for key, value in place.items()})
    return ElementTree.tostring(root)


def error_px(check_grid: FloatArray) -> float:
    """Returns the RMS distance, px, of a transform from the truth: (N, 4) rows sensed x, y, reference x, y."""
    return float(np.sqrt(((check_grid[:, 2:] - check_grid[:, :2]) ** 2).sum(axis=1).mean()))
