"""A GPU that runs out of memory or is lost: told in words, and the next process is as good as new."""

from __future__ import annotations

import os

import pytest
import torch

from ltcore.batch import tasks
from ltcore.batch.manifest import Pair
from ltcore.config import RasterSource, RegistrationJob
from ltcore.errors import DeviceLostError
from ltcore.ltformer.backends import TorchBackend
from tests.data.make_rasters import shifted_pair
from tests.soaking import note

from .engine import QUICK, Engine

BY_TORCH = {**QUICK, "features": {"descriptor": "ltformer", "backend": "torch", "device": "cpu"}}
FAULTY = """
import sys, torch
from ltcore import worker
from ltcore.ltformer import backends
def fail(self, patches):
    self._device = torch.device("cuda:0")  # what the backend believes; there need not be one
    raise {error}
backends.TorchBackend._run = fail
torch.cuda.empty_cache = lambda: None
sys.exit(worker.main())
"""
LOST = 'RuntimeError("CUDA error: unspecified launch failure\\nCompile with TORCH_USE_CUDA_DSA")'
FULL = 'torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")'


@pytest.fixture
def pair(tmp_path):
    return shifted_pair(tmp_path, (3.0, -2.0))


def asked(engine, pair, out):
    try:
        return engine.register(*pair, out, config=BY_TORCH)
    finally:
        note("devices that fail", out=str(out.name))


def test_a_lost_device_is_told_and_the_worker_ends(tmp_path, pair):
    faulty, whole = Engine(FAULTY.format(error=LOST)), Engine()
    try:
        found = asked(faulty, pair, tmp_path / "out")
        assert found.kind == "lost", found
        assert (
            "The device 'cuda:0' failed. PyTorch says: CUDA error: unspecified launch failure. Run it again"
            in found.text
        )
        assert faulty.exit_code() == 0
        assert not (tmp_path / "out").exists()
        assert asked(whole, pair, tmp_path / "out").kind == "result"
    finally:
        faulty.close()
        whole.close()


def test_a_device_too_small_for_the_least_batch_is_told_and_the_worker_lives(tmp_path, pair):
    faulty = Engine(FAULTY.format(error=FULL))
    try:
        pid = faulty.pid
        found = asked(faulty, pair, tmp_path / "out")
        assert found.kind == "failed", found
        assert "does not suffice for 16 patches" in found.text
        assert faulty.ask("ping", {}).result["pid"] == pid
        assert not (tmp_path / "out").exists()
    finally:
        faulty.close()


def test_a_network_that_does_not_fit_is_told(monkeypatch):
    def full(*_args):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.nn.Module, "to", full)
    with pytest.raises(DeviceLostError, match=r"'cuda' failed\. PyTorch says: CUDA out of memory"):
        TorchBackend({}, 128, torch.device("cuda"))


def test_a_worker_of_a_batch_ends_with_its_device_so_that_dask_starts_another(monkeypatch, tmp_path, pair):
    class Ended(BaseException):
        pass

    def end(code):
        raise Ended(code)

    def lose(*_args):
        raise DeviceLostError("The device 'cuda' failed.")

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(tasks, "register", lose)
    job = RegistrationJob(*map(RasterSource, pair), tmp_path / "out")
    with pytest.raises(Ended, match="1"):
        tasks.run_pair(Pair("a", job), "run", resume=False)
