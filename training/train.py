"""Trains LTFormer: `python -m training.train training/configs/d128-cpu.yaml --data FOLDER --out runs/NAME`."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ltcore.errors import InputError, LtcoreError
from ltcore.features.patches import sample_patches
from ltcore.ltformer.network import LTFormer
from ltcore.types import Descriptors, FloatArray, Keypoints

from .chunks import ChunkedFeatures, Workers
from .config import TrainConfig, fingerprint, read_config
from .evaluate import evaluate
from .losses import hardest_in_batch, info_nce, lt_loss
from .sampling import Batch, PairSampler
from .tiles import Tile, find_index, load_tiles

_LOG = logging.getLogger(__name__)
_COLLAPSED = 0.98  # mean cosine of unrelated places in a batch from which descriptors count as constant


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
    """

    def __init__(self, config: TrainConfig, tiles: list[Tile], device: str = "cpu") -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, torch.device(device)
        self.network = LTFormer(config.descriptor_dim).to(self.device)
        self.workers = Workers(config.threads)
        self.sampler = PairSampler(tiles, config.pairs, config.sampling, config.seed, self.workers)
        decayed = [each for each in self.network.parameters() if each.ndim > 1]
        plain = [each for each in self.network.parameters() if each.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=config.learning_rate,
        )
        self.step, self.seconds, self.best = 0, 0.0, -1.0

    @property
    def progress(self) -> float:
        """Returns how much of the training is done, 0 to 1, by steps or by wall time."""
        by_time = self.seconds / (60 * self.config.minutes) if self.config.minutes else 0.0
        return max(self.step / self.config.steps, by_time)

    def train_step(self) -> dict[str, float]:
        """Makes one step and returns its loss and what shows whether it learns."""
        started = time.monotonic()
        factor = learning_rate_factor(self.progress, self.config.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * factor
        self.network.train()
        batch = self.sampler.batch(self.step)
        features, anchor, positive = self._descriptors(batch)
        loss = self._loss(anchor, positive, batch.near.to(self.device))
        loss.backward()  # type: ignore[no-untyped-call]
        features.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        if torch.isfinite(norm):
            self.optimiser.step()
        self.step += 1
        self.seconds += time.monotonic() - started
        return {"loss": loss.item(), "gradient": norm.item(), "factor": factor, **_signs(anchor, positive)}

    def _descriptors(self, batch: Batch) -> tuple[ChunkedFeatures, Tensor, Tensor]:
        patches = torch.cat([batch.visible, batch.nir]).to(self.device)
        features = ChunkedFeatures(self.network, patches, self.config.chunk, self.config.bfloat16, self.workers)
        described = self.network.project(features.values)
        return features, described[: len(batch.visible)], described[len(batch.visible) :]

    def _loss(self, anchor: Tensor, positive: Tensor, near: Tensor) -> Tensor:
        loss = self.config.loss
        if loss.name == "hardest":
            return hardest_in_batch(anchor, positive, near, loss.margin)
        if loss.name == "info_nce":
            return info_nce(anchor, positive, near, loss.temperature)
        return lt_loss(anchor, positive, positive.roll(1, dims=0))

    def describe(self, image: NDArray[np.float32], keypoints: Keypoints, angles_deg: FloatArray) -> Descriptors:
        """Returns the network's present descriptors of keypoints of an image."""
        self.network.eval()
        patches = torch.from_numpy(sample_patches(image, keypoints, angles_deg, self.config.sampling))
        parts = self.workers.map(self._inference, torch.split(patches, self.config.chunk))
        width = self.config.descriptor_dim
        return Descriptors(torch.cat([torch.zeros(0, width), *parts]).numpy(), "ltformer")

    def _inference(self, patches: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.config.bfloat16):
            described: Tensor = self.network(patches.to(self.device)).cpu()
        return described

    def state(self) -> dict[str, Any]:
        """Returns everything a continuation needs."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
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
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]


def _signs(anchor: Tensor, positive: Tensor) -> dict[str, float]:
    """Returns mean cosine of partners and of unrelated places, and the share of pairs that find each other."""
    with torch.no_grad():
        similarity = anchor @ positive.T
        partner = torch.arange(len(anchor), device=anchor.device)
        found = (similarity.argmax(dim=1) == partner).float().mean()
        alike = similarity.diagonal().mean()
        unrelated = (similarity.sum() - similarity.diagonal().sum()) / max(1, similarity.numel() - len(anchor))
    return {"alike": alike.item(), "unrelated": unrelated.item(), "found": found.item()}


def save_atomically(state: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint under another name first, so that a crash leaves the old one whole."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)  # noqa: PTH105 - atomic on every system, as the name says


def run(trainer: Trainer, validation: list[Tile], out: Path) -> None:
    """Trains to the end, writing out/log.jsonl, out/last.pt and out/best.pt.

    Raises:
        InputError: the descriptors collapsed to a constant.
    """
    config = trainer.config
    saved = validated = trainer.seconds
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        while trainer.progress < 1:
            row: dict[str, float] = {"step": trainer.step, **trainer.train_step(), "seconds": trainer.seconds}
            _refuse_collapse(row)
            ended = trainer.progress >= 1
            if validation and (ended or trainer.seconds - validated > 60 * config.validate_minutes):
                validated = trainer.seconds
                row.update(_validate(trainer, validation, out))
            if ended or trainer.seconds - saved > 60 * config.checkpoint_minutes:
                saved = trainer.seconds
                save_atomically(trainer.state(), out / "last.pt")
            log.write(json.dumps({key: round(value, 5) for key, value in row.items()}) + "\n")
            log.flush()


def _validate(trainer: Trainer, tiles: list[Tile], out: Path) -> dict[str, float]:
    scores = evaluate(tiles, trainer.describe, "upright", max_keypoints=600)
    rating = scores["matching_score"] + scores["average_precision"]
    if rating > trainer.best:
        trainer.best = rating
        save_atomically(trainer.state(), out / "best.pt")
    _LOG.info("step %d: validation %s", trainer.step, scores)
    return {f"val_{name}": value for name, value in scores.items()}


def _refuse_collapse(row: dict[str, float]) -> None:
    if not np.isfinite(row["loss"]) or row["unrelated"] > _COLLAPSED:
        raise InputError(
            "The training collapsed: every place has nearly the same descriptor.",
            f"Mean cosine of unrelated places {row['unrelated']:.3f} at step {row['step']:.0f}.",
            "Use the loss 'hardest' or 'info_nce', a lower learning rate or a longer warm-up.",
        )


def largest(tiles: list[Tile], count: int) -> list[Tile]:
    """Returns the `count` largest tiles."""
    return sorted(tiles, key=lambda tile: -tile.nir.numel())[:count]


@click.command()
@click.argument("config_path", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Index, its folder or packed tiles (else LTFORMER_DATA).")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of checkpoints and log.")
@click.option("--minutes", type=float, help="Wall time instead of that of the settings.")
@click.option("--resume", is_flag=True, help="Continue from the last checkpoint in --out.")
@click.option("--device", default="cpu", help="cpu, cuda, cuda:1, ...")
def main(config_path: Path, data: Path | None, out: Path, minutes: float | None, resume: bool, device: str) -> None:
    """Trains a descriptor with the settings of a YAML file."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        config = read_config(config_path, minutes)
        out.mkdir(parents=True, exist_ok=True)
        index = find_index(data)
        trainer = Trainer(config, load_tiles(index, "train", config.keypoints_per_band), device)
        if resume:
            trainer.load_state(torch.load(out / "last.pt", weights_only=True, map_location=device))
        validation = load_tiles(index, "val", 1) if config.validation_tiles else []
        run(trainer, largest(validation, config.validation_tiles), out)
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
