"""The command that makes an index: what is used, what is left out and why, and what it may not touch."""

import csv
import hashlib

import numpy as np
import pytest
from click.testing import CliRunner

from ltcore.raster.read import RasterView
from tests.data.make_rasters import make_raster, texture_at
from training.dataset import main
from training.tiles import load_tiles, read_index

_SIZE = 160
_PIXEL = 10.0


def _bands(seed, shift=(0.0, 0.0), size=(_SIZE, _SIZE)):
    """Returns (4, H, W) uint16; near infrared, of other contrast, lies `shift` px off."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    visible, nir = texture_at(x, y, seed), 1 - texture_at(x - shift[0], y - shift[1], seed)
    return (np.stack([visible, 0.6 * visible, 0.3 * visible, nir]) * 5000 + 100).astype(np.uint16)


def _raster(path, seed, at=None, shift=(0.0, 0.0), **how):
    if at is not None:
        how |= {"geotransform": (500_000.0 + at * _PIXEL, _PIXEL, 0.0, 5_600_000.0, 0.0, -_PIXEL), "epsg": 32633}
    return make_raster(path, _bands(seed, shift), **how)


def _run(folder, *arguments):
    out = folder.parent / "index.csv"
    done = CliRunner().invoke(main, [str(folder), "--out", str(out), *arguments], env={"COLUMNS": "200"})
    rows = list(csv.DictReader(out.open(encoding="utf-8"))) if out.exists() else []
    return (
        done,
        out,
        {(row["file"].split("/")[-1], row["col_off"] and f"{row['col_off']},{row['row_off']}"): row for row in rows},
    )


@pytest.fixture
def folder(tmp_path):
    """A folder `rasters`, empty."""
    (tmp_path / "rasters").mkdir()
    return tmp_path / "rasters"


@pytest.fixture
def mixed(folder):
    """Rasters of seven places, two of which share ground, and five that cannot be used."""
    for number in range(6):
        _raster(folder / f"far{number}.tif", number, at=1000 * number)
    _raster(folder / "overlaps0.tif", 7, at=_SIZE // 2)
    _raster(folder / "alone.tif", 8)
    _raster(folder / "misaligned.tif", 9, shift=(2.0, -1.0))
    make_raster(folder / "blank.tif", np.full((4, _SIZE, _SIZE), 7, np.uint16))
    make_raster(folder / "two.tif", _bands(10)[:2])
    make_raster(folder / "tiny.tif", _bands(11)[:, :40, :40])
    (folder / "broken.tif").write_bytes(b"II*\x00 no raster")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def _contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*"))}


def test_what_is_used_and_what_is_left_out(mixed):
    before = _contents(mixed)
    done, out, rows = _run(mixed)
    assert done.exit_code == 0, done.output
    assert _contents(mixed) == before
    assert len(rows) == 13
    reasons = {file: row["reason"] for (file, _), row in rows.items() if row["split"] == "left out"}
    assert sorted(reasons) == ["blank.tif", "broken.tif", "misaligned.tif", "tiny.tif", "two.tif"]
    for file, said in {
        "blank.tif": "blank",
        "broken.tif": "not a raster",
        "misaligned.tif": "Off by (-2.0",
        "tiny.tif": "40 x 40 px; at least 64 x 64",
        "two.tif": "2 band(s), not named",
    }.items():
        assert said in reasons[file]
        assert file in done.output
    assert "Left out: 5" in done.output
    assert "R,G,B,NIR, assumed of 4 band(s): 8 tiles" in done.output
    used = [chip for split in ("train", "val", "test") for chip in read_index(out, split)]
    assert len(used) == 8


def test_shared_ground_is_one_place_in_one_split(mixed):
    _, _, rows = _run(mixed, "--val", "0.3", "--test", "0.3")
    assert rows["overlaps0.tif", ""]["place"] == rows["far0.tif", ""]["place"] == "far0"
    assert rows["overlaps0.tif", ""]["split"] == rows["far0.tif", ""]["split"]
    assert {row["split"] for row in rows.values()} == {"train", "val", "test", "left out"}


def test_the_offset_leads_from_near_infrared_to_visible(mixed):
    _, _, rows = _run(mixed)
    row = rows["misaligned.tif", ""]
    assert (float(row["red_nir_dx_px"]), float(row["red_nir_dy_px"])) == pytest.approx((-2, 1), abs=0.1)
    assert float(row["peak_z"]) > 7


def test_the_index_is_read_as_it_was_written(mixed):
    _, out, _ = _run(mixed)
    tiles = load_tiles(out, "train", 50)
    assert all(tile.visible.shape == (4, _SIZE, _SIZE) and len(tile.xy) for tile in tiles)
    assert not any(line.startswith("/") for line in out.read_text().splitlines())  # relative to the index


def test_seed_and_repetition(mixed):
    _, out, first = _run(mixed)
    text = out.read_bytes()
    done, _, _ = _run(mixed)
    assert done.exit_code == 1
    assert "is there already. Name another file, or add --overwrite." in done.output
    _run(mixed, "--overwrite")
    assert out.read_bytes() == text
    _, _, other = _run(mixed, "--overwrite", "--seed", "1")
    assert [row["split"] for row in other.values()] != [row["split"] for row in first.values()]


def test_places_by_name(folder):
    for number in range(6):
        _raster(folder / f"site{number % 3}_{2010 + number}.tif", number)
    _, _, rows = _run(folder, "--place-regex", r"^(site\d)")
    assert sorted(row["place"] for row in rows.values()) == ["site0"] * 2 + ["site1"] * 2 + ["site2"] * 2
    done, _, _ = _run(folder, "--place-regex", "(", "--overwrite")
    assert "no regular expression" in done.output


def test_pairs_of_files(folder):
    for number in range(3):
        bands = _bands(number)
        make_raster(folder / f"{number}_RED.tif", bands[:1])
        make_raster(folder / f"{number}_NIR.tif", bands[3:])
    make_raster(folder / "7_RED.tif", _bands(7)[:1])
    make_raster(folder / "8_RED.tif", _bands(8)[:1])
    make_raster(folder / "8_NIR.tif", _bands(8)[3:, :100])
    done, out, rows = _run(folder, "--visible", "*_RED.tif", "--nir", "*_NIR.tif")
    assert done.exit_code == 0, done.output
    assert "Without partner" in rows["7_RED.tif", ""]["reason"]
    assert "not one grid" in rows["8_RED.tif", ""]["reason"]
    assert rows["1_RED.tif", ""]["nir_file"] == "rasters/1_NIR.tif"
    assert rows["1_RED.tif", ""]["place"] == "1"
    (tile,) = load_tiles(out, "train", 50)
    assert tile.visible.shape == (2, _SIZE, _SIZE)


def test_a_large_raster_is_read_by_windows(folder, monkeypatch):
    make_raster(folder / "large.tif", _bands(0, size=(900, 400)))
    _raster(folder / "small.tif", 1)
    asked = []
    read = RasterView.read
    monkeypatch.setattr(RasterView, "read", lambda view, window: asked.append(window) or read(view, window))
    monkeypatch.setattr("ltcore.raster.radiometry._SAMPLE_SIDE_PX", 256)
    done, out, rows = _run(folder, "--window", "256", "--max-windows", "5")
    assert done.exit_code == 0, done.output
    assert max(max(window.width, window.height) for window in asked) <= 256 + 16
    large = [row for (file, _), row in rows.items() if file == "large.tif"]
    assert len(large) == 5
    assert len({row["place"] for row in large}) == 1
    assert {tile.nir.shape for tile in load_tiles(out, "train", 10)} == {(200, 225)}


@pytest.mark.parametrize("georeferenced", [True, False])
def test_one_raster_can_be_split(folder, georeferenced):
    how = {"geotransform": (500_000.0, 10.0, 0.0, 5_600_000.0, 0.0, -10.0), "epsg": 32633} if georeferenced else {}
    make_raster(folder / "only.tif", _bands(0, size=(640, 640)), **how)
    done, _, rows = _run(folder, "--window", "128", "--split-rasters")
    assert done.exit_code == 0, done.output
    assert len({row["place"] for row in rows.values()}) == len(rows) == 9
    assert {row["split"] for row in rows.values()} == {"train", "val", "test"}
    make_raster(folder / "other.tif", _bands(1, size=(640, 640)), **how)
    _, _, rows = _run(folder, "--window", "128", "--split-rasters", "--overwrite")
    assert len({row["place"] for row in rows.values()}) == (9 if georeferenced else 18)


def test_windows_without_data_are_left_out(folder):
    bands = _bands(0, size=(512, 256))
    bands[:, :, 300:] = 0
    make_raster(folder / "half.tif", bands, nodata=0)
    _, _, rows = _run(folder, "--window", "256")
    assert rows["half.tif", "0,0"]["split"] == "train"
    assert "17% of it is valid" in rows["half.tif", "256,0"]["reason"]


def test_few_places_are_said(folder):
    _raster(folder / "only.tif", 0)
    done, _, _ = _run(folder)
    assert "No tile for val: 1 place(s) in all; three splits need at least 3." in done.output
    assert "No tile for test" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "holds no raster"),
        (["--visible", "*_RED.tif"], "need both --visible and --nir"),
        (["--bands", "R,G,X"], "The band 'X' is not known"),
        (["--val", "1.5"], "--val"),
    ],
)
def test_wrong_arguments(folder, arguments, said):
    done, out, _ = _run(folder, *arguments)
    assert done.exit_code != 0
    assert said in done.output
    assert not out.exists()


def test_nothing_usable_is_an_error_with_an_index_that_says_why(folder):
    _raster(folder / "off.tif", 0, shift=(4.0, 0.0))
    done, _, rows = _run(folder)
    assert done.exit_code == 1
    assert "Nothing is left to train on" in done.output
    assert "Off by" in rows["off.tif", ""]["reason"]
