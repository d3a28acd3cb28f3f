"""The training command and its files: log, checkpoints, early stop, collapse, resuming."""

import json

import pytest
import torch
import yaml
from click.testing import CliRunner
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ltcore.errors import InputError
from training import train
from training.config import read_config
from training.pack import save_tiles
from training.train import Journal, run
from training.trainer import Trainer
from training.validation import Validation

from .settings import quick_config

_SETTINGS = {
    "sampling": {"patch_px": 32},
    "pairs": {"tiles": 2, "keypoints": 8},
    "steps": 4,
    "bfloat16": False,
    "chunk": 16,
    "log_steps": 2,
    "validate_steps": 2,
    "validation_tiles": 1,
}


class FixedScores(Validation):
    """Scores that follow a script instead of the network."""

    def __init__(self, scores):
        self._scores = iter(scores)

    def scores(self, describe):
        return {"correct": next(self._scores)}


@pytest.fixture(scope="module")
def packed(tiles, unseen_tiles, tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "tiles.safetensors"
    save_tiles({"train": tiles, "val": unseen_tiles}, path)
    return path


def _command(folder, packed, *options, **settings):
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump({**_SETTINGS, **settings}))
    arguments = [str(path), "--data", str(packed), "--out", str(folder / "run"), "--device", "cpu", *options]
    return CliRunner().invoke(train.main, arguments)


def _rows(folder):
    return [json.loads(line) for line in (folder / "run" / "log.jsonl").read_text().splitlines()]


def test_the_command_leaves_log_settings_checkpoints_and_events(tmp_path, packed):
    done = _command(tmp_path, packed, "--set", "optimiser.learning_rate=1e-3")
    assert done.exit_code == 0, done.output
    rows = _rows(tmp_path)
    assert [row["step"] for row in rows] == [1, 3]
    assert all(row["val_correct"] >= 0 for row in rows)
    assert rows[1]["steps_per_s"] > 0
    pairs = read_config(tmp_path / "run" / "config.yaml").pairs
    assert rows[1]["patches_per_s"] == pytest.approx(2 * pairs.tiles * pairs.keypoints * rows[1]["steps_per_s"])
    used = read_config(tmp_path / "run" / "config.yaml")
    assert used.optimiser.learning_rate == 1e-3
    best = torch.load(tmp_path / "run" / "best.pt", weights_only=True)
    assert best["best"] == pytest.approx(max(row["val_correct"] for row in rows), abs=1e-4)
    assert not list((tmp_path / "run").glob("*.partial"))
    events = EventAccumulator(str(tmp_path / "run"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 3]


def test_a_resumed_command_ends_as_the_uninterrupted_one(tmp_path, packed):
    whole, half = tmp_path / "whole", tmp_path / "half"
    for folder in (whole, half):
        folder.mkdir()
    assert _command(whole, packed, checkpoint_steps=2).exit_code == 0
    (half / "run").mkdir()
    trainer = Trainer(read_config(whole / "settings.yaml"), train.read_split(packed, "train", 1))
    trainer.train_step()
    torch.save(trainer.state(), half / "run" / "last.pt")
    done = _command(half, packed, "--resume", checkpoint_steps=2)
    assert done.exit_code == 0, done.output
    ends = [torch.load(folder / "run" / "last.pt", weights_only=True)["weights"] for folder in (whole, half)]
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value, atol=0, rtol=0)


def test_best_checkpoint_is_the_one_that_found_most(tiles, tmp_path):
    trainer = Trainer(quick_config(validate_steps=1), tiles)
    run(trainer, FixedScores([3.0, 9.0, 8.0, 8.5]), Journal(tmp_path))
    assert torch.load(tmp_path / "best.pt", weights_only=True)["step"] == 2
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 4


def test_nothing_better_for_long_enough_ends_the_training(tiles, tmp_path):
    trainer = Trainer(quick_config(steps=50, validate_steps=1, patience=3), tiles)
    run(trainer, FixedScores([5.0, 6.0, 1.0, 2.0, 3.0, 99.0]), Journal(tmp_path))
    assert trainer.step == 5


def test_without_validation_the_best_is_the_last(tiles, tmp_path):
    run(Trainer(quick_config(validate_steps=2), tiles), None, Journal(tmp_path))
    assert torch.load(tmp_path / "best.pt", weights_only=True)["step"] == 4


def test_collapse_is_noticed_and_said(tiles, monkeypatch):
    trainer = Trainer(quick_config(), tiles)
    monkeypatch.setattr(trainer.network.head, "forward", lambda features: torch.ones_like(features) + 0 * features)
    with pytest.raises(InputError, match=r"collapsed.*Mean cosine of unrelated places 1\.000"):
        run(trainer, None, None)


def test_the_command_says_what_is_missing(tmp_path, monkeypatch, packed):
    monkeypatch.delenv("LTFORMER_DATA", raising=False)
    settings = tmp_path / "s.yaml"
    settings.write_text("steps: 1\n")
    done = CliRunner().invoke(train.main, [str(settings), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "LTFORMER_DATA" in done.output
    done = _command(tmp_path, packed, "--set", "pairs.rotation=3")
    assert done.exit_code == 1
    assert "rotation" in done.output
    done = _command(tmp_path, packed, "--resume")
    assert done.exit_code == 1
    assert "last.pt" in done.output
