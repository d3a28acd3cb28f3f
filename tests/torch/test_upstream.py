"""Import of the authors' checkpoints: the same descriptors afterwards, one sentence for everything that is none."""

import collections
import io
import json
import os
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltcore.cli import cli
from ltcore.config import FeatureConfig
from ltcore.errors import InputError, WeightsError
from ltcore.features.patches import sample_patches
from ltcore.features.sift import detect_keypoints
from ltcore.ltformer import upstream
from ltcore.ltformer.describe import make_describer
from ltcore.ltformer.network import LTFormer, expected_shapes
from ltcore.ltformer.upstream import PUBLISHED_SAMPLING, import_upstream, read_upstream, upstream_name
from ltcore.ltformer.weights import load_weights
from ltcore.progress import NullProgress
from tests.data.make_rasters import texture

FIRST = "patch_embed1.proj.weight"


def _network(width=128, seed=0):
    """A network without a head: its descriptors are the normalised means of the last tokens."""
    torch.manual_seed(seed)
    return LTFormer(width).eval()


def _headless(network, patches):
    with torch.no_grad():
        return torch.nn.functional.normalize(network.features(patches), dim=1)


def _upstream_state(network):
    """The network's weights under the authors' names."""
    state = network.state_dict()
    names = [name for name in expected_shapes(network.head.num_features) if name.startswith("stages.")]
    return collections.OrderedDict((upstream_name(name), state[name].clone()) for name in names)


def _with_versions(state):
    """The state with what Module.state_dict() hangs on it."""
    versions = collections.OrderedDict({"": {"version": 1}, "patch_embed1": {"version": 1}})
    state._metadata = versions
    return state


@pytest.fixture
def state():
    return _upstream_state(_network())


@pytest.fixture
def saved(tmp_path):
    def save(content, **how):
        path = tmp_path / "theirs.pth"
        torch.save(content, path, **how)
        return path

    return save


def test_names_are_those_of_the_authors(state):
    assert len(state) == 176
    assert {name.split(".")[0].rstrip("1234") for name in state} == {"patch_embed", "block", "norm"}
    tail = ["weight", "bias"]
    mlp = [f"mlp.{layer}.{end}" for layer in ("fc1", "dwconv.dwconv", "fc2") for end in tail]
    reduced = [f"attn.{layer}.{end}" for layer in ("sr", "norm") for end in tail]
    block = [f"{layer}.{end}" for layer in ("norm1", "norm2", "attn.q", "attn.kv", "attn.proj") for end in tail]
    assert {n[len("block2.1.") :] for n in state if n.startswith("block2.1.")} == {*block, *reduced, *mlp}
    assert {n[len("block4.0.") :] for n in state if n.startswith("block4.0.")} == {*block, *mlp}
    assert {n for n in state if n.startswith(("patch_embed3", "norm3"))} == {
        f"{n}.{end}" for n in ("patch_embed3.proj", "patch_embed3.norm", "norm3") for end in tail
    }
    with pytest.raises(ValueError, match="not in a stage"):
        upstream_name("head.running_mean")


@pytest.mark.parametrize("width", [128, 256, 512])
def test_descriptors_are_those_of_the_network_it_came_from(tmp_path, saved, width):
    network = _network(width, seed=width)
    spec = import_upstream(saved(_upstream_state(network)), {"name": "theirs"}, tmp_path / "out")
    assert spec.descriptor_dim == width
    _, tensors = load_weights(str(tmp_path / "out" / "theirs.safetensors"))
    imported = LTFormer(width).eval()
    imported.load_state_dict(tensors, strict=False)
    patches = 255 * torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(imported(patches), _headless(network, patches), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 50, "optimizer": {"lr": 1e-3, "momentum": [torch.ones(3)]}},
        lambda state: {"model": state},
        lambda state: {"model_state_dict": state, "loss": 0.1},
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {"state_dict": {f"module.{name}": value for name, value in state.items()}},
        lambda state: {name: torch.nn.Parameter(value) for name, value in state.items()},
        _with_versions,
        lambda state: {name: value.double() for name, value in state.items()},
    ],
)
def test_wrapped_and_prefixed_states_are_the_same(saved, state, wrap):
    plain, _ = read_upstream(saved(state))
    wrapped, _ = read_upstream(saved(wrap(state)))
    assert plain.keys() == wrapped.keys() == expected_shapes(128).keys()
    assert all(torch.equal(plain[name], wrapped[name]) for name in plain)


def test_half_precision_is_read_as_float32(saved, state):
    tensors, _ = read_upstream(saved({name: value.half() for name, value in state.items()}))
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}
    torch.testing.assert_close(tensors["stages.0.embed.conv.weight"], state[FIRST], atol=1e-3, rtol=1e-3)


