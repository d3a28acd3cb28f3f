"""Packed tiles: the same tiles, read without GDAL, refused where they are not what they should be."""

import json
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from ltcore.errors import InputError
from training.pack import main, read_tiles, save_tiles
from training.tiles import find_index, load_tiles

_READ_WITHOUT_GDAL = """
import sys
sys.modules["osgeo"] = None
from pathlib import Path
from training.tiles import find_index, load_tiles
print([tile.name for tile in load_tiles(find_index(Path(sys.argv[1])), "val", 1)])
"""


@pytest.fixture
def packed(tmp_path, tiles):
    path = tmp_path / "tiles.safetensors"
    save_tiles({"train": tiles[:2], "val": tiles[2:3]}, path)
    return path


def test_tiles_come_back_to_half_a_grey_level(packed, tiles):
    for before, after in zip(tiles, read_tiles(packed, "train")):
        assert after.name == before.name
        assert after.visible.dtype == after.nir.dtype == torch.float32
        np.testing.assert_allclose(after.visible, before.visible, atol=0.5)
        np.testing.assert_allclose(after.nir, before.nir, atol=0.5)
        np.testing.assert_allclose(after.xy, before.xy, atol=1e-4)
        np.testing.assert_allclose(after.size_px, before.size_px, rtol=1e-6)
        assert after.xy.dtype == np.float64


def test_only_train_keeps_its_bands(packed, tiles):
    (after,) = load_tiles(find_index(packed), "val", 1)
    assert after.visible.shape == (1, *tiles[2].nir.shape)
    assert len(read_tiles(packed, "train")[0].visible) == len(tiles[0].visible)
    with pytest.raises(InputError, match="no tile of the split 'test'"):
        read_tiles(packed, "test")


def test_reading_needs_no_gdal(packed):
    done = subprocess.run(
        [sys.executable, "-c", _READ_WITHOUT_GDAL, str(packed)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['tile2']"


@pytest.mark.parametrize(
    ("tensors", "metadata"),
    [
        ({}, {}),
        ({}, {"format": "ltformer-tiles-1"}),
        ({}, {"format": "ltformer-tiles-1", "names": "[]"}),
        ({}, {"format": "ltformer-tiles-1", "names": '{"train": ["a"]}'}),
        ({}, {"format": "ltformer-tiles-1", "names": '{"train": 3}'}),
        ({"nir": torch.zeros(4, 5)}, None),
        ({"nir": torch.zeros(4, 5, dtype=torch.uint8)}, None),
        ({"keypoints": torch.zeros(2, 2)}, None),
        ({"keypoints": torch.full((2, 3), torch.nan)}, None),
        ({"visible": torch.zeros(0, 4, 4, dtype=torch.uint8)}, None),
    ],
)
def test_what_is_not_a_pack_of_tiles_is_refused(tmp_path, tensors, metadata):
    grey = torch.zeros(4, 4, dtype=torch.uint8)
    parts = {"visible": grey[None].clone(), "nir": grey, "keypoints": torch.zeros(2, 3), **tensors}
    default = {"format": "ltformer-tiles-1", "names": json.dumps({"train": ["a"]})}
    path = tmp_path / "tiles.safetensors"
    stored = {f"train/000000/{part}": values for part, values in parts.items()} if metadata is None else tensors
    save_file(stored, path, default if metadata is None else metadata)
    with pytest.raises(InputError, match="cannot be read as packed tiles"):
        read_tiles(path, "train")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1), noise=st.binary(min_size=1, max_size=40))
def test_a_damaged_file_gives_tiles_or_one_sentence(packed, cut, noise):
    whole = packed.read_bytes()
    place = int(cut * len(whole))
    damaged = packed.with_name("damaged.safetensors")
    damaged.write_bytes(whole[:place] + noise)
    with pytest.raises(InputError, match="cannot be read as packed tiles"):
        read_tiles(damaged, "train")
    damaged.write_bytes((whole[:place] + noise + whole[place + len(noise) :])[: len(whole)])
    with suppress(InputError):  # other grey levels cannot be told from true ones
        read_tiles(damaged, "train")


def test_the_command_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("LTFORMER_DATA", raising=False)
    done = CliRunner().invoke(main, ["--out", str(tmp_path / "tiles.safetensors")])
    assert done.exit_code == 1
    assert "No training data was given" in done.output
    assert not list(tmp_path.iterdir())
