"""Import of the authors' checkpoints: the same descriptors afterwards."""

import collections
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from ltcore.cli import cli
from ltcore.config import FeatureConfig
from ltcore.errors import InputError
from ltcore.features.patches import sample_patches
from ltcore.features.sift import detect_keypoints
from ltcore.ltformer.describe import make_describer
from ltcore.ltformer.network import LTFormer, expected_shapes
from ltcore.ltformer.upstream import PUBLISHED_SAMPLING, import_upstream, read_upstream, upstream_name
from ltcore.ltformer.weights import load_weights
from ltcore.progress import NullProgress
from tests.data.make_rasters import texture
from tests.torch.upstream_checkpoints import FIRST, headless, new_network, upstream_state


def _with_versions(state):
    """The state with what Module.state_dict() hangs on it."""
    versions = collections.OrderedDict({"": {"version": 1}, "patch_embed1": {"version": 1}})
    state._metadata = versions
    return state


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
    network = new_network(width, seed=width)
    spec = import_upstream(saved(upstream_state(network)), {"name": "theirs"}, tmp_path / "out")
    assert spec.descriptor_dim == width
    _, tensors = load_weights(str(tmp_path / "out" / "theirs.safetensors"))
    imported = LTFormer(width).eval()
    imported.load_state_dict(tensors, strict=False)
    patches = 255 * torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(imported(patches), headless(network, patches), atol=1e-6, rtol=1e-5)


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
    expected = headless(new_network(), patches).numpy()
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
