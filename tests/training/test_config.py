"""Settings: shipped ones are readable, wrong ones are named, what was written is read again."""

import pytest

from ltcore.errors import InputError
from training.config import TrainConfig, fingerprint, read_config, write_config
from training.losses import LossConfig


def test_shipped_settings_are_readable(request):
    configs = sorted((request.config.rootpath / "training" / "configs").glob("*.yaml"))
    assert configs
    for path in configs:
        assert read_config(path).descriptor_dim in (128, 256, 512)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pairs: {rotation: 3}\n", "rotation"),
        ("steps: [\n", "cannot be read"),
        ("steps: 0\n", "steps"),
        ("loss: {name: lt, temperature: 0.1}\n", "temperature"),
        ("- 1\n", "settings"),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, words):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_config(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path / "absent.yaml")


def test_settings_may_be_changed_by_name(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("steps: 7\npairs: {tiles: 3}\n")
    config = read_config(path, ["minutes=2", "optimiser.learning_rate=1e-3", "pairs.keypoints=5"])
    assert (config.steps, config.minutes, config.optimiser.learning_rate) == (7, 2, 1e-3)
    assert (config.pairs.tiles, config.pairs.keypoints) == (3, 5)


@pytest.mark.parametrize("change", ["steps", "steps.more=1", "unknown=1", "optimiser.unknown=1"])
def test_changes_that_are_no_settings_are_refused(tmp_path, change):
    path = tmp_path / "s.yaml"
    path.write_text("steps: 7\n")
    with pytest.raises(InputError):
        read_config(path, [change])


def test_what_was_written_is_read_again(tmp_path):
    config = TrainConfig(seed=3, loss=LossConfig(name="lt", negatives="hardest"))
    write_config(config, tmp_path / "c.yaml")
    assert read_config(tmp_path / "c.yaml") == config
    assert fingerprint(read_config(tmp_path / "c.yaml")) == fingerprint(config)
    assert fingerprint(config) != fingerprint(TrainConfig(seed=4))
