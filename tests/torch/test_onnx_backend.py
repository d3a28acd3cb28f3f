"""The network in ONNX Runtime: the descriptors of PyTorch, whatever the threads; or said why not and what to do."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch

from ltcore.config import FeatureConfig
from ltcore.errors import DeviceError, WeightsError
from ltcore.ltformer import backends
from ltcore.ltformer.backends import TorchBackend, choose_backend
from ltcore.ltformer.describe import make_describer
from ltcore.ltformer.onnx_backend import OnnxBackend, why_no_onnx
from ltcore.ltformer.weights import load_onnx, load_weights, read_card, save_card, weights_folder

pytestmark = pytest.mark.skipif(bool(why_no_onnx()), reason=why_no_onnx())
SHIPPED = "ltformer-d128"
ASKED = FeatureConfig(device="cpu", backend="onnx")


@pytest.fixture(scope="module")
def shipped():
    return load_weights(SHIPPED)


@pytest.fixture
def copy(tmp_path):
    """A copy of the shipped weights that tests may spoil."""
    for suffix in (".safetensors", ".json", ".onnx"):
        shutil.copy(weights_folder() / f"{SHIPPED}{suffix}", tmp_path)
    return tmp_path / f"{SHIPPED}.safetensors"


def _backend(spec, threads=1):
    return OnnxBackend(load_onnx(SHIPPED, spec), 64, threads)


def _patches(count):
    """Blurred noise of several grain sizes and contrasts, as windows of images are; the last is flat."""
    random = np.random.default_rng(count)
    patches = []
    for index in range(count):
        grain = cv2.GaussianBlur(random.normal(0, 1, (64, 64)), (0, 0), 1 + index % 4)
        patches.append(128 + (3 + 20 * (index % 3)) * grain / grain.std())
    return np.asarray([*patches[:-1], np.full((64, 64), 77)], np.float32)


def test_the_descriptors_are_those_of_eager_float32(shipped):
    spec, tensors = shipped
    patches = _patches(60)
    described = _backend(spec).describe(patches)
    expected = TorchBackend(tensors, 128, torch.device("cpu")).describe(patches)
    assert (described * expected).sum(axis=1).min() > 0.999
    np.testing.assert_allclose(described, expected, atol=1e-4)


def test_threads_and_neighbours_change_nothing(shipped):
    patches = _patches(75)
    one, two = _backend(shipped[0], 1), _backend(shipped[0], 2)
    described = one.describe(patches)
    np.testing.assert_array_equal(two.describe(patches), described)
    np.testing.assert_array_equal(two.describe(patches[:5]), described[:5])
    np.testing.assert_array_equal(two.describe(patches[::-1])[::-1], described)
    assert two.describe(patches[:0]).shape == (0, 128)


def test_callers_in_several_threads_get_their_own_descriptors(shipped):
    backend, patches = _backend(shipped[0], 2), _patches(90)
    expected = backend.describe(patches)
    parts = [slice(start, start + 30) for start in (0, 10, 20, 40, 60)] * 3
    with ThreadPoolExecutor(5) as pool:
        for part, described in zip(parts, pool.map(lambda part: backend.describe(patches[part]), parts)):
            np.testing.assert_array_equal(described, expected[part])


def test_it_runs_where_it_is_asked_for_and_only_there():
    chosen = make_describer(ASKED)
    assert (chosen.backend, chosen.backend_reason) == ("onnx", "ONNX Runtime, float32: asked for")
    assert make_describer(FeatureConfig(device="cpu")).backend != "onnx"


def test_weights_without_onnx_say_how_to_make_it(copy):
    config = FeatureConfig(weights=str(copy), device="cpu", backend="onnx")
    assert make_describer(config).backend == "onnx"
    copy.with_suffix(".onnx").unlink()
    with pytest.raises(WeightsError, match=rf"'{SHIPPED}.onnx' is missing.*python -m training.onnx_model {copy}"):
        make_describer(config)
    card = read_card(copy.with_suffix(".json"))
    save_card(type(card)(**{**vars(card), "onnx_sha256": None}), copy.parent)
    with pytest.raises(WeightsError, match=r"card names none.*training.onnx_model"):
        make_describer(config)


def test_one_changed_byte(copy):
    path = copy.with_suffix(".onnx")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"'{path.name}' are damaged"):
        make_describer(FeatureConfig(weights=str(copy), device="cpu", backend="onnx"))


class _Wrong(OnnxBackend):
    """ONNX Runtime on a CPU where it computes something else."""

    def describe(self, patches):
        return np.roll(super().describe(patches), 1, axis=1)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(_Wrong, r"are others here \(cosine"), (lambda _, *rest: OnnxBackend(b"x", *rest), "ONNX Runtime failed")],
)
def test_where_it_fails_or_errs_that_is_said(monkeypatch, kind, reason):
    monkeypatch.setattr(backends, "OnnxBackend", kind)
    with pytest.raises(DeviceError, match=rf"'onnx' cannot be used.*{reason}.*'torch'"):
        make_describer(ASKED)


def test_without_the_package_that_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DeviceError, match=r"'onnx' cannot be used.*cannot be loaded"):
        make_describer(ASKED)


def test_on_another_device_it_is_refused(shipped):
    with pytest.raises(DeviceError, match="ONNX Runtime is used on CPUs only"):
        choose_backend(ASKED, torch.device("meta"), *shipped)
