"""The commands ltcore weights list | verify | import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import click
from pydantic import TypeAdapter, ValidationError

from .config import settings_error, to_json_object
from .errors import InputError


@click.group("weights")
def weights_group() -> None:
    """Shows, checks and imports network weights."""


@weights_group.command("list")
@click.option("--folder", type=click.Path(path_type=Path), help="Folder of weights and cards; by default the shipped.")
@click.option("--json", "as_json", is_flag=True, help="Print the cards as one JSON array.")
def list_command(folder: Optional[Path], as_json: bool) -> None:
    """Shows the weights in a folder, one a line."""
    from .ltformer.weights import list_weights  # noqa: PLC0415 - heavy imports only where they are needed

    specs = list_weights(folder)
    if as_json:
        click.echo(json.dumps([to_json_object(spec) for spec in specs]))
        return
    for spec in specs:
        size = f"{spec.descriptor_dim} values, {spec.sampling.patch_px} px, {spec.mflop_per_patch:g} MFLOP a patch"
        click.echo(f"{spec.name:24} {size}, {spec.orientation}; licence {spec.licence}; trained on {spec.trained_on}")
    if not specs:
        click.echo("No weights with a card were found.")


@weights_group.command("verify")
@click.option("--folder", type=click.Path(path_type=Path), help="Folder of weights and cards; by default the shipped.")
def verify_command(folder: Optional[Path]) -> None:
    """Checks that the weights in a folder are those of their cards: SHA-256, tensors and their shapes, finite numbers.

    Exit codes: 0 all are; 2 one is missing, damaged or not what its card says, or there are none.
    """
    from .ltformer.weights import load_onnx, load_weights, weights_folder  # noqa: PLC0415 - as above

    cards = sorted((folder or weights_folder()).glob("*.json"))
    if not cards:
        raise InputError(f"No weights with a card were found in '{folder or weights_folder()}'.", fix="Check the path.")
    for card in cards:
        file = str(card.with_suffix(".safetensors"))
        spec, tensors = load_weights(file)
        kinds = ["safetensors"]
        if spec.onnx_sha256 is not None:
            load_onnx(file, spec)
            kinds.append("onnx")
        click.echo(f"{spec.name:24} {len(tensors)} tensors as its card says ({', '.join(kinds)})")


@weights_group.command("import")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the weights.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of weights and card.")
@click.option("--patch-px", type=int, default=128, show_default=True, help="Side of a patch.")
@click.option(
    "--half-width", type=(float, float), default=(128.0, 128.0), show_default=True, help="Least and largest, in px."
)
@click.option("--support-factor", type=float, default=6.0, show_default=True, help="Half-width / size of the keypoint.")
@click.option("--foveation", type=float, default=0.0, show_default=True, help="0 samples the window evenly.")
@click.option(
    "--orientation",
    type=click.Choice(["upright", "sift", "sift_dual"]),
    default="upright",
    show_default=True,
    help="How windows are turned where the rotation is unknown.",
)
@click.option("--trained-on", default="unknown", show_default=True, help="Data, for the card.")
@click.option("--licence", default="unknown: the user's own copy", show_default=True, help="For the card.")
@click.option("--overwrite", is_flag=True, help="Replace weights of that name.")
def import_command(checkpoint: Path, name: str, out: Path, overwrite: bool, **options: Any) -> None:
    """Makes weights of CHECKPOINT, your copy of a .pth of the LTFormer authors.

    The file is read without running anything in it. The defaults are the published use: upright windows of 256 px.
    Then: ltcore register ... --weights OUT/NAME.safetensors
    """
    from .features.patches import PatchSampling  # noqa: PLC0415 - heavy imports only where they are needed
    from .ltformer.upstream import import_upstream  # noqa: PLC0415

    least, largest = options["half_width"]
    values = {
        "patch_px": options["patch_px"],
        "min_half_width_px": least,
        "max_half_width_px": largest,
        "support_factor": options["support_factor"],
        "foveation": options["foveation"],
    }
    try:
        sampling = TypeAdapter(PatchSampling).validate_python(values)
    except ValidationError as error:
        raise settings_error(error) from error
    written = out / f"{name}.safetensors"
    if written.exists() and not overwrite:
        raise InputError(f"The file '{written}' exists already.", fix="Choose another name, or allow --overwrite.")
    facts = {key: options[key] for key in ("orientation", "trained_on", "licence")}
    spec = import_upstream(checkpoint, {"name": name, "sampling": sampling, **facts}, out)
    click.echo(f"{written}: {spec.descriptor_dim} values, {spec.parameters} parameters, sha256 {spec.sha256}")
