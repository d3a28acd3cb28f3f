"""The network in OpenVINO: the descriptors of PyTorch, whatever the threads; chosen where it works, or said why not."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch

from ltcore.config import FeatureConfig
from ltcore.errors import DeviceError
from ltcore.ltformer import backends
from ltcore.ltformer.backends import TorchBackend
from ltcore.ltformer.cpu_backend import OpenVinoBackend, has_bfloat16, why_no_openvino
from ltcore.ltformer.describe import make_describer
from ltcore.ltformer.network import LTFormer
from ltcore.ltformer.weights import load_weights

pytestmark = pytest.mark.skipif(bool(why_no_openvino()), reason=why_no_openvino())
bfloat16 = pytest.mark.skipif(not has_bfloat16(), reason="this CPU has no bfloat16")


def _tensors(width):
    """The shipped weights, or random ones that stand for trained ones: nothing is zero or one."""
    if width == 128:
        return load_weights("ltformer-d128")[1]
    torch.manual_seed(width)
    state = LTFormer(width).state_dict()
    return {
        name: (value.abs() if name.endswith("_var") else value) + 0.1 * torch.rand(value.shape)
        for name, value in state.items()
        if value.is_floating_point()
    }


def _reference(width):
    return TorchBackend(_tensors(width), width, torch.device("cpu"))


def _patches(count, side):
    """Blurred noise of several grain sizes and contrasts, as windows of images are."""
    random = np.random.default_rng(side)
    patches = []
    for index in range(count):
        grain = cv2.GaussianBlur(random.normal(0, 1, (side, side)), (0, 0), 1 + index % 4)
        patches.append(128 + (3 + 20 * (index % 3)) * grain / grain.std())
    return np.asarray(patches, np.float32)


def _cosines(one, other):
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    return (one * other).sum(axis=1)


@pytest.mark.parametrize(("width", "side"), [(128, 64), (128, 32), (256, 64), (512, 96)])
def test_float32_gives_the_descriptors_of_torch(width, side):
    patches = _patches(20, side)
    described = OpenVinoBackend(_tensors(width), side, 1, mixed=False).describe(patches)
    np.testing.assert_allclose(described, _reference(width).describe(patches), atol=2e-5)


@bfloat16
def test_bfloat16_is_near_enough():
    patches = _patches(100, 64)
    described = OpenVinoBackend(_tensors(128), 64, 1, mixed=True).describe(patches)
    cosines = _cosines(described, _reference(128).describe(patches))
    assert cosines.min() > 0.9995
    assert cosines.mean() < 0.9999999, "nothing ran in bfloat16"


def test_a_patch_without_contrast_is_described():
    patches = np.full((2, 64, 64), 77, np.float32)
    described = OpenVinoBackend(_tensors(128), 64, 1, mixed=False).describe(patches)
    assert _cosines(described, _reference(128).describe(patches)).min() > 0.9999


@pytest.mark.parametrize("mixed", [False, pytest.param(True, marks=bfloat16)])
def test_threads_and_neighbours_change_nothing(mixed):
    tensors, patches = _tensors(128), _patches(75, 64)
    one, two = (OpenVinoBackend(tensors, 64, threads, mixed) for threads in (1, 2))
    described = one.describe(patches)
    np.testing.assert_array_equal(two.describe(patches), described)
    np.testing.assert_array_equal(two.describe(patches[:5]), described[:5])
    np.testing.assert_array_equal(two.describe(patches[::-1])[::-1], described)
    assert two.describe(patches[:0]).shape == (0, 128)


def test_callers_in_several_threads_get_their_own_descriptors():
    backend, patches = OpenVinoBackend(_tensors(128), 64, 2, mixed=False), _patches(150, 64)
    expected = backend.describe(patches)
    parts = [slice(start, start + 30 + start) for start in (0, 10, 20, 40, 60)] * 4
    with ThreadPoolExecutor(5) as pool:
        for part, described in zip(parts, pool.map(lambda part: backend.describe(patches[part]), parts)):
            np.testing.assert_array_equal(described, expected[part])


def test_auto_takes_openvino_and_says_why():
    chosen = make_describer(FeatureConfig(device="cpu"))
    assert chosen.backend == "openvino"
    kind = "float32 and bfloat16" if has_bfloat16() else "float32"
    assert chosen.backend_reason == f"OpenVINO, {kind}: the fastest on a CPU"
    asked = make_describer(FeatureConfig(device="cpu", backend="openvino"))
    assert asked.backend_reason.endswith("asked for")


class _Wrong(OpenVinoBackend):
    """OpenVINO on a CPU where it computes something else."""

    def describe(self, patches):
        return np.roll(super().describe(patches), 1, axis=1)


class _Broken(OpenVinoBackend):
    def __init__(self, *_):
        raise RuntimeError("Exception from src/inference:\n\ncould not create a primitive\n")


class _WrongInBfloat16(_Wrong):
    def describe(self, patches):
        return super().describe(patches) if "bfloat16" in self.label else OpenVinoBackend.describe(self, patches)


@pytest.mark.parametrize(
    ("kind", "reason"), [(_Wrong, r"are others here \(cosine"), (_Broken, r"failed \(could not create a primitive\)")]
)
def test_where_openvino_fails_or_errs_torch_runs_and_the_reason_is_said(monkeypatch, kind, reason):
    monkeypatch.setattr(backends, "OpenVinoBackend", kind)
    chosen = make_describer(FeatureConfig(device="cpu"))
    assert chosen.backend == "torch"
    with pytest.raises(DeviceError, match=rf"'openvino' cannot be used.*{reason}.*'torch'"):
        make_describer(FeatureConfig(device="cpu", backend="openvino"))


@bfloat16
def test_where_bfloat16_errs_float32_runs(monkeypatch):
    monkeypatch.setattr(backends, "OpenVinoBackend", _WrongInBfloat16)
    chosen = make_describer(FeatureConfig(device="cpu"))
    assert chosen.backend_reason == "OpenVINO, float32: the fastest on a CPU"


def test_on_another_device_torch_runs():
    spec, tensors = load_weights("ltformer-d128")
    chosen, reason = backends.choose_backend(FeatureConfig(), torch.device("meta"), spec, tensors)
    assert (chosen.name, reason) == ("torch", "PyTorch, float32: OpenVINO is used on CPUs only")


_CHOOSE = """
import sys
{before}
from ltcore.config import FeatureConfig
from ltcore.ltformer.describe import make_describer
print(make_describer(FeatureConfig(device="cpu")).backend_reason)
print(sorted(name for name, module in sys.modules.items() if "telemetry" in name and module and "openvino_" in name))
"""


def _fresh(before):
    code = [sys.executable, "-c", _CHOOSE.format(before=before)]
    return subprocess.run(code, capture_output=True, text=True, check=True).stdout.splitlines()


def test_without_openvino_torch_runs():
    reason, _ = _fresh("sys.modules['openvino'] = None")
    assert reason.startswith("PyTorch, float32: OpenVINO cannot be loaded")


def test_openvino_does_not_report_home():
    reason, loaded = _fresh("import socket; socket.socket.connect = None")
    assert reason.startswith("OpenVINO")
    assert loaded == "[]"
