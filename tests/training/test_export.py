"""Export: what a training ends with is what ltcore runs, and its card tells how to repeat it."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ltcore.config import FeatureConfig
from ltcore.errors import InputError
from ltcore.features.patches import PatchSampling
from ltcore.features.sift import detect_keypoints
from ltcore.ltformer.describe import make_describer
from ltcore.ltformer.network import LTFormer
from ltcore.ltformer.weights import load_onnx, load_weights, read_card
from ltcore.progress import NullProgress
from training import export as module
from training.config import OptimiserConfig, TrainConfig, fingerprint, read_config, write_config
from training.export import CardTexts, export, git_commit, loss_in_words, main, read_metrics, read_run
from training.losses import LossConfig
from training.onnx_model import main as onnx_command
from training.sampling import PairConfig
from training.trainer import Trainer

CONFIG = TrainConfig(
    seed=7,
    sampling=PatchSampling(patch_px=32),
    pairs=PairConfig(tiles=2, keypoints=16),
    optimiser=OptimiserConfig(ema=0.9),
    chunk=16,
    bfloat16=False,
    validation_tiles=0,
)
TEXTS = CardTexts("mine", "python -m training.train x.yaml", "0" * 40, "six synthetic tiles")


def _network(seed=0):
    torch.manual_seed(seed)
    network = LTFormer(128)
    network.head.running_mean.normal_()
    network.head.running_var.uniform_(0.5, 2)
    return network.eval()


def _state(network, config=CONFIG):
    return {
        "weights": network.state_dict(),
        "network": {},
        "step": 12,
        "seconds": 34.56,
        "device": "a device",
        "config": fingerprint(config),
    }


@pytest.fixture
def run(tmp_path):
    """The folder of a training."""
    folder = tmp_path / "run"
    folder.mkdir()
    write_config(CONFIG, folder / "config.yaml")
    torch.save(_state(_network()), folder / "best.pt")
    torch.save({**_state(_network(1)), "step": 20}, folder / "last.pt")
    return folder


def test_descriptors_are_those_of_the_trainers_network(tiles, tmp_path):
    trainer = Trainer(CONFIG, tiles)
    for _ in range(3):
        trainer.train_step()
    torch.save(trainer.state(), tmp_path / "best.pt")
    write_config(CONFIG, tmp_path / "config.yaml")
    spec = export(*read_run(tmp_path), TEXTS, tmp_path / "out")
    describer = make_describer(
        FeatureConfig(weights=str(tmp_path / "out" / "mine.safetensors"), device="cpu", backend="torch")
    )
    assert describer.spec == spec
    image = tiles[0].nir.numpy()
    keypoints = detect_keypoints(image, np.ones(image.shape, bool), 40)
    shipped = describer.describe(image, keypoints, keypoints.angle_deg, NullProgress()).values
    np.testing.assert_allclose(shipped, trainer.describe(image, keypoints, keypoints.angle_deg).values, atol=1e-5)
    trainer.averaged = trainer.network  # the average is exported, not the last step
    assert np.abs(shipped - trainer.describe(image, keypoints, keypoints.angle_deg).values).max() > 1e-3


def test_the_command_writes_weights_card_and_onnx(run, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    scores = tmp_path / "scores.json"
    scores.write_text('{"test_upright": {"correct": 123.4}}')
    out = tmp_path / "out"
    args = [str(run), "--name", "mine", "--out", str(out), "--metrics", str(scores), "--trained-on", "my fields"]
    done = CliRunner().invoke(main, [*args, "--note", "a try", "--limits", "snow"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert {path.name for path in out.iterdir()} == {"mine.safetensors", "mine.json", "mine.onnx"}
    spec, tensors = load_weights(str(out / "mine.safetensors"))
    record = spec.training
    assert (record.steps, record.seconds, record.device, record.seed) == (12, 34.6, "a device", 7)
    assert (record.batch_pairs, record.loss) == (32, "hardest-in-batch triplet (HardNet)")
    assert (record.git_commit, record.command) == (
        git_commit(),
        f"python -m training.train {run}/config.yaml --data INDEX --out {run}",
    )
    assert (spec.trained_on, spec.note, spec.limits, spec.licence) == ("my fields", "a try", "snow", "GPL-2.0-or-later")
    assert spec.metrics == {"test_upright": {"correct": 123.4}}
    assert (spec.orientation, spec.parameters, spec.mflop_per_patch) == ("sift_dual", 770_112, 5.1)
    network = _network()
    assert torch.equal(tensors["head.running_var"], network.head.running_var)
    patches = 255 * torch.rand(5, 32, 32, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(str(out / "mine.onnx"), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        np.testing.assert_allclose(session.run(None, {"patches": patches.numpy()})[0], network(patches), atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map == {"name": "mine", "weights_sha256": spec.sha256}
    assert load_onnx(str(out / "mine.safetensors"), spec) == (out / "mine.onnx").read_bytes()


def test_weights_get_their_onnx_later(run, tmp_path):
    pytest.importorskip("onnxscript")
    spec = export(*read_run(run), TEXTS, tmp_path)
    assert spec.onnx_sha256 is None
    weights = str(tmp_path / "mine.safetensors")
    done = CliRunner().invoke(onnx_command, [weights], catch_exceptions=False)
    assert done.output.splitlines()[-1] == str(tmp_path / "mine.onnx")
    found, _ = load_weights(weights)
    assert dataclasses.replace(found, onnx_sha256=None) == spec
    assert load_onnx(weights, found) == (tmp_path / "mine.onnx").read_bytes()
    refused = CliRunner().invoke(onnx_command, [str(tmp_path / "gone.safetensors")])
    assert refused.exit_code == 1
    assert "does not exist" in refused.output


def test_the_card_holds_the_settings_that_repeat_the_training(run, tmp_path):
    spec = export(*read_run(run), TEXTS, tmp_path)
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(spec.training.settings))  # JSON is YAML
    assert read_config(again) == CONFIG
    assert read_card(tmp_path / "mine.json") == spec


def test_the_checkpoint_may_be_chosen(run, tmp_path):
    args = [str(run), "--name", "mine", "--out", str(tmp_path), "--no-onnx", "--commit", "abc", "--command", "make it"]
    assert CliRunner().invoke(main, [*args, "--checkpoint", "last.pt"]).exit_code == 0
    spec, tensors = load_weights(str(tmp_path / "mine.safetensors"))
    assert torch.equal(tensors["head.running_var"], _network(1).head.running_var)
    assert (spec.training.steps, spec.training.git_commit, spec.training.command) == (20, "abc", "make it")
    assert not (tmp_path / "mine.onnx").exists()


@pytest.mark.parametrize("architecture", ["hardnet", "hynet", "sosnet"])
def test_comparators_do_not_become_product_weights(tmp_path, architecture):
    config = dataclasses.replace(CONFIG, architecture=architecture)
    with pytest.raises(InputError, match=f"'{architecture}' cannot be exported"):
        export(config, _state(_network(), config), TEXTS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class _Runs:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda run: (run / "best.pt").unlink(), r"best\.pt' does not exist.*--checkpoint"),
        (lambda run: (run / "config.yaml").unlink(), "settings .* cannot be read"),
        (lambda run: write_config(dataclasses.replace(CONFIG, seed=8), run / "config.yaml"), "other settings"),
        (lambda run: (run / "best.pt").write_bytes(b"x" * 100), "damaged or not a checkpoint"),
        (lambda run: torch.save({"weights": {}}, run / "best.pt"), "lacks 'config'"),
        (lambda run: torch.save([1], run / "best.pt"), "damaged or not a checkpoint"),
        (lambda run: torch.save({**_state(_network()), "weights": {}}, run / "best.pt"), "does not fit LTFormer d128"),
        (lambda run: torch.save(_Runs(f"touch {run}/ran"), run / "best.pt"), "damaged or not a checkpoint"),
        (lambda run: (run / "scores.json").write_text('{"a": NaN}'), "NaN is no measured number"),
        (lambda run: (run / "scores.json").write_text("[]"), "no JSON object"),
        (lambda run: (run / "scores.json").write_text("{"), "metrics .* cannot be read"),
    ],
)
def test_the_command_says_in_one_sentence_what_is_wrong(run, tmp_path, spoil, words):
    (run / "scores.json").write_text("{}")
    spoil(run)
    args = [str(run), "--name", "mine", "--out", str(tmp_path / "out"), "--metrics", str(run / "scores.json")]
    done = CliRunner().invoke(main, args)
    assert done.exit_code == 1
    assert not (run / "ran").exists()
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match=words):
        export(*read_run(run), dataclasses.replace(TEXTS, metrics=read_metrics(run / "scores.json")), tmp_path / "out")


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (LossConfig(name="hardest", margin=0.8), "hardest-in-batch triplet (HardNet), margin 0.8"),
        (LossConfig(name="info_nce"), "InfoNCE"),
        (
            LossConfig(name="lt", negatives="hardest", margin_floor=0.5),
            "LT loss (LTFormer's adaptive margin), negatives hardest, margin_floor 0.5",
        ),
    ],
)
def test_losses_in_words(loss, words):
    assert loss_in_words(loss) == words


@pytest.mark.parametrize("name", ["hardest", "info_nce", "lt", "hynet", "sosnet"])
def test_every_loss_has_words(name):
    assert loss_in_words(LossConfig(name=name))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_says_if_files_differ_from_it(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_REPOSITORY", tmp_path)
    assert git_commit() == "unknown"
    for args in ("init -q", "-c user.name=a -c user.email=a@b commit -q --allow-empty -m one"):
        os.system(f"git -C {tmp_path} {args}")
    clean = git_commit()
    assert len(clean) == 40
    (tmp_path / "file").write_text("one")
    os.system(f"git -C {tmp_path} add file")
    assert git_commit() == f"{clean}-dirty"
