"""The state of a training, and its steps."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ltcore.errors import InputError
from ltcore.features.patches import sample_patches
from ltcore.types import Descriptors, FloatArray, Keypoints

from .chunks import ChunkedFeatures, Workers
from .comparators import build_network, check_patch_pixels, is_patch_independent
from .config import OptimiserConfig, TrainConfig, fingerprint
from .losses import DescribedPairs, compute_loss
from .pack import Tile
from .processes import Processes
from .recorded import Recorded
from .sampling import PairSampler, mixed_seed

_ALONE = Processes()
SIGNS = ("loss", "gradient", "alike", "unrelated", "found")
_INFERENCE_CHUNK = 1024  # patches on a GPU


def learning_rate_factor(progress: float, warmup: float) -> float:
    """Returns the share of the highest learning rate at `progress` (0 to 1): linear rise, then half a cosine."""
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    return float(0.5 * (1 + np.cos(np.pi * min(1.0, (progress - warmup) / max(1e-9, 1 - warmup)))))


class Trainer:
    """The state of a training, and its steps.

    Args:
        config: settings.
        tiles: of the train split.
        device: where to train.
        processes: this process among those that share the training.

    Raises:
        InputError: patch size or batch do not fit the network or the processes.
    """

    def __init__(
        self, config: TrainConfig, tiles: list[Tile], device: str = "cpu", processes: Processes = _ALONE
    ) -> None:
        check_patch_pixels(config.architecture, config.sampling.patch_px)
        self._pairs = config.pairs.tiles * config.pairs.keypoints
        if self._pairs % processes.count:
            raise InputError(f"{self._pairs} pairs a step cannot be shared by {processes.count} processes.")
        torch.manual_seed(config.seed)
        self.config, self.device, self.processes = config, torch.device(device), processes
        self.network = build_network(config.architecture, config.descriptor_dim).to(self.device)
        self.averaged = copy.deepcopy(self.network) if config.optimiser.ema else self.network
        self._parameters = list(self.network.parameters())
        self._optimiser = _optimiser(self.network, config.optimiser, self.device)
        self._sampler = PairSampler(tiles, config.pairs, config.sampling, config.seed, self.device)
        on_gpu = self.device.type == "cuda"
        self._workers = None if on_gpu else Workers(config.threads)
        whole = on_gpu or not is_patch_independent(self.network)
        self._chunk = 2 * self._pairs if whole else config.chunk
        self._features: Callable[[Tensor], Tensor] = self.network.features
        self._recorded: Recorded | None = None
        self.step, self.seconds, self.best, self.stale = 0, 0.0, -1.0, 0

    @property
    def progress(self) -> float:
        """Returns how much of the training is done, 0 to 1, by steps or by wall time."""
        by_time = self.seconds / (60 * self.config.minutes) if self.config.minutes else 0.0
        return max(self.step / self.config.steps, by_time)

    def train_step(self) -> Tensor:
        """Makes one step and returns (5,) numbers on the device that show whether it learns, see SIGNS."""
        started = time.monotonic()
        compiles = self.device.type == "cuda" and self._recorded is None and self.processes.count == 1
        rate = self.config.optimiser.learning_rate * learning_rate_factor(self.progress, self.config.optimiser.warmup)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self.network.train()
        map_jobs = self._workers.map if self._workers else map
        batch = self._sampler.batch(self.step, self.processes.part(self._pairs), map_jobs)
        torch.manual_seed(mixed_seed(self.config.seed + 1, self.step))  # of dropout
        signs = self._backward(batch.patches, batch.near)
        self._optimiser.step()
        self._average()
        self.step += 1
        if not compiles:
            self.seconds += time.monotonic() - started
        if self.config.minutes:
            self.seconds = self.processes.leaders(self.seconds)
        return signs

    def _backward(self, patches: Tensor, near: Tensor) -> Tensor:
        """Gives the parameters their gradients, on a GPU by a recorded graph of what `_gradients` does."""
        if self.device.type != "cuda" or self.processes.count > 1:
            return self._gradients(patches, near)
        if self._recorded is None:
            self._features = torch.compile(self.network.features, dynamic=False)
            buffers = [each.clone() for each in self.network.buffers()]
            self._recorded = Recorded(self._gradients, (patches, near))
            for held, before in zip(self.network.buffers(), buffers):
                held.copy_(before)
        return self._recorded(patches, near)

    def _gradients(self, patches: Tensor, near: Tensor) -> Tensor:
        """Returns the signs of a batch ((2, b, P, P) own patches, (B, B) near) and sets the parameters' gradients."""
        own = patches.shape[1]
        features = ChunkedFeatures(self._run, patches.flatten(0, 1), self._chunk, self._workers)
        values = self.processes.gather(features.values.reshape(2, own, -1), dim=1).requires_grad_()
        raw = self.network.head(values.flatten(0, 1)).reshape(values.shape)
        unit = functional.normalize(raw, dim=2)
        loss = compute_loss(self.config.loss, DescribedPairs(unit[0], unit[1], raw[0], raw[1]), near)
        (gradient,) = torch.autograd.grad(loss, values)
        features.backward(gradient[:, self.processes.part(self._pairs)].flatten(0, 1), self._parameters)
        self.processes.add(each.grad for each in self._parameters if each.grad is not None)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters, self.config.optimiser.clip)
        return torch.stack([loss.detach(), norm, *_signs(unit[0].detach(), unit[1].detach())])

    def _run(self, patches: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.bfloat16):
            return self._features(patches).float()

    def _average(self) -> None:
        """Moves the averaged weights towards the present ones. torch.optim.swa_utils waits for the device here."""
        decay = self.config.optimiser.ema
        if not decay:
            return
        with torch.no_grad():
            for kind in ("parameters", "buffers"):
                held = [each for each in getattr(self.averaged, kind)() if each.is_floating_point()]
                new = [each for each in getattr(self.network, kind)() if each.is_floating_point()]
                torch._foreach_lerp_(held, new, 1 - min(decay, (1 + self.step) / (10 + self.step)))

    def describe(self, image: NDArray[np.float32], keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        """Returns the present descriptors of keypoints of an image, by the averaged weights if there are any."""
        self.averaged.eval()
        patches = torch.from_numpy(sample_patches(image, keypoints, angles_deg, self.config.sampling))
        chunks = torch.split(patches, self.config.chunk if self._workers else _INFERENCE_CHUNK)
        parts = self._workers.map(self._inference, chunks) if self._workers else map(self._inference, chunks)
        width = self.config.descriptor_dim
        return Descriptors(torch.cat([torch.zeros(0, width), *parts]).numpy(), self.config.architecture)

    def _inference(self, patches: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.config.bfloat16):
            described: Tensor = self.averaged(patches.to(self.device)).cpu()
        return described

    def state(self) -> dict[str, Any]:
        """Returns everything a continuation and the export need; "weights" are those to use."""
        return {
            "weights": self.averaged.state_dict(),
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "stale": self.stale,
            "device": torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "CPU",
            "config": fingerprint(self.config),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continues from `state`.

        Raises:
            InputError: it belongs to other settings.
        """
        if state["config"] != fingerprint(self.config):
            raise InputError("The checkpoint belongs to other settings.", "", "Use its own, or another --out folder.")
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["weights"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.best, self.stale = state["best"], state["stale"]


def _optimiser(network: torch.nn.Module, config: OptimiserConfig, device: torch.device) -> torch.optim.Optimizer:
    decayed = [each for each in network.parameters() if each.ndim > 1]
    plain = [each for each in network.parameters() if each.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    fused = device.type == "cuda"
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum, fused=fused)
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=fused)


def _signs(anchor: Tensor, positive: Tensor) -> list[Tensor]:
    """Returns mean cosine of partners and of unrelated places, and the share of pairs that find each other."""
    similarity = anchor @ positive.T
    partner = torch.arange(len(anchor), device=anchor.device)
    found = (similarity.argmax(dim=1) == partner).float().mean()
    alike = similarity.diagonal().mean()
    unrelated = (similarity.sum() - similarity.diagonal().sum()) / max(1, similarity.numel() - len(anchor))
    return [alike, unrelated, found]