def test_the_command_imports_and_the_weights_describe(tmp_path, saved, state):
    out = tmp_path / "out"
    args = ["weights", "import", str(saved(state)), "--name", "theirs", "--out", str(out), "--trained-on", "GF-1 tiles"]
    done = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert done.exit_code == 0
    assert str(out / "theirs.safetensors") in done.output
    describer = make_describer(FeatureConfig(weights=str(out / "theirs.safetensors"), device="cpu", backend="torch"))
    spec = describer.spec
    assert (spec.trained_on, spec.licence) == ("GF-1 tiles", "unknown: the user's own copy")
    assert (spec.orientation, spec.training, spec.sampling) == ("upright", None, PUBLISHED_SAMPLING)
    assert "not measured" in spec.limits
    assert describer.orientation == "upright"
    image = (255 * texture(400, 400)).astype(np.float32)
    keypoints = detect_keypoints(image, np.ones(image.shape, bool), 10)
    patches = torch.from_numpy(sample_patches(image, keypoints, np.zeros(10), PUBLISHED_SAMPLING))
    expected = _headless(_network(), patches).numpy()
    described = describer.describe(image, keypoints, 0.0, NullProgress())
    np.testing.assert_allclose(described.values, expected, atol=1e-5)


def test_published_windows_span_256_px_whatever_the_keypoint():
    assert PUBLISHED_SAMPLING.patch_px == 128
    np.testing.assert_array_equal(PUBLISHED_SAMPLING.half_width_px([0.5, 20, 400]), [128, 128, 128])


def test_the_command_takes_another_sampling(tmp_path, saved, state):
    args = ["weights", "import", str(saved(state)), "--name", "theirs", "--out", str(tmp_path)]
    more = ["--patch-px", "64", "--support-factor", "8", "--half-width", "16", "64", "--foveation", "0.5"]
    assert CliRunner().invoke(cli, [*args, *more, "--orientation", "sift_dual"]).exit_code == 0
    spec, _ = load_weights(str(tmp_path / "theirs.safetensors"))
    assert (spec.sampling.patch_px, spec.sampling.support_factor, spec.sampling.foveation) == (64, 8, 0.5)
    np.testing.assert_array_equal(spec.sampling.half_width_px([0.1, 4, 100]), [16, 32, 64])
    assert spec.orientation == "sift_dual"
    assert spec.mflop_per_patch == pytest.approx(20.57)
    again = CliRunner().invoke(cli, args)
    assert isinstance(again.exception, InputError)
    assert "exists already" in str(again.exception)
    assert CliRunner().invoke(cli, [*args, "--overwrite"]).exit_code == 0
    assert load_weights(str(tmp_path / "theirs.safetensors"))[0].sampling == PUBLISHED_SAMPLING


@pytest.mark.parametrize(
    ("option", "value", "words"), [("--patch-px", "48", "patch_px"), ("--foveation", "2", "foveation")]
)
def test_the_command_refuses_a_sampling_that_cannot_be(tmp_path, saved, state, option, value, words):
    args = ["weights", "import", str(saved(state)), "--name", "theirs", "--out", str(tmp_path / "out"), option, value]
    done = CliRunner().invoke(cli, args)
    assert isinstance(done.exception, InputError)
    assert words in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_the_list_names_shipped_and_imported_weights(tmp_path, saved, state):
    import_upstream(saved(state), {"name": "theirs"}, tmp_path)
    shipped = CliRunner().invoke(cli, ["weights", "list"])
    assert "ltformer-d128" in shipped.output
    assert "GPL-2.0-or-later" in shipped.output
    mine = CliRunner().invoke(cli, ["weights", "list", "--folder", str(tmp_path), "--json"])
    assert [card["name"] for card in json.loads(mine.output)] == ["theirs"]
    empty = CliRunner().invoke(cli, ["weights", "list", "--folder", str(tmp_path / "none")])
    assert "No weights" in empty.output


