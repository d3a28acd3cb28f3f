"""Describers: LTFormer and RootSIFT from settings, devices, cancelling, memory."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from ltcore.config import FeatureConfig
from ltcore.errors import DeviceError
from ltcore.features.sift import describe_rootsift, detect_keypoints
from ltcore.ltformer import backends
from ltcore.ltformer.backends import TorchBackend, choose_device
from ltcore.ltformer.describe import LTFormerDescriber, make_describer
from ltcore.ltformer.weights import load_weights
from ltcore.progress import CancelledError, NullProgress
from ltcore.types import Keypoints


class _Recorder(NullProgress):
    def __init__(self, cancel_after=10**9):
        self.fractions, self.cancel_after = [], cancel_after

    def report(self, fraction, message=""):
        self.fractions.append(fraction)

    def is_cancelled(self):
        return len(self.fractions) >= self.cancel_after


@pytest.fixture(scope="module")
def image():
    noise = np.random.default_rng(0).normal(0, 1, (200, 200))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.float32)


@pytest.fixture(scope="module")
def keypoints(image):
    return detect_keypoints(image, np.ones(image.shape, bool), 150)


@pytest.fixture(scope="module")
def ltformer():
    return make_describer(FeatureConfig(descriptor="ltformer", device="cpu", backend="torch"))


def test_ltformer_describes_in_order(ltformer, image, keypoints):
    progress = _Recorder()
    described = ltformer.describe(image, keypoints, keypoints.angle_deg, progress)
    assert described.values.shape == (150, 128)
    np.testing.assert_allclose(np.linalg.norm(described.values, axis=1), 1, atol=1e-5)
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == 1.0
    backwards = ltformer.describe(image, keypoints.take(np.arange(150)[::-1]), keypoints.angle_deg[::-1], progress)
    np.testing.assert_allclose(backwards.values[::-1], described.values, atol=1e-5)


def test_turned_image_with_turned_angles_has_the_same_descriptors(ltformer, image, keypoints):
    described = ltformer.describe(image, keypoints, 0.0, NullProgress())
    clockwise = np.ascontiguousarray(np.rot90(image, -1))
    xy = np.column_stack([200 - keypoints.xy[:, 1], keypoints.xy[:, 0]])
    turned = Keypoints(xy, keypoints.size_px, keypoints.angle_deg, keypoints.response)
    again = ltformer.describe(clockwise, turned, 90.0, NullProgress())
    assert (described.values * again.values).sum(axis=1).min() > 0.99


def test_same_answer_twice(ltformer, image, keypoints):
    first, second = (ltformer.describe(image, keypoints, 0.0, NullProgress()).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_attributes_say_what_runs(ltformer):
    assert (ltformer.device, ltformer.backend) == ("cpu", "torch")
    assert "asked for" in ltformer.device_reason
    assert ltformer.backend_reason == "PyTorch, float32: asked for"
    assert ltformer.spec.descriptor_dim == 128
    rootsift = make_describer(FeatureConfig(descriptor="rootsift"))
    assert (rootsift.name, rootsift.device, rootsift.backend, rootsift.spec) == ("rootsift", "cpu", "opencv", None)


def test_rootsift_is_that_of_features(image, keypoints):
    described = make_describer(FeatureConfig(descriptor="rootsift")).describe(image, keypoints, 30.0, NullProgress())
    expected = describe_rootsift(image, keypoints, np.full(150, 30.0))
    np.testing.assert_array_equal(described.values, expected.values)


@pytest.mark.parametrize("name", ["ltformer", "rootsift"])
def test_no_keypoints_give_no_descriptors(image, keypoints, name):
    describer = make_describer(FeatureConfig(descriptor=name, device="cpu"))
    none = keypoints.take(np.zeros(0, np.intp))
    assert describer.describe(image, none, none.angle_deg, NullProgress()).values.shape == (0, 128)


@pytest.mark.parametrize("name", ["ltformer", "rootsift"])
def test_cancel_before_anything(image, keypoints, name):
    describer = make_describer(FeatureConfig(descriptor=name, device="cpu"))
    with pytest.raises(CancelledError):
        describer.describe(image, keypoints, 0.0, _Recorder(cancel_after=0))


def test_cancel_between_batches(ltformer, image, keypoints):
    progress = _Recorder(cancel_after=1)
    with pytest.raises(CancelledError):
        ltformer.describe(image, keypoints.take(np.arange(600) % 150), 0.0, progress)
    assert len(progress.fractions) == 1
    assert progress.fractions[0] < 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_asked_for_but_absent():
    with pytest.raises(DeviceError, match=r"'cuda' cannot be used.*CUDA.*'cpu'"):
        make_describer(FeatureConfig(descriptor="ltformer", device="cuda"))


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [("", "none", "cuda"), ("none", "", "mps"), ("no CUDA device found", "none", "cpu")]
)
def test_auto_prefers_cuda_then_mps_then_cpu(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(backends, "_why_no_cuda", lambda: cuda)
    monkeypatch.setattr(backends, "_why_no_mps", lambda: mps)
    monkeypatch.setattr(backends, "_device_name", lambda device: f"a {device}")
    device, reason = choose_device("auto")
    assert device.type == expected
    assert reason.endswith({"cuda": "found", "mps": "found", "cpu": "no CUDA device found"}[expected])


_CUDA_MESSAGE = "CUDA out of memory. Tried to allocate 2.00 GiB."
_MPS_MESSAGE = "MPS backend out of memory (MPS allocated: 9.05 GB)."
_CPU_MESSAGE = "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"


class _SmallMemory(TorchBackend):
    """A backend whose device holds at most `room` patches, and then fails as PyTorch does."""

    def __init__(self, room, error=None):
        spec, tensors = load_weights("ltformer-d128")
        super().__init__(tensors, spec.descriptor_dim, torch.device("cpu"))
        self.room, self.error, self.refused = room, error or torch.OutOfMemoryError(_CUDA_MESSAGE), []

    def _run(self, patches):
        if len(patches) > self.room:
            self.refused.append(len(patches))
            raise self.error
        return super()._run(patches)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError(_CUDA_MESSAGE), RuntimeError(_MPS_MESSAGE), RuntimeError(_CPU_MESSAGE)], ids=repr
)
def test_out_of_memory_halves_the_batch_for_good(error):
    patches = np.random.default_rng(0).uniform(0, 255, (70, 32, 32)).astype(np.float32)
    small, large = _SmallMemory(20, error), _SmallMemory(1000)
    np.testing.assert_allclose(small.describe(patches), large.describe(patches), atol=1e-5)
    assert small.batch == 16
    assert large.batch == 256


def test_out_of_memory_on_the_way_leaves_descriptors_in_order(ltformer, image, keypoints):
    small = LTFormerDescriber(ltformer.spec, _SmallMemory(50), "cpu", ("", ""))
    many = keypoints.take(np.arange(600) % 150)
    expected = ltformer.describe(image, many, 0.0, NullProgress()).values
    np.testing.assert_allclose(small.describe(image, many, 0.0, NullProgress()).values, expected, atol=1e-5)
    assert small._run.refused == [256, 128, 64]  # once each: later batches have the size that fits


def test_out_of_memory_at_the_smallest_batch_is_said():
    with pytest.raises(DeviceError, match="does not suffice for 16 patches"):
        _SmallMemory(3).describe(np.zeros((70, 32, 32), np.float32))


def test_other_failures_are_not_taken_for_lack_of_memory():
    with pytest.raises(RuntimeError, match="illegal memory access"):
        _SmallMemory(3, RuntimeError("CUDA error: an illegal memory access")).describe(np.zeros((70, 32, 32)))


def test_rootsift_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from ltcore.config import FeatureConfig; from ltcore.errors import DeviceError\n"
        "from ltcore.ltformer.describe import make_describer; from ltcore.ltformer.weights import list_weights\n"
        "assert make_describer(FeatureConfig(descriptor='rootsift')).name == 'rootsift' and list_weights()\n"
        "try: make_describer(FeatureConfig(descriptor='ltformer'))\n"
        "except DeviceError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "PyTorch is not installed" in done.stdout
    assert "rootsift" in done.stdout


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_cuda_gives_the_descriptors_of_the_cpu(ltformer, image, keypoints):
    on_gpu = make_describer(FeatureConfig(descriptor="ltformer", device="cuda"))
    values = [each.describe(image, keypoints, 0.0, NullProgress()).values for each in (ltformer, on_gpu)]
    np.testing.assert_allclose(values[1], values[0], atol=1e-4)
