"""Windows cut from many tiles at once are those that inference cuts from one image."""

import cv2
import numpy as np
import pytest
import torch

from ltcore.features.patches import PatchSampling, sample_patches, unit_grid
from ltcore.types import Keypoints
from training.atlas import build_atlas
from training.pack import Tile

_CPU = torch.device("cpu")


def _tile(seed, height, width, bands=2):
    draw = np.random.default_rng(seed)
    images = [cv2.GaussianBlur(draw.uniform(0, 255, (height, width)), (0, 0), 3) for _ in range(bands + 1)]
    values = torch.from_numpy(np.stack(images)).float()
    return Tile(f"t{seed}", values[:-1], values[-1], draw.uniform(5, 60, (6, 2)), np.full(6, 4.0))


def _shares(tile_bands, chosen, count):
    shares = torch.zeros(count, tile_bands)
    shares[:, chosen] = 1
    return shares


@pytest.mark.parametrize(("which", "band"), [(0, 0), (1, 0), (1, -1), (2, 1)])
def test_windows_are_those_of_inference(which, band):
    tiles = [_tile(0, 90, 110), _tile(1, 130, 100), _tile(2, 100, 100, bands=3)]
    atlas = build_atlas(tiles, _CPU)
    draw = np.random.default_rng(0)
    image = (tiles[which].nir if band == -1 else tiles[which].visible[band]).numpy()
    height, width = image.shape
    xy, angles = draw.uniform([3, 3], [width - 3, height - 3], (40, 2)), draw.uniform(0, 360, 40)
    keypoints = Keypoints(xy, np.full(40, 4.0), np.zeros(40), np.ones(40))
    sampling = PatchSampling()
    expected = sample_patches(image, keypoints, angles, sampling)  # windows reach over the borders
    turn = np.deg2rad(angles)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]).transpose(2, 0, 1)
    windows = torch.from_numpy(axes * sampling.half_width_px(keypoints.size_px)[:, None, None]).float()
    grid = torch.from_numpy(unit_grid(sampling)).float()
    shares = _shares(atlas.pixels.shape[1], band, 40)
    points = torch.from_numpy(xy).float()[:, None] + grid @ windows.transpose(1, 2)
    cut = atlas.cut(torch.full((40,), which), shares, points)
    np.testing.assert_allclose(cut.numpy(), expected, atol=1.0)  # grey levels; remap rounds to 1/32 px


def test_far_beyond_the_border_is_mirrored_again_and_again():
    row = torch.arange(4.0).expand(3, 4)
    tile = Tile("ramp", row[None], row, np.zeros((2, 2)), np.ones(2))
    atlas = build_atlas([tile], _CPU)
    points = torch.tensor([[[1.5, 1.5], [9.5, 1.5], [1.5, 5.5], [5.5, 1.5]]])
    cut = atlas.cut(torch.tensor([0]), _shares(2, 0, 1), points)
    # pixel 1, then 1 + 8 = 9 -> 3 on the mirrored line 0 1 2 3 2 1 0 1 2 3, the same column 4 rows on, 1 + 4 = 5 -> 1
    np.testing.assert_allclose(cut.flatten().numpy(), [1, 3, 1, 1], atol=1e-5)


def test_missing_bands_repeat_luminance_and_are_not_counted():
    atlas = build_atlas([_tile(0, 20, 30, bands=1), _tile(1, 20, 30, bands=4)], _CPU)
    assert atlas.bands.tolist() == [0, 3]
    first = atlas.pixels[: 20 * 30]
    torch.testing.assert_close(first[:, 1], first[:, 0])
    assert (first[:, -1] - first[:, 0]).abs().mean() > 1


def test_tiles_without_keypoints_are_left_out():
    empty = Tile("e", torch.zeros(1, 5, 5), torch.zeros(5, 5), np.zeros((1, 2)), np.zeros(1))
    with pytest.raises(ValueError, match="no tile"):
        build_atlas([empty], _CPU)
    assert len(build_atlas([empty, _tile(0, 20, 30)], _CPU).keypoints) == 1
