"""Writes trained weights with their card: `python -m training.export runs/NAME --name NAME --out FOLDER`."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import click
import torch

from ltcore.config import to_json_object
from ltcore.errors import InputError, LtcoreError
from ltcore.ltformer.network import expected_shapes
from ltcore.ltformer.weights import TrainingRecord, WeightsSpec, save_weights

from .config import TrainConfig, fingerprint, read_config
from .losses import LossConfig
from .onnx_model import export_onnx

_REPOSITORY = Path(__file__).resolve().parents[1]
_NEEDED = {"weights", "step", "seconds", "device", "config"}
_LOSSES = {
    "hardest": "hardest-in-batch triplet (HardNet)",
    "info_nce": "InfoNCE",
    "lt": "LT loss (LTFormer's adaptive margin)",
    "hynet": "HyNet's loss",
    "sosnet": "SOSNet's loss",
}


@dataclass(frozen=True)
class CardTexts:
    """What a run does not know of its weights.

    Attributes:
        name: of the weights.
        command: that repeats the training.
        git_commit: of the training code.
        trained_on: data.
        licence: of the weights.
        metrics: measured numbers.
        limits: what they were neither trained nor tested on.
        note: for readers.
    """

    name: str
    command: str
    git_commit: str
    trained_on: str
    licence: str = "GPL-2.0-or-later"
    metrics: dict[str, Any] = field(default_factory=dict)
    limits: str = ""
    note: str = ""


def read_run(run: Path, checkpoint: str = "best.pt") -> tuple[TrainConfig, dict[str, Any]]:
    """Returns settings and checkpoint of a training's folder.

    Raises:
        InputError: one of them is missing, damaged, or they do not belong together.
    """
    config = read_config(run / "config.yaml")
    path = run / checkpoint
    if not path.is_file():
        raise InputError(f"'{path}' does not exist.", "", "Train first, or give another --checkpoint.")
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        lacking = sorted(_NEEDED - state.keys())
    except Exception as error:  # a damaged pickle may raise anything
        raise InputError(f"'{path}' is damaged or not a checkpoint of training.train.") from error
    if lacking:
        raise InputError(f"'{path}' is no checkpoint of training.train: it lacks '{lacking[0]}'.")
    if state["config"] != fingerprint(config):
        raise InputError("The checkpoint belongs to other settings.", "", f"Restore {run / 'config.yaml'}.")
    return config, state


def export(config: TrainConfig, state: dict[str, Any], texts: CardTexts, folder: Path) -> WeightsSpec:
    """Returns the card of a checkpoint's weights, written with them into `folder`.

    Args:
        config: settings of the training.
        state: checkpoint: "weights", and of the training "step", "seconds" and "device".
        texts: what else the card says.
        folder: where to write NAME.safetensors and NAME.json; made if absent.

    Raises:
        InputError: the network is not LTFormer, or a text cannot stand in a card.
        OutputError: the files cannot be written.
    """
    if config.architecture != "ltformer":
        raise InputError(
            f"Weights of '{config.architecture}' cannot be exported.",
            "ltcore runs LTFormer only; other networks are trained to be compared with it.",
        )
    record = TrainingRecord(
        git_commit=texts.git_commit,
        command=texts.command,
        settings=to_json_object(config),
        seed=config.seed,
        loss=loss_in_words(config.loss),
        steps=state["step"],
        batch_pairs=config.pairs.tiles * config.pairs.keypoints,
        device=state["device"],
        seconds=round(state["seconds"], 1),
    )
    facts = {
        "name": texts.name,
        "sampling": config.sampling,
        "orientation": "sift_dual",  # training turns windows by any angle
        "trained_on": texts.trained_on,
        "licence": texts.licence,
        "training": record,
        "metrics": texts.metrics,
        "limits": texts.limits,
        "note": texts.note,
    }
    wanted = expected_shapes(config.descriptor_dim)
    tensors = {name: tensor.float() for name, tensor in state["weights"].items() if name in wanted}
    return save_weights(tensors, config.descriptor_dim, facts, folder)


def loss_in_words(loss: LossConfig) -> str:
    """Returns the loss's name and what differs from its published numbers."""
    chosen = {each.name: getattr(loss, each.name) for each in fields(loss) if getattr(loss, each.name) != each.default}
    changes = [f"{name} {value}" for name, value in chosen.items() if name != "name"]
    return ", ".join([_LOSSES[loss.name], *changes])


def read_metrics(path: Path) -> dict[str, Any]:
    """Returns a JSON object of measured numbers.

    Raises:
        InputError: the file is missing or holds something else, such as numbers that are not finite.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:
        raise InputError(f"The metrics '{path}' cannot be read.", f"{error}.") from error
    if not isinstance(values, dict):
        raise InputError(f"The metrics '{path}' are no JSON object.")
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no measured number")


def git_commit() -> str:
    """Returns the commit of this code, with "-dirty" if files differ from it; "unknown" outside a repository."""
    command = ["git", "-C", str(_REPOSITORY), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - constant
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the weights.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of weights and card.")
@click.option("--checkpoint", type=click.Choice(["best.pt", "last.pt"]), default="best.pt", help="That of the run.")
@click.option("--metrics", type=click.Path(path_type=Path), help="JSON object of scores, for the card.")
@click.option("--trained-on", default="the train split of the user's own index", help="Data, for the card.")
@click.option("--command", help="The command that repeats the training, if not with the run's config.yaml.")
@click.option("--commit", help="Commit of the training code, if it is not the present one.")
@click.option("--limits", default="", help="What the weights were neither trained nor tested on.")
@click.option("--note", default="", help="For readers of the card.")
@click.option("--onnx/--no-onnx", default=True, show_default=True, help="Write NAME.onnx too.")
def main(run: Path, name: str, out: Path, checkpoint: str, onnx: bool, **options: Any) -> None:
    """Writes the weights of a training's folder RUN as safetensors with a card, and as ONNX."""
    try:
        config, state = read_run(run, checkpoint)
        texts = CardTexts(
            name=name,
            command=options["command"] or f"python -m training.train {run}/config.yaml --data INDEX --out {run}",
            git_commit=options["commit"] or git_commit(),
            trained_on=options["trained_on"],
            metrics=read_metrics(options["metrics"]) if options["metrics"] else {},
            limits=options["limits"],
            note=options["note"],
        )
        spec = export(config, state, texts, out)
        click.echo(f"{out / spec.file}: {checkpoint}, {state['step']} steps, sha256 {spec.sha256}")
        if onnx:
            click.echo(str(export_onnx(spec, state["weights"], out)))
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
