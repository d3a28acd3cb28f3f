"""Weights: shipped ones load, everything doubtful is refused in one sentence."""

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load, save

from ltcore.errors import WeightsError
from ltcore.ltformer import weights
from ltcore.ltformer.weights import list_weights, load_weights, weights_folder

SHIPPED = "ltformer-d128"


@pytest.fixture
def copy(tmp_path):
    """A copy of the shipped weights that tests may spoil."""
    for suffix in (".safetensors", ".json"):
        shutil.copy(weights_folder() / f"{SHIPPED}{suffix}", tmp_path)
    return tmp_path / f"{SHIPPED}.safetensors"


def _spoil_card(path, **fields):
    card = path.with_suffix(".json")
    values = {**json.loads(card.read_text()), **fields}
    card.write_text(json.dumps({name: value for name, value in values.items() if value is not None}))


def _replace(path, tensors):
    path.write_bytes(save(tensors))
    _spoil_card(path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_shipped_weights_load_by_name_and_by_path(copy):
    by_name, tensors = load_weights(SHIPPED)
    by_path, _ = load_weights(str(copy))
    assert by_name == by_path
    assert sum(each.numel() for each in tensors.values()) > 770_000


def test_every_shipped_card_is_listed_and_loads():
    specs = list_weights()
    assert SHIPPED in [spec.name for spec in specs]
    for spec in specs:
        loaded, _ = load_weights(spec.name)
        assert loaded == spec
        assert spec.file == f"{spec.name}.safetensors"
        assert spec.licence == "GPL-2.0-or-later"


def test_unreadable_card_is_not_listed(copy):
    (copy.parent / "other.json").write_text("{}")
    assert [spec.name for spec in list_weights(copy.parent)] == [SHIPPED]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no-such", "no weights 'no-such'.*ltformer-d128"),
        ("gone.safetensors", "does not exist"),
        ("../x", "no weights"),
    ],
)
def test_unknown_weights_are_named(name, words):
    with pytest.raises(WeightsError, match=words):
        load_weights(name)


def test_missing_card(copy):
    copy.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match="no card"):
        load_weights(str(copy))


def test_one_changed_byte(copy):
    content = bytearray(copy.read_bytes())
    content[-5] ^= 1
    copy.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged or do not belong"):
        load_weights(str(copy))


@pytest.mark.parametrize(
    "fields",
    [{"descriptor_dim": 100}, {"surprise": 1}, {"sha256": "x"}, {"sampling": None}, {"file": "../a.safetensors"}],
)
def test_unusable_card(copy, fields):
    _spoil_card(copy, **fields)
    with pytest.raises(WeightsError, match=f"unusable.*{next(iter(fields))}"):
        load_weights(str(copy))


def test_another_contrast_stretch_is_refused(copy):
    _spoil_card(copy, radiometry_percentiles=[2.0, 98.0])
    with pytest.raises(WeightsError, match="another contrast stretch"):
        load_weights(str(copy))


def test_wrong_shape_missing_and_unknown_tensors(copy):
    good = load(copy.read_bytes())
    name = "stages.0.embed.conv.weight"
    for tensors in (
        {**good, name: torch.zeros(16, 1, 5, 5)},
        {key: value for key, value in good.items() if key != name},
        {**good, "extra": torch.zeros(1)},
    ):
        _replace(copy, tensors)
        with pytest.raises(WeightsError, match="does not fit LTFormer d128"):
            load_weights(str(copy))


def test_numbers_that_are_not_finite(copy):
    tensors = load(copy.read_bytes())
    tensors["head.running_mean"][0] = float("nan")
    _replace(copy, tensors)
    with pytest.raises(WeightsError, match="finite"):
        load_weights(str(copy))


def test_pickle_in_disguise_is_not_read(copy):
    torch.save(load(copy.read_bytes()), copy)
    _spoil_card(copy, sha256=hashlib.sha256(copy.read_bytes()).hexdigest())
    with pytest.raises(WeightsError, match="not a safetensors file"):
        load_weights(str(copy))


def test_too_large_file(copy, monkeypatch):
    monkeypatch.setattr(weights, "_MAX_BYTES", 1000)
    with pytest.raises(WeightsError, match="limit is 1000"):
        load_weights(str(copy))
