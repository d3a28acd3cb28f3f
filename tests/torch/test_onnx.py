"""The network outside eager PyTorch: as ONNX and as an exported program it gives the same descriptors."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ltcore.errors import InputError
from ltcore.ltformer.network import LTFormer
from ltcore.ltformer.weights import load_weights
from training.onnx_model import INPUT, OUTPUT, onnx_model

onnxruntime = pytest.importorskip("onnxruntime")
ROOT = Path(__file__).parents[2]


def _network(width):
    """The shipped network, or a random one whose head has statistics, as after a training."""
    if width == 128:
        network = LTFormer(128)
        network.load_state_dict(load_weights("ltformer-d128")[1], strict=False)
        return network.eval()
    torch.manual_seed(width)
    network = LTFormer(width)
    network.head.running_mean.normal_()
    network.head.running_var.uniform_(0.5, 2)
    return network.eval()


def _patches(count, side):
    """Smooth patches, sharp ones, and a flat one."""
    random = torch.Generator().manual_seed(count)
    rough = torch.rand(count, side, side, generator=random)
    smooth = torch.nn.functional.avg_pool2d(rough[:, None], 5, 1, 2)[:, 0]
    patches = 255 * torch.where(torch.arange(count)[:, None, None] % 2 == 0, rough, smooth)
    patches[-1] = 90.0
    return patches


@pytest.fixture(scope="module", params=[(128, 32), (256, 64)], ids=str)
def exported(request):
    width, side = request.param
    network = _network(width).train()  # as a trainer holds it; inference must come out all the same
    content = onnx_model(network, side, {"name": "a test"})
    return network, side, content


def _session(content):
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def test_onnx_gives_the_descriptors_of_torch_for_any_number_of_patches(exported):
    network, side, content = exported
    session = _session(content)
    for count in (1, 2, 7, 33):
        patches = _patches(count, side)
        with torch.no_grad():
            expected = network(patches).numpy()
        (described,) = session.run([OUTPUT], {INPUT: patches.numpy()})
        assert described.shape == expected.shape
        assert described.dtype == np.float32
        assert np.abs(described - expected).max() < 1e-4
        assert (described * expected).sum(axis=1).min() > 0.9999


def test_onnx_says_what_it_takes_and_holds_no_paths(exported):
    network, side, content = exported
    session = _session(content)
    (patches,), (descriptors,) = session.get_inputs(), session.get_outputs()
    assert (patches.name, patches.shape[1:], patches.type) == ("patches", [side, side], "tensor(float)")
    assert (descriptors.name, descriptors.shape[1:]) == ("descriptors", [network.head.num_features])
    assert isinstance(patches.shape[0], str)
    assert session.get_modelmeta().custom_metadata_map == {"name": "a test"}
    assert str(ROOT).encode() not in content
    assert b"network.py" not in content
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument):
        session.run(None, {INPUT: np.zeros((1, side + 32, side + 32), np.float32)})


def test_the_same_weights_give_the_same_bytes(exported):
    network, side, content = exported
    assert onnx_model(network, side, {"name": "a test"}) == content


def test_without_onnx_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"cannot be written.*onnxscript.*--no-onnx"):
        onnx_model(_network(128), 32, {})


def test_exported_program_gives_the_same_descriptors(tmp_path):
    network, side = _network(128), 64
    shapes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(network, (torch.zeros(2, side, side),), dynamic_shapes=shapes)
    torch.export.save(program, tmp_path / "network.pt2")
    loaded = torch.export.load(tmp_path / "network.pt2").module()
    for count in (2, 9):
        patches = _patches(count, side)
        with torch.no_grad():
            torch.testing.assert_close(loaded(patches), network(patches), atol=1e-6, rtol=1e-5)


def test_nothing_is_exported_by_torchscript():
    source = importlib.util.find_spec("training.onnx_model").origin
    text = "".join(path.read_text() for path in [Path(source), *(ROOT / "ltcore").rglob("*.py")])
    assert "torch.jit" not in text
    assert "dynamo=True" in text
