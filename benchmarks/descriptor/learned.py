"""Networks under test: shipped weights by name, and run folders of `python -m training.train`."""

from __future__ import annotations

import hashlib
import statistics
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from ltcore.errors import InputError
from ltcore.features.patches import PatchSampling, sample_patches, unit_grid
from ltcore.ltformer.network import LTFormer
from ltcore.ltformer.weights import load_weights
from ltcore.types import Descriptors, FloatArray, Keypoints
from training.chunks import Workers
from training.comparators import Network, build_network
from training.config import TrainConfig, read_config

from .methods import Image, Method

NAMES = {"ltformer": "LTFormer", "hardnet": "HardNet", "hynet": "HyNet", "sosnet": "SOSNet"}

_CHUNK = 32  # patches a thread runs at once: they stay in its cache; 64 take up to half as long again
_GPU_CHUNK = 4096
_TIMED_PATCHES = 512
_TIMED_ROUNDS = 3


@dataclass(frozen=True)
class Engine:
    """Where networks run, the same for all.

    Attributes:
        device: of PyTorch.
        workers: threads for what can be done side by side, each on one core.
    """

    device: torch.device
    workers: Workers

    def run(self, network: Network, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the (N, D) descriptors of (N, P, P) patches, N > 0, computed in the calling thread."""
        return np.concatenate([self._infer(network, part) for part in self._chunks(patches)])

    def run_on_all(self, network: Network, patches: NDArray[np.float32]) -> None:
        """Computes the descriptors of (N, P, P) patches on all threads, for measuring how long it takes."""
        self.workers.map(lambda part: self._infer(network, part), self._chunks(patches))

    def _infer(self, network: Network, part: torch.Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            values: NDArray[np.float32] = network(part.to(self.device)).cpu().numpy()
        return values

    def _chunks(self, patches: NDArray[np.float32]) -> list[torch.Tensor]:
        size = _CHUNK if self.device.type == "cpu" else _GPU_CHUNK
        every = torch.from_numpy(patches)
        return [every[start : start + size] for start in range(0, len(every), size)]


class NetworkMethod(Method):
    """A trained network and the windows it was trained on."""

    def __init__(self, name: str, group: str, network: Network, sampling: PatchSampling, engine: Engine) -> None:
        self.name, self.group = name, group
        self._network = network.eval().requires_grad_(False).to(engine.device)
        self._sampling, self._engine = sampling, engine
        self.facts = {"patch_px": sampling.patch_px, **_cost(self._network, sampling.patch_px)}

    def describe(self, image: Image, keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        """Returns the (N, D) descriptors of windows as in training."""
        return self._described(image, keypoints, angles_deg, self._sampling)

    def describe_windows(self, image: Image, keypoints: Keypoints, window_px: float) -> Descriptors:
        """Returns the (N, D) descriptors, the network's own grid stretched over the window."""
        return self._described(image, keypoints, np.zeros(len(keypoints)), self._fixed(window_px))

    def describe_patches(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the (N, D) descriptors, the network's own grid stretched over each patch; where a foveated grid
        bulges over the sides, it sees mirrored pixels."""
        last = patches.shape[1] - 1.0  # the outermost points are the centres of the outermost pixels
        points = (1 + unit_grid(self._sampling).astype(np.float32)) * np.float32(last / 2)
        x, y = np.moveaxis(points.reshape(self._sampling.patch_px, self._sampling.patch_px, 2), 2, 0).copy()
        cut = [cv2.remap(patch, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101) for patch in patches]
        return self._engine.run(self._network, np.stack(cut))

    def measure_speed(self) -> float:
        """Returns patches a second on all threads, median of three rounds after one to warm up."""
        side = self._sampling.patch_px
        patches = np.random.default_rng(0).uniform(0, 255, (_TIMED_PATCHES, side, side)).astype(np.float32)
        seconds = []
        for _ in range(_TIMED_ROUNDS + 1):
            start = time.perf_counter()
            self._engine.run_on_all(self._network, patches)
            seconds.append(time.perf_counter() - start)
        return _TIMED_PATCHES / statistics.median(seconds[1:])

    def _fixed(self, window_px: float) -> PatchSampling:
        half = window_px / 2
        return replace(self._sampling, min_half_width_px=half, max_half_width_px=half)

    def _described(
        self, image: Image, keypoints: Keypoints, angles_deg: FloatArray, sampling: PatchSampling
    ) -> Descriptors:
        if len(keypoints) == 0:
            return Descriptors(np.zeros((0, 1), np.float32), self.name)
        patches = sample_patches(image, keypoints, angles_deg, sampling)
        return Descriptors(self._engine.run(self._network, patches), self.name)


def _cost(network: Network, patch_px: int) -> dict[str, Any]:
    """Returns the number of parameters and the arithmetic of one patch (a multiplication and an addition are two)."""
    patch = torch.zeros(1, patch_px, patch_px, device=next(network.parameters()).device)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(patch)
    count = sum(each.numel() for each in network.parameters())
    return {"parameters": count, "mflop": round(counter.get_total_flops() / 1e6, 2)}


def shipped(name_or_path: str, engine: Engine) -> NetworkMethod:
    """Returns the LTFormer of shipped weights or of a .safetensors file.

    Raises:
        WeightsError: it is missing or damaged.
    """
    spec, tensors = load_weights(name_or_path)
    network = LTFormer(spec.descriptor_dim)
    network.load_state_dict(tensors, strict=False)  # names and shapes are checked by load_weights
    method = NetworkMethod(spec.name, spec.name, network, spec.sampling, engine)
    method.facts.update(architecture="LTFormer", sha256=spec.sha256, descriptor_dim=spec.descriptor_dim)
    return method


def trained(folder: Path, engine: Engine) -> NetworkMethod:
    """Returns the network of a run folder (config.yaml, best.pt).

    Raises:
        InputError: a file is missing or is not what a training writes.
    """
    config, path = read_config(folder / "config.yaml"), folder / "best.pt"
    network = build_network(config.architecture, config.descriptor_dim)
    try:
        content = path.read_bytes()
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state["weights"])
    except (OSError, RuntimeError, UnpicklingError, KeyError, TypeError) as error:
        raise InputError(f"'{path}' holds no weights of this network.", f"{error}.", "Train it anew.") from error
    method = NetworkMethod(folder.name, group_name(config), network, config.sampling, engine)
    method.facts.update(
        sha256=hashlib.sha256(content).hexdigest(),
        steps=state.get("step"),
        seconds=round(float(state.get("seconds", 0))),
        descriptor_dim=config.descriptor_dim,
        seed=config.seed,
        architecture=NAMES[config.architecture],
    )
    return method


def group_name(config: TrainConfig) -> str:
    """Returns what runs that differ in seed and learning rate only have in common: network, width, loss, patch and
    length of the training."""
    loss: list[str] = [config.loss.name]
    for field in fields(config.loss):
        value = getattr(config.loss, field.name)
        if field.name != "name" and value != field.default:
            loss.append(field.name.replace("_", " ") + ("" if value is True else f" {value}"))
    length = f"{config.minutes:g} minutes" if config.minutes else f"{config.steps} steps"
    network = f"{NAMES[config.architecture]} d{config.descriptor_dim}"
    return f"{network}, {', '.join(loss)}, {config.sampling.patch_px} px, {length}"
