"""Synthetic scenes, descriptors that know the truth, and run folders of untrained networks."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.descriptor.learned import Engine
from benchmarks.descriptor.methods import Method
from benchmarks.descriptor.scenes import Scene
from ltcore.features.patches import PatchSampling
from ltcore.types import Descriptors
from tests.training.conftest import synthetic_tile
from training.chunks import Workers
from training.comparators import build_network
from training.config import TrainConfig, write_config


@pytest.fixture(scope="session")
def scenes():
    """Three tiles of two places; the first is a scene, the others are chips."""
    made = [synthetic_tile(seed, size) for seed, size in ((200, 160), (201, 128), (202, 128))]
    return [Scene(place, tile) for place, tile in zip(("a", "b", "b"), made)]


@pytest.fixture(scope="session")
def engine():
    return Engine(torch.device("cpu"), Workers(1))


class Positional(Method):
    """Describes a window by where it stands, whatever the image: perfect where both sides hold the same points."""

    name = group = "positional"

    def __init__(self):
        self.facts, self.calls = {}, 0

    def describe(self, image, keypoints, angles_deg):
        self.calls += 1
        return self.describe_windows(image, keypoints, 0)

    def describe_windows(self, image, keypoints, window_px):
        values = [_code(xy.tobytes()) for xy in keypoints.xy]
        return Descriptors(np.array(values, np.float32).reshape(len(keypoints), 64), self.name)


def _code(content):
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
    values = np.random.default_rng(seed).normal(size=64)
    return values / np.linalg.norm(values)


class Constant(Method):
    """The same descriptor for everything."""

    name = group = "constant"

    def __init__(self):
        self.facts = {}

    def describe(self, image, keypoints, angles_deg):
        return Descriptors(np.full((len(keypoints), 4), 0.5, np.float32), self.name)

    def describe_windows(self, image, keypoints, window_px):
        return self.describe(image, keypoints, None)


@pytest.fixture
def positional():
    return Positional()


@pytest.fixture
def constant():
    return Constant()


@pytest.fixture(scope="session")
def make_run(tmp_path_factory):
    """Returns a function that saves an untrained network as the training would."""

    def make(architecture, seed, **changes):
        config = replace(
            TrainConfig(architecture=architecture, seed=seed, sampling=PatchSampling(patch_px=32)), **changes
        )
        folder = tmp_path_factory.mktemp("runs") / f"{architecture}-s{seed}"
        folder.mkdir()
        torch.manual_seed(seed)
        network = build_network(architecture, config.descriptor_dim)
        write_config(config, folder / "config.yaml")
        torch.save({"weights": network.state_dict(), "step": 7, "config": "", "seconds": 1.5}, folder / "best.pt")
        return folder

    return make
