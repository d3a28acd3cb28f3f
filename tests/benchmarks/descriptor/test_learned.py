"""Networks from run folders and from the shipped weights."""

import numpy as np
import pytest
import torch

from benchmarks.descriptor.learned import group_name, shipped, trained
from benchmarks.descriptor.selection import select
from ltcore.config import FeatureConfig
from ltcore.errors import InputError
from ltcore.features.patches import PatchSampling
from ltcore.ltformer.describe import make_describer
from ltcore.progress import NullProgress
from ltcore.types import Keypoints
from training.config import TrainConfig
from training.losses import LossConfig


@pytest.fixture(scope="module")
def keypoints():
    draw = np.random.default_rng(0)
    return Keypoints(draw.uniform(20, 100, (9, 2)), draw.uniform(2, 12, 9), draw.uniform(0, 360, 9), np.ones(9))


def test_shipped_weights_describe_as_in_use(scenes, engine, keypoints):
    method = shipped("ltformer-d128", engine)
    in_use = make_describer(FeatureConfig(weights="ltformer-d128", device="cpu", backend="torch"))
    wanted = in_use.describe(scenes[0].nir, keypoints, keypoints.angle_deg, NullProgress()).values
    found = method.describe(scenes[0].nir, keypoints, keypoints.angle_deg).values
    assert found == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("architecture", ["hardnet", "hynet", "sosnet", "ltformer"])
def test_run_folders_give_their_networks(architecture, make_run, scenes, engine, keypoints):
    method = trained(make_run(architecture, 3), engine)
    described = method.describe(scenes[0].visible, keypoints, keypoints.angle_deg).values
    assert described.shape == (9, 128)
    assert np.linalg.norm(described, axis=1) == pytest.approx(np.ones(9), abs=1e-5)
    assert method.facts["steps"] == 7
    assert method.facts["seed"] == 3
    assert method.facts["mflop"] > 4


def test_arithmetic_of_hardnet_is_what_its_layers_say(make_run, engine):
    """2 x 9 x inputs x outputs x positions a convolution, and the 8x8 one."""
    layers = [(1, 32, 1024), (32, 32, 1024), (32, 64, 256), (64, 64, 256), (64, 128, 64), (128, 128, 64)]
    wanted = sum(18 * first * second * positions for first, second, positions in layers) + 2 * 8192 * 128
    assert trained(make_run("hardnet", 0), engine).facts["mflop"] == pytest.approx(wanted / 1e6, abs=0.01)


def test_patches_are_seen_whole(make_run, engine, scenes):
    """A patch cut from an image is described as the window of 63 px between the centres of its outer pixels."""
    even = PatchSampling(patch_px=32, foveation=0)  # a foveated window bulges over its sides, to mirrored pixels
    method = trained(make_run("ltformer", 4, sampling=even), engine)
    patch = scenes[0].visible[30:94, 40:104]
    here = Keypoints(np.array([[72.0, 62.0]]), np.ones(1), np.zeros(1), np.ones(1))
    window = method.describe_windows(scenes[0].visible, here, 63.0).values
    assert method.describe_patches(patch[None]) == pytest.approx(window, abs=1e-4)
    assert method.describe_patches(patch[None]) != pytest.approx(
        method.describe_windows(scenes[0].visible, here, 55.0).values, abs=1e-4
    )


def test_windows_follow_their_size_not_the_keypoints(engine, scenes, keypoints):
    method = shipped("ltformer-d128", engine)
    first = method.describe_windows(scenes[0].visible, keypoints, 64).values
    large = Keypoints(keypoints.xy, keypoints.size_px * 3, keypoints.angle_deg + 90, keypoints.response)
    assert np.array_equal(first, method.describe_windows(scenes[0].visible, large, 64).values)
    assert not np.allclose(first, method.describe_windows(scenes[0].visible, keypoints, 128).values, atol=0.01)


def test_runs_are_grouped_by_all_but_seed_and_learning_rate():
    assert (
        group_name(TrainConfig(seed=1))
        == group_name(TrainConfig(seed=2))
        == "LTFormer d128, hardest, 64 px, 5000 steps"
    )
    lt = TrainConfig(loss=LossConfig(name="lt", margin_floor=0.5, stop_margin_gradient=True), minutes=9.5)
    assert group_name(lt) == "LTFormer d128, lt, margin floor 0.5, stop margin gradient, 64 px, 9.5 minutes"


def test_selection_groups_seeds_and_refuses_the_same_twice(make_run):
    runs = [make_run("hardnet", 0), make_run("hardnet", 1)]
    selection = select(["ltformer-d128"], runs)
    assert selection.groups["HardNet d128, hardest, 32 px, 5000 steps"] == ["hardnet-s0", "hardnet-s1"]
    assert "hardnet-s1" not in {method.name for method in selection.firsts}
    with pytest.raises(InputError, match="hardnet-s0"):
        select([], [runs[0], runs[0]])


def test_weights_of_another_network_and_pickled_code_are_refused(make_run, engine):
    run, other = make_run("hardnet", 5), make_run("hynet", 5)
    (run / "best.pt").write_bytes((other / "best.pt").read_bytes())
    with pytest.raises(InputError, match="no weights of this network"):
        trained(run, engine)
    torch.save({"weights": print}, run / "best.pt")
    with pytest.raises(InputError, match="no weights of this network"):
        trained(run, engine)
    (run / "best.pt").unlink()
    with pytest.raises(InputError, match="no weights of this network"):
        trained(run, engine)
