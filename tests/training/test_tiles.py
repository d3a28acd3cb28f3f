"""The index, its splits, and reading tiles."""

import numpy as np
import pytest
from osgeo import gdal

from ltcore.errors import InputError
from training.tiles import data_folder, load_tile, load_tiles, read_index

_HEADER = "file,split,place,bands,red_nir_dx_px,red_nir_dy_px,peak_z\n"


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


def _index(folder, *rows):
    (folder / "chips" / "index.csv").write_text(_HEADER + "\n".join(rows) + "\n")


def test_splits_and_offsets(folder):
    _index(
        folder,
        'a.tif,train,p,"R,G,B,NIR",0.1,0.2,12',
        'b.tif,val,q,"R,G,NIR",0,0,12',
        'b.tif,train,r,"R,G,NIR",0.6,0.1,12',  # clearly misaligned: left out
        'b.tif,train,s,"R,G,NIR",3,3,2',  # too weak to say: kept
    )
    assert [chip.place for chip in read_index(folder, "train")] == ["p", "s"]
    assert [chip.place for chip in read_index(folder, "val")] == ["q"]
    with pytest.raises(InputError, match="no aligned chip of the split 'test'"):
        read_index(folder, "test")


def test_place_in_two_splits_is_refused(folder):
    _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9', 'b.tif,test,p,"R,G,NIR",0,0,9')
    with pytest.raises(InputError, match="'p' stands in two splits"):
        read_index(folder, "train")


def test_tile_has_luminance_bands_and_keypoints(folder):
    _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9', 'b.tif,train,q,"R,G,NIR",0,0,9')
    first, second = load_tiles(folder, "train", 50)
    assert first.visible.shape == (4, 192, 192)
    assert second.visible.shape == (3, 192, 192)
    for tile in (first, second):
        assert 50 < len(tile.xy) <= 100
        assert (tile.nir.min().item(), tile.nir.max().item()) == (0, 255)
    np.testing.assert_allclose(first.visible[2], 255 - first.visible[1], atol=6)  # green is red upside down


def test_nodata_is_no_percentile_and_gives_no_keypoints(folder, tiles):
    image = tiles[0].nir.numpy().astype(np.uint16) + 100
    image[:, :90] = 0
    _write(folder / "chips" / "n.tif", np.stack([image, image, image]), nodata=0)
    _index(folder, 'n.tif,train,p,"R,G,NIR",0,0,9')
    tile = load_tiles(folder, "train", 200)[0]
    assert tile.xy[:, 0].min() > 90
    assert (tile.nir[:, 90:] == 0).float().mean() < 0.05


def test_wrong_band_list_and_broken_file(folder):
    _index(folder, 'a.tif,train,p,"R,G,NIR",0,0,9', 'c.tif,val,q,"R,G,NIR",0,0,9')
    with pytest.raises(InputError, match=r"'a\.tif' has 4 bands, the index says R,G,NIR"):
        load_tile(read_index(folder, "train")[0], 10)
    (folder / "chips" / "c.tif").write_text("no raster")
    with pytest.raises(InputError, match=r"c\.tif' is not a raster"):
        load_tile(read_index(folder, "val")[0], 10)


def test_data_folder_from_argument_and_environment(folder, tmp_path, monkeypatch):
    _index(folder, 'a.tif,train,p,"R,G,B,NIR",0,0,9')
    monkeypatch.delenv("LTFORMER_DATA", raising=False)
    with pytest.raises(InputError, match="Set LTFORMER_DATA"):
        data_folder()
    monkeypatch.setenv("LTFORMER_DATA", str(folder))
    assert data_folder() == folder
    with pytest.raises(InputError, match=r"no chips/index\.csv"):
        data_folder(tmp_path / "elsewhere")


def test_blank_band_is_named(folder):
    blank = np.full((1, 64, 64), 9, np.uint16)
    _write(folder / "chips" / "d.tif", np.concatenate([blank, blank, blank]))
    _index(folder, 'd.tif,train,p,"R,G,NIR",0,0,9')
    with pytest.raises(InputError, match=r"'d\.tif' is blank"):
        load_tiles(folder, "train", 10)
