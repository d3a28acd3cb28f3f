"""Pairs of patches: truth, geometry, repeatability."""

import dataclasses

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from ltcore.features.patches import PatchSampling, unit_grid
from training.chunks import Workers
from training.sampling import PairConfig, PairSampler, cut_windows
from training.tiles import Tile

_SAMPLING = PatchSampling(patch_px=32)
_EXACT = PairConfig(
    tiles=3,
    keypoints=8,
    relative_rotation_deg=0,
    scale_keypoint=0,
    scale_tile=0,
    jitter_px=0,
    shear=0,
    gamma=0,
    blurred=0,
    noise=0,
)


@pytest.fixture(scope="module")
def workers():
    return Workers(2)


def _twins(tiles):
    """Tiles whose bands are all the same image."""
    return [dataclasses.replace(tile, visible=tile.nir.repeat(3, 1, 1)) for tile in tiles]


def test_without_augmentation_both_patches_show_the_same(tiles, workers):
    batch = PairSampler(_twins(tiles), _EXACT, _SAMPLING, 0, workers).batch(0)
    assert batch.visible.shape == (24, 32, 32)
    torch.testing.assert_close(batch.visible, batch.nir, atol=0.1, rtol=0)
    assert batch.visible.std() > 10


@pytest.mark.parametrize(
    "change",
    [
        {"relative_rotation_deg": 15},
        {"scale_keypoint": 0.3},
        {"scale_tile": 0.3},
        {"jitter_px": 2},
        {"shear": 0.1},
        {"gamma": 0.4},
        {"blurred": 0.5},
        {"noise": 0.1},
    ],
)
def test_every_augmentation_does_something(tiles, workers, change):
    sampler = PairSampler(_twins(tiles), dataclasses.replace(_EXACT, **change), _SAMPLING, 0, workers)
    batch = sampler.batch(0)
    assert (batch.visible - batch.nir).abs().mean() > 0.5


def test_batch_depends_on_seed_and_step_alone(tiles, workers):
    config = PairConfig(tiles=2, keypoints=4)
    first = PairSampler(tiles, config, _SAMPLING, 7, workers)
    second = PairSampler(tiles, config, _SAMPLING, 7, Workers(1))
    second.batch(3)
    torch.testing.assert_close(first.batch(5).nir, second.batch(5).nir, atol=0, rtol=0)
    assert (first.batch(5).nir - first.batch(6).nir).abs().mean() > 1
    other = PairSampler(tiles, config, _SAMPLING, 8, workers)
    assert (first.batch(5).nir - other.batch(5).nir).abs().mean() > 1


def test_near_places_of_one_tile_are_marked_and_those_of_others_not(tiles, workers):
    nir = tiles[0].nir
    xy = np.array([[50.0, 50.0], [53.0, 50.0], [90.0, 90.0]])
    tile = Tile("one", nir[None], nir, xy, np.full(3, 3.0))
    config = dataclasses.replace(_EXACT, tiles=1, keypoints=3)
    near = PairSampler([tile], config, _SAMPLING, 0, workers).batch(0).near
    assert near.sum().item() == 3 + 2
    twice = PairSampler([tile, tile], dataclasses.replace(config, tiles=2), _SAMPLING, 1, workers)
    batches = [twice.batch(step).near for step in range(8)]
    assert {near.sum().item() for near in batches} == {10, 20}  # two tiles apart, or one tile drawn twice


def test_window_of_a_known_place(tiles):
    x = torch.arange(100).float()[None].repeat(80, 1) + 0.5  # pixel-edge x of each pixel's centre
    window = 10 * torch.eye(2)[None]
    cut = cut_windows(x, torch.tensor([[40.0, 30.0]]), window, torch.from_numpy(unit_grid(_SAMPLING)).float())
    assert cut[0, 16, 0].item() == pytest.approx(30, abs=0.1)
    assert cut[0, 16, -1].item() == pytest.approx(50, abs=0.1)


def test_mirrored_pairs_are_mirrored_alike(tiles, workers):
    sampler = PairSampler(_twins(tiles), _EXACT, _SAMPLING, 0, workers)
    draw = np.random.default_rng(0)
    first, second = sampler._windows(np.full(200, 4.0), draw)
    np.testing.assert_allclose(first, second)
    mirrored = np.linalg.det(first) < 0
    assert 60 < mirrored.sum() < 140


def test_relative_windows_stay_within_their_limits(tiles, workers):
    config = dataclasses.replace(_EXACT, relative_rotation_deg=15, scale_keypoint=0.25, scale_tile=0.25)
    sampler = PairSampler(tiles, config, _SAMPLING, 0, workers)
    draw = np.random.default_rng(0)
    turns, scales = [], []
    for _ in range(50):
        first, second = sampler._windows(np.full(20, 4.0), draw)
        relative = second @ np.linalg.inv(first)
        turns += np.degrees(np.arctan2(relative[:, 1, 0], relative[:, 0, 0])).tolist()
        scales += (0.5 * np.log(np.linalg.det(relative))).tolist()
    assert 13 < np.abs(turns).max() <= 15 + 1e-6
    assert 0.4 < np.abs(scales).max() <= 0.5 + 1e-6


def test_tiles_without_keypoints_are_left_out(tiles, workers):
    empty = dataclasses.replace(tiles[0], xy=np.zeros((0, 2)), size_px=np.zeros(0))
    with pytest.raises(ValueError, match="no tile"):
        PairSampler([empty], _EXACT, _SAMPLING, 0, workers)
    PairSampler([empty, tiles[1]], _EXACT, _SAMPLING, 0, workers).batch(0)


def test_unknown_key_is_refused():
    with pytest.raises(ValidationError):
        TypeAdapter(PairConfig).validate_python({"rotation": 3})
