"""Trains a descriptor: `python -m training.train training/configs/d128-gpu.yaml --data INDEX --out runs/NAME`.

Several devices or processes share a training by `torchrun --nproc-per-node N -m training.train ...`.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from ltcore.errors import InputError, LtcoreError

from .config import read_config, write_config
from .pack import PACKED_SUFFIX, Split, Tile, read_tiles
from .processes import join_processes
from .trainer import SIGNS, Trainer
from .validation import Validation, largest

_LOG = logging.getLogger(__name__)
_COLLAPSED = 0.98  # mean cosine of unrelated places in a batch from which descriptors count as constant


class Journal:
    """The files of a training in its folder: log.jsonl, TensorBoard events, last.pt and best.pt.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = (folder / "log.jsonl").open("a", encoding="utf-8")
        self._board = SummaryWriter(str(folder))

    def write(self, row: dict[str, float]) -> None:
        """Adds a line; numbers but the step are shown by TensorBoard too."""
        self._lines.write(json.dumps({key: round(value, 6) for key, value in row.items()}) + "\n")
        self._lines.flush()
        for name, value in row.items():
            if name != "step":
                self._board.add_scalar(name, value, int(row["step"]))

    def save(self, state: dict[str, Any], name: str) -> None:
        """Writes a checkpoint under another name first, so that a crash leaves the old one whole."""
        partial = self._folder / f"{name}.partial"
        torch.save(state, partial)
        os.replace(partial, self._folder / name)  # noqa: PTH105 - atomic on every system, as the name says

    def close(self) -> None:
        """Closes the files."""
        self._lines.close()
        self._board.close()


def run(trainer: Trainer, validation: Validation | None, journal: Journal | None) -> None:
    """Trains to the end, or until `patience` validations brought nothing better.

    Args:
        trainer: what to train.
        validation: pairs to choose the best checkpoint on; without them best.pt is the last.
        journal: where to write; None for processes other than the leader.

    Raises:
        InputError: the descriptors collapsed to a constant.
    """
    config, since = trainer.config, (trainer.step, trainer.seconds)
    while trainer.progress < 1 and not _is_stale(trainer):
        step, signs = trainer.step, trainer.train_step()
        ended = trainer.progress >= 1
        row: dict[str, float] = {}
        if ended or trainer.step % config.log_steps == 0:
            row = {"step": step, **dict(zip(SIGNS, signs.tolist())), "seconds": trainer.seconds}
            row.update(_rates(trainer, *since))
            since = trainer.step, trainer.seconds
            _refuse_collapse(row)
        if journal and (ended or trainer.step % config.validate_steps == 0):
            row = {"step": step, **row, **_validate(trainer, validation, journal)}
        if journal and (ended or trainer.step % config.checkpoint_steps == 0):
            journal.save(trainer.state(), "last.pt")
        if journal and row:
            journal.write(row)


def _rates(trainer: Trainer, step: int, seconds: float) -> dict[str, float]:
    """Returns steps and patches a second since a step, by the clock; all processes together."""
    steps_per_s = (trainer.step - step) / max(trainer.seconds - seconds, 1e-9)
    pairs = trainer.config.pairs
    return {"steps_per_s": steps_per_s, "patches_per_s": 2 * pairs.tiles * pairs.keypoints * steps_per_s}


def _is_stale(trainer: Trainer) -> bool:
    """Returns whether there was nothing better for long enough, which the leader knows."""
    patience = trainer.config.patience
    return bool(patience) and trainer.processes.leaders(trainer.stale) >= patience


def _validate(trainer: Trainer, validation: Validation | None, journal: Journal) -> dict[str, float]:
    """Returns the scores of the present weights, which become best.pt if they find the most correct matches."""
    scores = validation.scores(trainer.describe) if validation else {"correct": float(trainer.step)}
    better = scores["correct"] > trainer.best
    trainer.stale = 0 if better else trainer.stale + 1
    if better:
        trainer.best = scores["correct"]
        journal.save(trainer.state(), "best.pt")
    if not validation:
        return {}
    _LOG.info("step %d: %s", trainer.step, ", ".join(f"{name} {value:.3f}" for name, value in scores.items()))
    return {f"val_{name}": value for name, value in scores.items()}


def _refuse_collapse(row: dict[str, float]) -> None:
    if not np.isfinite(row["loss"]) or row["unrelated"] > _COLLAPSED:
        raise InputError(
            "The training collapsed: every place has nearly the same descriptor.",
            f"Mean cosine of unrelated places {row['unrelated']:.3f} at step {row['step']:.0f}.",
            "Use the loss 'hardest' or 'info_nce', a lower learning rate or a longer warm-up.",
        )


def read_split(data: Path | None, split: Split, keypoints_per_band: int) -> list[Tile]:
    """Returns the tiles of a split from an index or a packed file.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    if data is not None and data.suffix == PACKED_SUFFIX:
        return read_tiles(data, split)
    from .tiles import find_index, load_tiles  # noqa: PLC0415 - packed tiles need no GDAL

    return load_tiles(find_index(data), split, keypoints_per_band)


@click.command()
@click.argument("config_path", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Index, its folder or packed tiles (else LTFORMER_DATA).")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of checkpoints and log.")
@click.option("--set", "changes", multiple=True, help="Another setting, such as optimiser.learning_rate=1e-3.")
@click.option("--resume", is_flag=True, help="Continue from the last checkpoint in --out.")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="auto: a GPU where there is one."
)
def main(config_path: Path, data: Path | None, out: Path, changes: tuple[str, ...], resume: bool, device: str) -> None:
    """Trains a descriptor with the settings of a YAML file."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    processes, device = join_processes(device)
    try:
        config = read_config(config_path, changes)
        trainer = Trainer(config, read_split(data, "train", config.keypoints_per_band), device, processes)
        if resume:
            trainer.load_state(_read_checkpoint(out / "last.pt", device))
        _lead(trainer, data, out) if processes.rank == 0 else run(trainer, None, None)
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error


def _read_checkpoint(path: Path, device: str) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(f"The checkpoint '{path}' cannot be read.", f"{error}.", "Train without --resume.") from error
    return state


def _lead(trainer: Trainer, data: Path | None, out: Path) -> None:
    """Trains and writes all files."""
    config = trainer.config
    validation = None
    if config.validation_tiles:
        validation = Validation(largest(read_split(data, "val", 1), config.validation_tiles))
    out.mkdir(parents=True, exist_ok=True)
    write_config(config, out / "config.yaml")
    journal = Journal(out)
    try:
        run(trainer, validation, journal)
    finally:
        journal.close()


if __name__ == "__main__":
    main()