def test_a_failed_import_is_one_line_and_exit_code_2(tmp_path):
    command = [sys.executable, "-m", "ltcore", "weights", "import", "gone.pth", "--name", "a", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "Error: The checkpoint 'gone.pth' does not exist. Check the path.\n"


class _Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["alone", "in the state dict", "beside it"])
def test_code_is_refused_and_not_run(tmp_path, saved, state, where, zipped):
    trap = tmp_path / "ran"
    runs = _Runs(f"touch {trap}")
    content = {
        "alone": runs,
        "in the state dict": {**state, "extra": runs},
        "beside it": {"state_dict": state, "args": runs},
    }[where]
    path = saved(content, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match="cannot be read safely" if zipped else "is not a PyTorch checkpoint"):
        import_upstream(path, {"name": "theirs"}, tmp_path / "out")
    assert not trap.exists()
    assert not (tmp_path / "out").exists()
    torch.load(path, weights_only=False)  # the trap is a real one
    assert trap.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop(FIRST), f"The tensor '{FIRST}' is missing"),
        (lambda s: s.update({FIRST: torch.zeros(16, 3, 7, 7)}), r"has the shape \(16, 3, 7, 7\) instead of"),
        (lambda s: s.update({"head.weight": torch.zeros(2)}), "The tensor 'head.weight' is unknown"),
        (lambda s: s.update({"\x1b[31m" + 200 * "x": torch.zeros(2)}), r"The tensor '\\x1b\[31mx{75}' is unknown"),
        (lambda s: s[FIRST].fill_(float("nan")), "not finite"),
        (lambda s: s.update({FIRST: torch.full((16, 1, 7, 7), 1e300, dtype=torch.float64)}), "not finite"),
        (lambda s: s.update({FIRST: torch.zeros(16, 1, 7, 7, dtype=torch.int32)}), "type torch.int32"),
        (lambda s: s.update({FIRST: [1.0, 2.0]}), "is no plain tensor"),
        (lambda s: s.update({FIRST: torch.zeros(16, 1, 7, 7).to_sparse()}), "is no plain tensor"),
        (lambda s: s.pop("norm4.weight"), "'norm4.weight' is missing"),
        (lambda s: s.update({"norm4.weight": torch.zeros(96)}), r"'norm4.weight' has the shape \(96,\)"),
        (lambda s: s.update({"norm4.weight": torch.zeros(256)}), r"has the shape \(16, 1, 7, 7\) instead of \(32"),
        (lambda s: s.update({"norm4.weight": "128"}), r"'norm4.weight' has the shape \(\)"),
    ],
)
def test_other_networks_are_refused_by_the_name_of_a_tensor(saved, state, change, words):
    change(state)
    with pytest.raises(WeightsError, match=f"'theirs.pth' is not a checkpoint of LTFormer.*{words}"):
        read_upstream(saved(state))


@pytest.mark.parametrize("content", [[], {}, 3, "text", torch.zeros(3), {1: torch.zeros(1)}, {"model": {}}])
def test_something_else_than_a_state_dict(saved, content):
    with pytest.raises(WeightsError, match=r"no state dict|not a checkpoint"):
        read_upstream(saved(content))


def test_a_huge_view_of_one_number_is_not_unfolded(saved, state):
    state["extra"] = torch.zeros(1).expand(2**40)
    with pytest.raises(WeightsError, match="'extra' is unknown"):
        read_upstream(saved(state))
    state[FIRST] = state.pop("extra")
    with pytest.raises(WeightsError, match=f"'{FIRST}' has the shape"):
        read_upstream(saved(state))


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        read_upstream(tmp_path / "theirs.pth")
    with pytest.raises(WeightsError, match="does not exist"):
        read_upstream(tmp_path)


def test_too_large_a_file(saved, state, monkeypatch):
    monkeypatch.setattr(upstream, "_MAX_BYTES", 1000)
    with pytest.raises(WeightsError, match="bytes, the limit is 1000"):
        read_upstream(saved(state))


def test_a_file_that_unpacks_to_too_much(tmp_path):
    path = tmp_path / "theirs.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("theirs/data/0", "w") as entry:
        for _ in range(300):
            entry.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    with pytest.raises(WeightsError, match=r"unpacks to 314572800 bytes, the limit is 268435456"):
        read_upstream(path)


@pytest.mark.parametrize("kept", [0, 1, 3, 10, 1000, -1000, -100, -1])
def test_truncated_files(saved, state, kept):
    path = saved(state)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"is not a PyTorch checkpoint|cannot be read safely"):
        read_upstream(path)


@pytest.fixture(scope="module")
def whole():
    """The bytes of a small file that is read, up to the state dict it does not hold."""
    buffer = io.BytesIO()
    torch.save({"norm4.weight": torch.ones(128), "epoch": 3}, buffer)
    return buffer.getvalue()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(0, 10**9), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4),
)
def test_any_damage_gives_one_sentence(tmp_path, whole, edits):
    damaged = bytearray(whole)
    for position, replacement in edits:
        start = position % len(damaged)
        damaged[start : start + len(replacement)] = replacement
    path = tmp_path / "damaged.pth"
    path.write_bytes(damaged)
    with pytest.raises(WeightsError) as caught:
        read_upstream(path)
    assert "\n" not in str(caught.value)


def test_sizes_that_lie_do_not_fill_the_memory(saved, state):
    path = saved({"state_dict": state})
    content = path.read_bytes()
    start = content.rindex(b"PK\x01\x02")  # last entry of the central directory: its unpacked size is at 24
    path.write_bytes(content[: start + 24] + struct.pack("<I", 2**32 - 2) + content[start + 28 :])
    with pytest.raises(WeightsError, match=r"unpacks to|not a PyTorch checkpoint"):
        read_upstream(path)
