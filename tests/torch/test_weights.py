"""Weights: shipped ones load, everything doubtful is refused in one sentence."""

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load, save

from ltcore.errors import InputError, OutputError, WeightsError
from ltcore.ltformer import weights
from ltcore.ltformer.network import LTFormer, expected_shapes, parameters_and_mflop
from ltcore.ltformer.weights import list_weights, load_weights, save_weights, weights_folder

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
        parameters, mflop = parameters_and_mflop(spec.descriptor_dim, spec.sampling.patch_px)
        assert spec.parameters == parameters
        assert spec.mflop_per_patch == pytest.approx(mflop, abs=0.05)


def test_shipped_cards_tell_how_to_repeat_and_to_judge():
    for spec in list_weights():
        record = spec.training
        assert len(record.git_commit) == 40
        assert record.command.startswith("python -m training.train ")
        assert record.settings["seed"] == record.seed
        assert record.steps > 0
        assert record.seconds > 0
        assert record.device
        assert "test_upright" in spec.metrics
        assert spec.trained_on
        assert spec.limits


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
    [
        {"descriptor_dim": 100},
        {"surprise": 1},
        {"sha256": "x"},
        {"sampling": None},
        {"file": "../a.safetensors"},
        {"name": "../a"},
        {"orientation": "sideways"},
        {"training": {}},
        {"dual": True},  # of older cards
    ],
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


@pytest.mark.parametrize("side", [0, 16, 48, 100, 288])
def test_only_multiples_of_32_up_to_256_are_patch_sizes(copy, side):
    sampling = json.loads(copy.with_suffix(".json").read_text())["sampling"]
    _spoil_card(copy, sampling={**sampling, "patch_px": side})
    with pytest.raises(WeightsError, match=r"unusable.*sampling\.patch_px"):
        load_weights(str(copy))


FACTS = {
    "name": "mine",
    "sampling": {"patch_px": 64},
    "orientation": "sift",
    "trained_on": "a field",
    "licence": "CC-BY-4.0",
    "limits": "clouds",
}


def _random_tensors(width=128):
    state = LTFormer(width).state_dict()
    return {name: state[name] for name in expected_shapes(width)}


@pytest.mark.parametrize("width", [128, 256, 512])
def test_saved_weights_load_as_they_were(tmp_path, width):
    tensors = _random_tensors(width)
    saved = save_weights(tensors, width, FACTS, tmp_path / "new")
    spec, loaded = load_weights(str(tmp_path / "new" / "mine.safetensors"))
    assert spec == saved
    assert (spec.descriptor_dim, spec.sampling.patch_px, spec.orientation) == (width, 64, "sift")
    assert (spec.training, spec.metrics, spec.limits) == (None, {}, "clouds")
    assert (spec.parameters, round(spec.mflop_per_patch, 2)) == (
        parameters_and_mflop(width, 64)[0],
        round(parameters_and_mflop(width, 64)[1], 2),
    )
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"mine.safetensors", "mine.json"}


@pytest.mark.parametrize(
    ("fact", "value"), [("name", "a/b"), ("name", ""), ("sampling", {"patch_px": 48}), ("colour", 1), ("licence", None)]
)
def test_wrong_facts_are_refused_and_nothing_is_written(tmp_path, fact, value):
    facts = {**FACTS, fact: value}
    with pytest.raises(InputError, match=fact if fact != "sampling" else "patch_px"):
        save_weights(_random_tensors(), 128, {k: v for k, v in facts.items() if v is not None}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_facts_cannot_contradict_the_tensors(tmp_path):
    spec = save_weights(_random_tensors(), 128, {**FACTS, "parameters": 5, "file": "other.safetensors"}, tmp_path)
    assert (spec.parameters, spec.file) == (770_112, "mine.safetensors")


def test_what_would_not_load_is_not_saved(tmp_path):
    broken = _random_tensors()
    broken["head.running_var"] = torch.full((128,), float("inf"))
    with pytest.raises(WeightsError, match="finite"):
        save_weights(broken, 128, FACTS, tmp_path)
    with pytest.raises(WeightsError, match="does not fit LTFormer d256"):
        save_weights(_random_tensors(), 256, FACTS, tmp_path)
    assert not list(tmp_path.iterdir())


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be written"):
        save_weights(_random_tensors(), 128, FACTS, tmp_path / "file")
