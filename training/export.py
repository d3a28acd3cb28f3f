"""Writes trained weights with their card: `python -m training.export CHECKPOINT CONFIG --name NAME --out weights`."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import click
import torch
from pydantic import TypeAdapter
from safetensors.torch import save
from torch import Tensor

from ltcore.config import STRETCH_PERCENTILES
from ltcore.errors import InputError, LtcoreError
from ltcore.ltformer.network import expected_shapes
from ltcore.ltformer.weights import WeightsSpec

from .config import TrainConfig, fingerprint, read_config

_LOSSES = {
    "hardest": "hardest-in-batch triplet, margin {0.margin:g}",
    "info_nce": "InfoNCE, temperature {0.temperature:g}",
    "lt": "LT loss, margin (d_p + d_n) / 2",
}


def export(state: dict[str, Any], config: TrainConfig, facts: dict[str, Any], folder: Path) -> WeightsSpec:
    """Returns the card of a checkpoint's weights, written beside them into `folder`.

    Args:
        state: checkpoint of the training.
        config: settings of that training.
        facts: the card's fields that the checkpoint doesn't know: name, trained_on, licence, git_commit, metrics, note.
        folder: where to write name.safetensors and name.json; made if absent.

    Raises:
        InputError: checkpoint and settings do not belong together.
    """
    if state["config"] != fingerprint(config):
        raise InputError("The checkpoint belongs to other settings.", "", "Give the YAML file it was trained with.")
    wanted = expected_shapes(config.descriptor_dim)
    tensors: dict[str, Tensor] = {name: state["network"][name].float().cpu().contiguous() for name in wanted}
    content = save(tensors)
    spec = WeightsSpec(
        **facts,
        file=f"{facts['name']}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        architecture="ltformer",
        descriptor_dim=config.descriptor_dim,
        sampling=config.sampling,
        orientation="sift",
        dual=True,
        radiometry_percentiles=STRETCH_PERCENTILES,
        loss=_LOSSES[config.loss.name].format(config.loss),
        steps=state["step"],
        batch_pairs=config.pairs.tiles * config.pairs.keypoints,
    )
    card = json.dumps(TypeAdapter(WeightsSpec).dump_python(spec, mode="json"), indent=2) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    _write_atomically(folder / spec.file, content)
    _write_atomically(folder / f"{spec.name}.json", card.encode())
    return spec


def _write_atomically(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)  # noqa: PTH105 - atomic on every system, as the name says


def _git_commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - constant


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("config_path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the weights.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of weights and card.")
@click.option("--minutes", type=float, help="Wall time the training was given instead of that of the settings.")
@click.option("--metrics", type=click.Path(path_type=Path), help="JSON of training.evaluate, for the card.")
@click.option("--trained-on", default="visible + near-infrared chips of the data folder, train split by place")
@click.option("--commit", help="Commit of the training code, if it is not the present one.")
@click.option("--note", default="")
def main(checkpoint: Path, config_path: Path, name: str, out: Path, **options: Any) -> None:
    """Writes the weights of a checkpoint as safetensors with a card."""
    try:
        config = read_config(config_path, options["minutes"])
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")
        facts = {
            "name": name,
            "trained_on": options["trained_on"],
            "licence": "GPL-2.0-or-later",
            "git_commit": options["commit"] or _git_commit(),
            "metrics": json.loads(options["metrics"].read_text()) if options["metrics"] else {},
            "note": options["note"],
        }
        spec = export(state, config, facts, out)
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out / spec.file}: {spec.steps} steps, sha256 {spec.sha256}")


if __name__ == "__main__":
    main()
