from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from osgeo import gdal

from ltcore.geometry.transforms import Transform
from ltcore.progress import NullProgress
from ltcore.raster.read import grid_of
from ltcore.raster.write import target_for, warp_raster

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
GEOREFERENCED = SAMPLES / "georeferenced"


def truth() -> Transform:
    values = json.loads((GEOREFERENCED / "truth.json").read_text(encoding="utf-8"))
    return Transform("similarity", values["sensed_to_reference"])


def grey(path: Path) -> np.ndarray:
    pixels = gdal.Open(str(path)).ReadAsArray().astype(np.float32)
    return pixels.mean(axis=0) if pixels.ndim == 3 else pixels


def shift_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns by how many px the edges of b stand to the right of and below those of a."""
    window = cv2.createHanningWindow(a.shape[::-1], cv2.CV_32F)
    edges = [np.hypot(cv2.Sobel(i, cv2.CV_32F, 1, 0), cv2.Sobel(i, cv2.CV_32F, 0, 1)) for i in (a, b)]
    edges = [np.log1p(e) - np.log1p(e).mean() for e in edges]
    return np.array(cv2.phaseCorrelate(edges[0], edges[1], window)[0])


def test_samples_are_small_and_carry_their_licence() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*")) < 6_000_000
    licence = (SAMPLES / "orchard" / "LICENSE").read_text(encoding="utf-8")
    assert "MIT License" in licence
    assert "Copyright (c) 2017 MicaSense, Inc." in licence
    assert "public domain" in (SAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["red", "nir"])
def test_orchard_is_a_plain_uint16_frame(name: str) -> None:
    raster = gdal.Open(str(SAMPLES / "orchard" / f"{name}.tif"))
    assert (raster.RasterXSize, raster.RasterYSize, raster.RasterCount) == (1280, 960, 1)
    assert raster.GetRasterBand(1).DataType == gdal.GDT_UInt16
    assert raster.GetGeoTransform(can_return_null=True) is None
    assert not raster.GetProjection()


def test_the_georeferenced_pair_claims_that_nothing_moved() -> None:
    visible, nir = (gdal.Open(str(GEOREFERENCED / f"{name}.tif")) for name in ("visible", "nir"))
    assert visible.RasterCount == 3
    assert nir.RasterCount == 1
    assert visible.GetGeoTransform() == nir.GetGeoTransform()
    assert visible.GetSpatialRef().GetAuthorityCode(None) == nir.GetSpatialRef().GetAuthorityCode(None) == "26917"
    assert nir.ReadAsArray().min() > 0  # no empty border


def test_the_truth_of_the_georeferenced_pair(tmp_path: Path) -> None:
    """An estimate of its own, by phase correlation of edges, finds the offset before and none after."""
    visible, nir = grey(GEOREFERENCED / "visible.tif"), grey(GEOREFERENCED / "nir.tif")
    centre = np.array([[280.0, 238.0]])
    expected = (centre - truth()(centre))[0]  # a place of the reference stands this far away in nir.tif
    assert np.linalg.norm(expected) > 5
    np.testing.assert_allclose(shift_between(visible, nir), expected, atol=0.5)
    grid = grid_of(gdal.Open(str(GEOREFERENCED / "nir.tif")))
    target = target_for("reference", grid, grid, truth())
    warp_raster(GEOREFERENCED / "nir.tif", tmp_path / "o.tif", truth(), target, "cubic", NullProgress())
    inside = np.s_[20:456, 20:540]
    np.testing.assert_allclose(shift_between(visible[inside], grey(tmp_path / "o.tif")[inside]), 0, atol=0.3)
