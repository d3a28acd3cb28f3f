"""Which files of a folder are rasters or pairs, what their bands are, and windows of large ones."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osgeo import gdal

from ltcore.errors import InputError
from tests.data.make_rasters import make_raster
from training.inventory import Patterns, RasterFiles, bands_of, find_rasters, windows_of


def _touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def _bands(path, count, given=None, nir=None, **how):
    make_raster(path, np.ones((count, 40, 40), np.uint8), **how)
    return bands_of(RasterFiles(path, path.stem, nir), given)


def test_rasters_by_suffix_in_all_subfolders(tmp_path):
    _touch(tmp_path, "b.tif", "a.TIFF", "2020/b.tif", "notes.txt", "b.tif.aux.xml", ".hidden.tif", ".cache/c.tif")
    found, lonely = find_rasters(tmp_path, None)
    assert [files.name for files in found] == ["2020/b", "a", "b"]
    assert not lonely
    with pytest.raises(InputError, match="is no folder"):
        find_rasters(tmp_path / "b.tif", None)


def test_pairs_in_one_folder_and_in_two(tmp_path):
    _touch(tmp_path, "x/1_RED.tif", "x/1_NIR.tif", "y/1_RED.tif", "y/2_NIR.tif", "red/7.tif", "nir/7.tif", "nir/8.tif")
    found, lonely = find_rasters(tmp_path, Patterns("*_RED.tif", "*_NIR.tif"))
    assert [(files.name, files.nir_path.name) for files in found] == [("x/1", "1_NIR.tif")]
    assert [path.relative_to(tmp_path).as_posix() for path in lonely] == ["y/1_RED.tif", "y/2_NIR.tif"]
    found, lonely = find_rasters(tmp_path, Patterns("red/*.tif", "nir/*.tif"))
    assert [(files.name, files.nir_path) for files in found] == [("7", tmp_path / "nir" / "7.tif")]
    assert [path.name for path in lonely] == ["8.tif"]


@pytest.mark.parametrize("pattern", ["RED.tif", "*_*.tif", ""])
def test_a_pattern_has_one_star(tmp_path, pattern):
    with pytest.raises(InputError, match=r"not exactly one \*"):
        find_rasters(tmp_path, Patterns(pattern, "*_NIR.tif"))


def test_a_file_is_no_pair_with_itself(tmp_path):
    _touch(tmp_path, "a.tif")
    found, lonely = find_rasters(tmp_path, Patterns("*.tif", "*.tif"))
    assert not found
    assert [path.name for path in lonely] == ["a.tif"]


def test_bands_by_number_description_and_colour(tmp_path):
    assert _bands(tmp_path / "a.tif", 4) == (("R", "G", "B", "NIR"), "assumed of 4 band(s)")  # GDAL says alpha
    grey = [gdal.GCI_GrayIndex] + 2 * [gdal.GCI_Undefined]
    assert _bands(tmp_path / "b.tif", 3, colours=grey) == (("R", "G", "NIR"), "assumed of 3 band(s)")
    names = ["Blue", "green ", "RED", "Near Infrared"]
    assert _bands(tmp_path / "c.tif", 4, names=names) == (("B", "G", "R", "NIR"), "by description")
    assert _bands(tmp_path / "d.tif", 4, names=["nir", "red", "red", "blue"])[1].startswith("assumed")
    assert _bands(tmp_path / "e.tif", 4, ("NIR", "R", "G", "-"), names=names) == (("NIR", "R", "G", "-"), "by --bands")


def test_bands_of_pairs(tmp_path):
    nir = tmp_path / "nir.tif"
    colours = [gdal.GCI_BlueBand, gdal.GCI_GreenBand, gdal.GCI_RedBand]
    assert _bands(tmp_path / "a.tif", 1, nir=nir)[0] == ("R", "NIR")
    assert _bands(tmp_path / "b.tif", 3, nir=nir)[0] == ("R", "G", "B", "NIR")
    assert _bands(tmp_path / "c.tif", 3, nir=nir, colours=colours) == (("B", "G", "R", "NIR"), "by colour")
    assert _bands(tmp_path / "d.tif", 1, ("PAN", "NIR"), nir)[0] == ("PAN", "NIR")


def test_bands_that_cannot_be_known(tmp_path):
    with pytest.raises(InputError, match=r"8 band\(s\), not named. Name them by --bands"):
        _bands(tmp_path / "a.tif", 8)
    with pytest.raises(InputError, match="has 4 bands, --bands names 3"):
        _bands(tmp_path / "b.tif", 4, ("R", "G", "NIR"))
    with pytest.raises(InputError, match="marked red, green, blue"):
        _bands(tmp_path / "photo.tif", 3)
    assert _bands(tmp_path / "photo.tif", 3, ("R", "G", "NIR"))[0] == ("R", "G", "NIR")


def test_names_that_are_no_text_are_refused(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.tif")).write_bytes(b"")
    for patterns in (None, Patterns("*.tif", "*_NIR.tif")):
        with pytest.raises(InputError, match=r"is not Unicode\. Rename"):
            find_rasters(tmp_path, patterns)


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(200, 1500), st.integers(1, 20))
def test_windows_tile_the_raster(width, height, side, at_most):
    every = windows_of(width, height, side, 10_000)
    if max(width, height) <= side:
        assert every == [None]
        return
    assert sum(w * h for _, _, w, h in every) == width * height
    assert all(0 < w <= side and 0 < h <= side and x + w <= width and y + h <= height for x, y, w, h in every)
    kept = windows_of(width, height, side, at_most)
    assert len(kept) == min(at_most, len(every))
    assert set(kept) <= set(every)
    single = windows_of(width, height, side, 10_000, apart=True)
    assert set(single) <= set(every)
    assert not any(_touch_each_other(a, b) for number, a in enumerate(single) for b in single[:number])


def _touch_each_other(a, b):
    return all(a[axis] <= b[axis] + b[axis + 2] and b[axis] <= a[axis] + a[axis + 2] for axis in (0, 1))
