"""Small synthetic tiles: near-infrared is another function of the same ground as visible."""

import cv2
import numpy as np
import pytest
import torch

from ltcore.features.sift import detect_keypoints
from training.tiles import Tile


def synthetic_tile(seed, size=192):
    """A tile whose bands share edges but not contrast: fields of partly other brightness, less texture."""
    draw = np.random.default_rng(seed)
    seeds = draw.uniform(0, size, (70, 2))
    y, x = np.mgrid[0:size, 0:size] + 0.5
    field = ((x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2).argmin(axis=2)
    rough = cv2.GaussianBlur(draw.normal(0, 1, (size, size)), (0, 0), 1.5)
    visible = draw.uniform(40, 215, len(seeds))
    infrared = 0.5 * visible + 0.5 * draw.uniform(40, 215, len(seeds))
    bands = []
    for brightness, grain in ((visible, 60.0), (visible, 40.0), (infrared, 10.0)):
        band = brightness[field] + grain * rough
        bands.append(np.clip(cv2.GaussianBlur(band, (0, 0), 0.8), 0, 255).astype(np.float32))
    found = detect_keypoints(bands[0], np.ones((size, size), bool), 300)
    return Tile(
        f"tile{seed}", torch.from_numpy(np.stack(bands[:2])), torch.from_numpy(bands[2]), found.xy, found.size_px
    )


@pytest.fixture(scope="session")
def tiles():
    return [synthetic_tile(seed) for seed in range(6)]


@pytest.fixture(scope="session")
def unseen_tiles():
    return [synthetic_tile(seed) for seed in range(100, 102)]
