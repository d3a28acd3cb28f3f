"""The training loop: it learns, resumes exactly, notices collapse; export gives usable weights."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ltcore.config import FeatureConfig
from ltcore.errors import InputError
from ltcore.features.patches import PatchSampling
from ltcore.features.sift import detect_keypoints
from ltcore.ltformer.describe import make_describer
from ltcore.progress import NullProgress
from training import train
from training.config import LossConfig, TrainConfig, read_config
from training.evaluate import evaluate
from training.export import export
from training.sampling import PairConfig
from training.train import Trainer, learning_rate_factor, run, save_atomically

_FACTS = {"name": "tiny", "trained_on": "synthetic tiles", "licence": "GPL-2.0-or-later", "git_commit": "none"}


def _config(**changes):
    small = TrainConfig(
        sampling=PatchSampling(patch_px=32),
        pairs=PairConfig(tiles=2, keypoints=16),
        learning_rate=2e-3,
        steps=4,
        chunk=16,
        bfloat16=False,
        validation_tiles=0,
    )
    return dataclasses.replace(small, **changes)


@pytest.fixture(scope="module")
def trained(tiles, unseen_tiles, tmp_path_factory):
    """A short real training, shared by the tests that look at its result."""
    out = tmp_path_factory.mktemp("run")
    pairs = PairConfig(
        tiles=4, keypoints=24, gamma=0.1, noise=0.01, blurred=0, scale_keypoint=0.1, scale_tile=0.1, shear=0.02
    )
    config = _config(steps=60, pairs=pairs, warmup=0.1, validation_tiles=2, chunk=32)
    trainer = Trainer(config, tiles)
    untrained = evaluate(unseen_tiles, trainer.describe, "upright", max_keypoints=600)
    run(trainer, unseen_tiles, out)
    return trainer, untrained, out


def test_training_lowers_the_loss_and_beats_the_untrained_network(trained, unseen_tiles):
    trainer, untrained, out = trained
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(60))
    assert np.mean([row["loss"] for row in rows[-10:]]) < np.mean([row["loss"] for row in rows[:10]]) - 0.05
    after = evaluate(unseen_tiles, trainer.describe, "upright", max_keypoints=600)
    assert after["correct"] > 1.4 * untrained["correct"]
    assert after["precision"] > 1.1 * untrained["precision"]
    assert rows[-1]["val_precision"] > 0


def test_export_gives_the_same_descriptors(trained, tiles, tmp_path):
    trainer, _, out = trained
    state = torch.load(out / "last.pt", weights_only=True)
    spec = export(state, trainer.config, {**_FACTS, "metrics": {"a": 1}}, tmp_path)
    assert (spec.steps, spec.batch_pairs, spec.loss) == (60, 96, "hardest-in-batch triplet, margin 1")
    describer = make_describer(
        FeatureConfig(descriptor="ltformer", weights=str(tmp_path / "tiny.safetensors"), device="cpu")
    )
    assert describer.spec == spec
    image = tiles[0].nir.numpy()
    keypoints = detect_keypoints(image, np.ones(image.shape, bool), 40)
    mine = trainer.describe(image, keypoints, keypoints.angle_deg)
    shipped = describer.describe(image, keypoints, keypoints.angle_deg, NullProgress())
    np.testing.assert_allclose(shipped.values, mine.values, atol=1e-5)
    with pytest.raises(InputError, match="other settings"):
        export(state, _config(), _FACTS, tmp_path)


def test_resumed_training_is_the_uninterrupted_one(tiles, tmp_path):
    whole = Trainer(_config(), tiles)
    run(whole, [], tmp_path)
    first = Trainer(_config(), tiles)
    first.train_step()
    first.train_step()
    save_atomically(first.state(), tmp_path / "half.pt")
    second = Trainer(_config(), tiles)
    second.load_state(torch.load(tmp_path / "half.pt", weights_only=True))
    run(second, [], tmp_path)
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[name], value, atol=0, rtol=0, msg=name)


def test_chunks_and_threads_do_not_change_a_step(tiles):
    results = []
    for chunk, threads in ((64, 1), (8, 3)):
        trainer = Trainer(_config(chunk=chunk, threads=threads), tiles)
        trainer.train_step()
        results.append([each.grad.clone() for each in trainer.network.parameters()])
    for one, other in zip(*results):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-2)


def test_checkpoint_of_other_settings_is_refused(tiles):
    state = Trainer(_config(), tiles).state()
    with pytest.raises(InputError, match="other settings"):
        Trainer(_config(seed=1), tiles).load_state(state)


def test_collapse_is_noticed_and_said(tiles, tmp_path, monkeypatch):
    trainer = Trainer(_config(), tiles)
    constant = torch.ones(1, 128) / 128**0.5
    monkeypatch.setattr(trainer.network, "project", lambda features: constant + 0 * features)
    with pytest.raises(InputError, match=r"collapsed.*Mean cosine of unrelated places 1\.000"):
        run(trainer, [], tmp_path)


@pytest.mark.parametrize("name", ["hardest", "info_nce", "lt"])
def test_every_loss_makes_a_step(tiles, name):
    trainer = Trainer(_config(loss=LossConfig(name=name)), tiles)
    before = [each.detach().clone() for each in trainer.network.parameters()]
    signs = trainer.train_step()
    assert np.isfinite(signs["loss"])
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.network.parameters()))


def test_learning_rate_rises_then_falls_to_zero():
    factors = [learning_rate_factor(progress, 0.1) for progress in np.linspace(0, 1, 101)]
    assert factors[0] <= 1e-3
    assert factors[10] == pytest.approx(1)
    assert factors[-1] == pytest.approx(0, abs=1e-9)
    assert np.all(np.diff(factors[:11]) > 0)
    assert np.all(np.diff(factors[10:]) < 0)


def test_wall_time_ends_the_training(tiles, tmp_path):
    trainer = Trainer(_config(steps=1000, minutes=0.5 / 60), tiles)
    run(trainer, [], tmp_path)
    assert 0 < trainer.step < 1000
    assert trainer.seconds >= 0.5


def test_shipped_settings_are_readable_and_wrong_ones_are_named(tmp_path, request):
    configs = sorted((request.config.rootpath / "training" / "configs").glob("*.yaml"))
    assert configs
    for path in configs:
        assert read_config(path).descriptor_dim in (128, 256, 512)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("pairs: {rotation: 3}\n")
    with pytest.raises(InputError, match="rotation"):
        read_config(wrong)
    wrong.write_text("steps: [\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_config(wrong)
    wrong.write_text("steps: 7\n")
    assert read_config(wrong, minutes=2).minutes == 2


def test_command_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("LTFORMER_DATA", raising=False)
    settings = tmp_path / "s.yaml"
    settings.write_text("steps: 1\n")
    done = CliRunner().invoke(train.main, [str(settings), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "LTFORMER_DATA" in done.output
