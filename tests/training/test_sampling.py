"""Pairs of patches: truth, geometry, repeatability."""

import dataclasses

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from ltcore.features.patches import PatchSampling
from training.chunks import Workers
from training.pack import Tile
from training.sampling import PairConfig, PairSampler, mixed_seed

_CPU = torch.device("cpu")
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


def _sampler(tiles, config=_EXACT, seed=0):
    return PairSampler(tiles, config, _SAMPLING, seed, _CPU)


def _twins(tiles):
    """Tiles whose bands are all the same image."""
    return [dataclasses.replace(tile, visible=tile.nir.repeat(3, 1, 1)) for tile in tiles]


def test_without_augmentation_both_patches_show_the_same(tiles):
    visible, nir = _sampler(_twins(tiles)).batch(0).patches
    assert visible.shape == (24, 32, 32)
    torch.testing.assert_close(visible, nir, atol=0.1, rtol=0)
    assert visible.std() > 10


@pytest.mark.parametrize(
    "change",
    [
        {"relative_rotation_deg": 15},
        {"scale_keypoint": 0.3},
        {"scale_tile": 0.3},
        {"jitter_px": 2},
        {"shear": 0.1},
        {"perspective": 0.2},
        {"gamma": 0.4},
        {"blurred": 0.5},
        {"noise": 0.1},
    ],
)
def test_every_augmentation_does_something(tiles, change):
    visible, nir = _sampler(_twins(tiles), dataclasses.replace(_EXACT, **change)).batch(0).patches
    assert (visible - nir).abs().mean() > 0.5


def test_batch_depends_on_seed_and_step_alone(tiles):
    config = PairConfig(tiles=2, keypoints=4)
    first, second = _sampler(tiles, config, 7), _sampler(tiles, config, 7)
    second.batch(3)
    torch.testing.assert_close(first.batch(5).patches, second.batch(5).patches, atol=0, rtol=0)
    assert (first.batch(5).patches - first.batch(6).patches).abs().mean() > 1
    assert (first.batch(5).patches - _sampler(tiles, config, 8).batch(5).patches).abs().mean() > 1
    assert len({mixed_seed(seed, step) for seed in range(20) for step in range(20)}) == 400


def test_parts_and_threads_cut_the_same_batch(tiles):
    config = PairConfig(tiles=4, keypoints=50)
    sampler = _sampler(tiles, config)
    whole = sampler.batch(2)
    threaded = sampler.batch(2, map_jobs=Workers(3).map)
    torch.testing.assert_close(threaded.patches, whole.patches)
    half = sampler.batch(2, slice(100, 200))
    torch.testing.assert_close(half.patches, whole.patches[:, 100:])
    torch.testing.assert_close(half.near, whole.near)


def test_near_places_of_one_tile_are_marked_and_those_of_others_not(tiles):
    nir = tiles[0].nir
    xy = np.array([[50.0, 50.0], [53.0, 50.0], [90.0, 90.0]])
    tile = Tile("one", nir[None], nir, xy, np.full(3, 3.0))
    config = dataclasses.replace(_EXACT, tiles=1, keypoints=3)
    assert _sampler([tile], config).batch(0).near.sum().item() == 3 + 2
    twice = _sampler([tile, tile], dataclasses.replace(config, tiles=2), 1)
    counts = {twice.batch(step).near.sum().item() for step in range(8)}
    assert counts == {10, 20}  # two tiles apart, or one tile drawn twice


def test_keypoints_come_once_while_there_are_enough(tiles):
    sampler = _sampler(tiles, dataclasses.replace(_EXACT, tiles=1, keypoints=60))
    for step in range(5):
        _, xy, _ = sampler._places(torch.Generator().manual_seed(step))
        assert len(np.unique(xy.numpy(), axis=0)) == 60


def test_mirrored_pairs_are_mirrored_alike(tiles):
    sampler = _sampler(tiles, dataclasses.replace(_EXACT, tiles=1, keypoints=200))
    first, second = sampler._windows(torch.full((200,), 4.0), torch.Generator().manual_seed(0))
    torch.testing.assert_close(first, second)
    assert 60 < (torch.linalg.det(first) < 0).sum() < 140


def test_relative_windows_stay_within_their_limits(tiles):
    config = dataclasses.replace(_EXACT, tiles=50, keypoints=20, relative_rotation_deg=15)
    sampler = _sampler(tiles, dataclasses.replace(config, scale_keypoint=0.25, scale_tile=0.25))
    first, second = sampler._windows(torch.full((1000,), 4.0), torch.Generator().manual_seed(0))
    relative = (second.double() @ torch.linalg.inv(first.double())).numpy()
    turn = np.degrees(np.arctan2(relative[:, 1, 0], relative[:, 0, 0]))
    scale = 0.5 * np.log(np.linalg.det(relative))
    assert 13 < np.abs(turn).max() <= 15 + 1e-4
    assert 0.4 < np.abs(scale).max() <= 0.5 + 1e-4


def test_shares_are_luminance_one_band_or_a_mix(tiles):
    three = dataclasses.replace(tiles[0], visible=tiles[0].nir.repeat(4, 1, 1))
    sampler = _sampler([three, three], dataclasses.replace(_EXACT, tiles=400, keypoints=2))
    shares = sampler._visible_shares(torch.zeros(800, dtype=torch.long), torch.Generator().manual_seed(0))
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(800))
    assert (shares[:, -1] == 0).all()  # never near infrared
    assert (shares[::2] == shares[1::2]).all()
    kinds = (shares > 0).sum(dim=1)
    assert 320 < (shares[:, 0] == 1).sum() < 480
    assert 130 < (kinds == 3).sum() < 270


def test_a_tile_with_luminance_alone_shows_it(tiles):
    lone = dataclasses.replace(tiles[0], visible=tiles[0].visible[:1])
    shares = _sampler([lone])._visible_shares(torch.zeros(24, dtype=torch.long), torch.Generator().manual_seed(0))
    assert (shares[:, 0] == 1).all()


def test_unknown_key_is_refused():
    with pytest.raises(ValidationError):
        TypeAdapter(PairConfig).validate_python({"rotation": 3})
