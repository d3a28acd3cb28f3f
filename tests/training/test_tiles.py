"""The index, its splits, and reading tiles, whole, by windows and from two files."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osgeo import gdal

from ltcore.errors import InputError
from training.chips import ChipReader
from training.tiles import find_index, load_tiles, read_index

_HEADER = "file,split,place,bands,red_nir_dx_px,red_nir_dy_px,peak_z\n"
_OPTIONAL = "nir_file,col_off,row_off,width,height"


def _write(path, bands, nodata=None):
    driver = gdal.GetDriverByName("GTiff")
    dataset = driver.Create(str(path), bands.shape[2], bands.shape[1], len(bands), gdal.GDT_UInt16)
    for number, band in enumerate(bands, 1):
        dataset.GetRasterBand(number).WriteArray(band)
        if nodata is not None:
            dataset.GetRasterBand(number).SetNoDataValue(nodata)
    dataset.FlushCache()


@pytest.fixture
def folder(tmp_path, tiles):
    (tmp_path / "chips").mkdir()
    image = tiles[0].nir.numpy()
    _write(tmp_path / "chips" / "a.tif", np.stack([image, 255 - image, image * 2, image * 4]).astype(np.uint16) + 10)
    _write(tmp_path / "chips" / "b.tif", np.stack([image, image, 255 - image]).astype(np.uint16))
    return tmp_path


def _index(folder, *rows, header=_HEADER):
    path = folder / "chips" / "index.csv"
    path.write_text(header + "\n".join(rows) + "\n")
    return path


def _windows(folder, *rows):
    return _index(folder, *rows, header=f"{_HEADER.strip()},{_OPTIONAL}\n")


def test_splits_and_offsets(folder):
    index = _index(
        folder,
        'a.tif,train,p,"R,G,B,NIR",0.1,0.2,12',
        'b.tif,val,q,"R,G,NIR",0,0,12',
        'b.tif,train,r,"R,G,NIR",0.6,0.1,12',  # clearly misaligned: left out
        'b.tif,train,s,"R,G,NIR",3,3,2',  # too weak to say: kept
        'b.tif,left-out,p,"R,G,NIR",,,',  # no split at all
    )
    assert [chip.place for chip in read_index(index, "train")] == ["p", "s"]
    assert [chip.place for chip in read_index(index, "val")] == ["q"]
    with pytest.raises(InputError, match="no aligned chip of the split 'test'"):
        read_index(index, "test")


def test_place_in_two_splits_is_refused(folder):
    index = _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9', 'b.tif,test,p,"R,G,NIR",0,0,9')
    with pytest.raises(InputError, match="'p' stands in two splits"):
        read_index(index, "train")


def test_tile_has_luminance_bands_and_keypoints(folder):
    index = _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9', 'b.tif,train,q,"R,G,NIR",0,0,9')
    first, second = load_tiles(index, "train", 50)
    assert first.visible.shape == (4, 192, 192)
    assert second.visible.shape == (3, 192, 192)
    for tile in (first, second):
        assert 50 < len(tile.xy) <= 100
        assert (tile.nir.min().item(), tile.nir.max().item()) == (0, 255)
    np.testing.assert_allclose(first.visible[2], 255 - first.visible[1], atol=6)  # green is red upside down
    luminance = 0.299 * first.visible[1] + 0.587 * first.visible[2] + 0.114 * first.visible[3]
    assert np.corrcoef(first.visible[0].ravel(), luminance.ravel())[0, 1] > 0.99


def test_bands_in_another_order_and_bands_that_are_not_used(folder):
    index = _index(folder, 'a.tif,train,p,"NIR,-,-,R",0,0,9', 'a.tif,train,p,"R,-,-,NIR",0,0,9')
    turned, plain = load_tiles(index, "train", 50)
    assert turned.visible.shape == (2, 192, 192)
    assert turned.nir.equal(plain.visible[1])
    assert turned.visible[1].equal(plain.nir)


def test_windows_of_a_large_raster_share_its_stretch(folder):
    index = _windows(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9,,,,,', 'a.tif,train,p,"R,G,B,NIR",0,0,9,,64,32,100,80')
    whole, window = load_tiles(index, "train", 200)
    assert (whole.name, window.name) == ("a.tif", "a.tif@64,32")
    assert window.visible.equal(whole.visible[:, 32:112, 64:164])
    assert window.nir.equal(whole.nir[32:112, 64:164])
    assert len(window.xy) > 0
    assert (window.xy < [100, 80]).all()


@pytest.mark.parametrize("window", ["100,0,100,50", "0,-1,50,50", "0,0,0,50", "0,0,50,50.5", "1,2,,"])
def test_a_window_outside_its_raster_is_refused(folder, window):
    index = _windows(folder, f'a.tif,train,p,"R,G,B,NIR",0,0,9,,{window}')
    with pytest.raises(InputError, match=r"lies outside|Line 2 of the index"):
        load_tiles(index, "train", 10)


def test_near_infrared_in_a_file_of_its_own(folder, tiles):
    image = tiles[0].nir.numpy().astype(np.uint16)
    _write(folder / "chips" / "red.tif", 255 - image[None])
    _write(folder / "chips" / "nir.tif", image[None] * 3)
    index = _windows(folder, 'red.tif,train,p,"R,NIR",0,0,9,nir.tif,,,,')
    (tile,) = load_tiles(index, "train", 50)
    assert tile.visible.shape == (2, 192, 192)
    np.testing.assert_allclose(tile.nir, 255 - tile.visible[0], atol=6)
    _write(folder / "chips" / "nir.tif", image[None, :100])
    with pytest.raises(InputError, match="192 x 192 and 192 x 100 pixels: not one grid"):
        load_tiles(index, "train", 50)


def test_nodata_is_no_percentile_and_gives_no_keypoints(folder, tiles):
    image = tiles[0].nir.numpy().astype(np.uint16) + 100
    image[:, :90] = 0
    _write(folder / "chips" / "n.tif", np.stack([image, image, image]), nodata=0)
    tile = load_tiles(_index(folder, 'n.tif,train,p,"R,G,NIR",0,0,9'), "train", 200)[0]
    assert tile.xy[:, 0].min() > 90
    assert (tile.nir[:, 90:] == 0).float().mean() < 0.05


def test_wrong_band_list_and_broken_file(folder):
    index = _index(folder, 'a.tif,train,p,"R,G,NIR",0,0,9', 'c.tif,val,q,"R,G,NIR",0,0,9')
    with pytest.raises(InputError, match=r"'a\.tif' has 4 bands, the index says R,G,NIR"):
        ChipReader().load(read_index(index, "train")[0], 10)
    (folder / "chips" / "c.tif").write_text("no raster")
    with pytest.raises(InputError, match=r"c\.tif' is not a raster"):
        ChipReader().load(read_index(index, "val")[0], 10)


@pytest.mark.parametrize(("bands", "complaint"), [("R,G,X,NIR", "'X' is not known"), ("R,G,B,R", "not one NIR")])
def test_unknown_bands_are_refused(folder, bands, complaint):
    index = _index(folder, f'a.tif,train,p,"{bands}",0,0,9')
    with pytest.raises(InputError, match=complaint):
        load_tiles(index, "train", 10)


def test_index_from_argument_and_environment(folder, tmp_path, monkeypatch):
    index = _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9')
    monkeypatch.delenv("LTFORMER_DATA", raising=False)
    assert find_index(index) == find_index(index.parent) == find_index(folder) == index
    with pytest.raises(InputError, match="--data or the variable LTFORMER_DATA"):
        find_index()
    monkeypatch.setenv("LTFORMER_DATA", str(folder))
    assert find_index() == index
    with pytest.raises(InputError, match=r"has no index\.csv"):
        find_index(tmp_path / "elsewhere")


def test_an_index_that_is_none_is_refused(folder):
    index = _index(folder, "a.tif,train", header="file,split\n")
    with pytest.raises(InputError, match="has no column bands, peak_z, place"):
        read_index(index, "train")
    index = _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9', 'a.tif,train,p,"R,G,B,NIR",much,0,9')
    with pytest.raises(InputError, match=r"Line 3 of the index .*much"):
        read_index(index, "train")
    index.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_index(index, "train")


_FIELDS = st.sampled_from(["a.tif", "train", "p", '"R,NIR"', "0", "9", "", "nan", "-1e999", "x", '"', "\x00", "1,2,3"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(_FIELDS, max_size=14), max_size=4), tail=st.binary(max_size=30))
def test_any_index_gives_chips_or_one_sentence(folder, rows, tail):
    index = _windows(folder, *(",".join(row) for row in rows))
    index.write_bytes(index.read_bytes() + tail)
    with suppress(InputError):
        assert all(chip.split == "train" and chip.is_aligned for chip in read_index(index, "train"))


def test_misaligned_chips_are_counted(folder, caplog):
    index = _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9', 'b.tif,train,q,"R,G,NIR",1,0,9')
    with caplog.at_level("INFO"):
        read_index(index, "train")
    assert "1 of 2 train chips are misaligned" in caplog.text


def test_blank_band_is_named(folder):
    blank = np.full((1, 64, 64), 9, np.uint16)
    _write(folder / "chips" / "d.tif", np.concatenate([blank, blank, blank]))
    index = _index(folder, 'd.tif,train,p,"R,G,NIR",0,0,9')
    with pytest.raises(InputError, match=r"'d\.tif' is blank"):
        load_tiles(index, "train", 10)
