"""Steps of a training: they learn, resume exactly, and do not depend on chunks, threads or processes."""

import numpy as np
import pytest
import torch

from ltcore.errors import InputError
from ltcore.features.patches import PatchSampling
from training.config import OptimiserConfig
from training.evaluate import compare
from training.losses import LossConfig
from training.sampling import PairConfig
from training.train import run
from training.trainer import SIGNS, Trainer, learning_rate_factor

from .settings import quick_config


def _weights(trainer):
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


def _assert_same(one, other, **tolerance):
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, msg=name, **tolerance)


def test_training_lowers_the_loss_and_beats_the_untrained_network(tiles, unseen_tiles):
    pairs = PairConfig(
        tiles=4, keypoints=24, gamma=0.1, noise=0.01, blurred=0, scale_keypoint=0.1, scale_tile=0.1, shear=0.02
    )
    optimiser = OptimiserConfig(learning_rate=2e-3, warmup=0.1)
    trainer = Trainer(quick_config(steps=60, pairs=pairs, optimiser=optimiser, chunk=32), tiles)
    untrained = compare(unseen_tiles, {"": trainer.describe}, "upright", max_keypoints=600)[""]
    losses = [trainer.train_step()[0].item() for _ in range(60)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.05
    after = compare(unseen_tiles, {"": trainer.describe}, "upright", max_keypoints=600)[""]
    assert after["correct"] > 1.4 * untrained["correct"]
    assert after["precision"] > 1.1 * untrained["precision"]


@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_resumed_training_is_the_uninterrupted_one(tiles, name, ema):
    config = quick_config(optimiser=OptimiserConfig(name=name, ema=ema))
    whole = Trainer(config, tiles)
    run(whole, None, None)
    first = Trainer(config, tiles)
    first.train_step()
    first.train_step()
    second = Trainer(config, tiles)
    second.load_state(first.state())
    run(second, None, None)
    _assert_same(whole.state()["weights"], second.state()["weights"], atol=0, rtol=0)
    _assert_same(_weights(whole), _weights(second), atol=0, rtol=0)


def test_resumed_training_draws_the_same_dropout(tiles):
    config = quick_config(architecture="hardnet", steps=3)
    whole = Trainer(config, tiles)
    run(whole, None, None)
    first, second = Trainer(config, tiles), Trainer(config, tiles)
    first.train_step()
    second.load_state(first.state())
    torch.rand(7)  # another use of the global generator
    run(second, None, None)
    _assert_same(_weights(whole), _weights(second), atol=0, rtol=0)


def test_chunks_and_threads_do_not_change_a_step(tiles):
    results = []
    for chunk, threads in ((64, 1), (8, 3)):
        trainer = Trainer(quick_config(chunk=chunk, threads=threads), tiles)
        trainer.train_step()
        results.append([each.grad.clone() for each in trainer.network.parameters()])
    for one, other in zip(*results):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-2)


@pytest.mark.parametrize("architecture", ["ltformer", "hardnet", "hynet", "sosnet"])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_every_architecture_makes_a_step(tiles, architecture, bfloat16):
    loss = LossConfig(name={"hynet": "hynet", "sosnet": "sosnet"}.get(architecture, "hardest"))
    trainer = Trainer(quick_config(architecture=architecture, bfloat16=bfloat16, loss=loss), tiles)
    before = _weights(trainer)
    signs = dict(zip(SIGNS, trainer.train_step().tolist()))
    assert all(np.isfinite(value) for value in signs.values())
    assert signs["gradient"] > 0
    assert any(not torch.equal(before[name], value) for name, value in _weights(trainer).items())


@pytest.mark.parametrize("name", ["hardest", "info_nce", "lt", "hynet", "sosnet"])
def test_every_loss_makes_a_step(tiles, name):
    trainer = Trainer(quick_config(loss=LossConfig(name=name)), tiles)
    before = _weights(trainer)
    assert np.isfinite(trainer.train_step()[0].item())
    assert any(not torch.equal(before[each], value) for each, value in _weights(trainer).items())


def test_averaged_weights_follow_the_weights(tiles):
    trainer = Trainer(quick_config(optimiser=OptimiserConfig(ema=0.5)), tiles)
    start = _weights(trainer)
    trainer.train_step()
    now, averaged = _weights(trainer), trainer.state()["weights"]
    name = "stages.0.embed.conv.weight"
    share = 1 - min(0.5, 1 / 10)
    torch.testing.assert_close(averaged[name], start[name] + share * (now[name] - start[name]))
    assert trainer.averaged is not trainer.network


def test_without_average_the_weights_are_used_themselves(tiles):
    trainer = Trainer(quick_config(), tiles)
    trainer.train_step()
    _assert_same(_weights(trainer), trainer.state()["weights"], atol=0, rtol=0)


def test_weight_decay_spares_biases_and_normalisations(tiles):
    trainer = Trainer(quick_config(), tiles)
    decayed, plain = trainer._optimiser.param_groups
    assert decayed["weight_decay"] == 1e-4
    assert plain["weight_decay"] == 0
    assert all(each.ndim > 1 for each in decayed["params"])
    assert len(decayed["params"]) + len(plain["params"]) == len(list(trainer.network.parameters()))


def test_checkpoint_of_other_settings_is_refused(tiles):
    state = Trainer(quick_config(), tiles).state()
    with pytest.raises(InputError, match="other settings"):
        Trainer(quick_config(seed=1), tiles).load_state(state)


def test_patches_that_do_not_fit_the_architecture_are_refused(tiles):
    with pytest.raises(InputError, match="64 px"):
        Trainer(quick_config(architecture="hardnet", sampling=PatchSampling(patch_px=64)), tiles)


def test_learning_rate_rises_then_falls_to_zero():
    factors = [learning_rate_factor(progress, 0.1) for progress in np.linspace(0, 1, 101)]
    assert factors[0] <= 1e-3
    assert factors[10] == pytest.approx(1)
    assert factors[-1] == pytest.approx(0, abs=1e-9)
    assert np.all(np.diff(factors[:11]) > 0)
    assert np.all(np.diff(factors[10:]) < 0)


def test_wall_time_ends_the_training(tiles):
    trainer = Trainer(quick_config(steps=1000, minutes=0.5 / 60), tiles)
    run(trainer, None, None)
    assert 0 < trainer.step < 1000
    assert trainer.seconds >= 0.5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_recorded_step_is_the_plain_one(tiles):
    config = quick_config(optimiser=OptimiserConfig(learning_rate=1e-3, clip=1e9))
    recorded, plain = Trainer(config, tiles, "cuda"), Trainer(config, tiles, "cuda")
    plain._backward = plain._gradients
    for _ in range(3):
        torch.testing.assert_close(recorded.train_step(), plain.train_step(), atol=1e-3, rtol=1e-3)
