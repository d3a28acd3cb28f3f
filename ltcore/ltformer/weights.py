"""Network weights: a .safetensors file and, beside it, a .json card that says what they are and need.

Only safetensors is read (it holds numbers, never code), and for ONNX Runtime the same network as .onnx; both only when
their sha256 is the card's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ..atomic import atomic_path
from ..config import STRETCH_PERCENTILES, settings_error
from ..errors import WeightsError
from ..features.patches import PatchSampling

if TYPE_CHECKING:
    from torch import Tensor

_MAX_BYTES = 64 * 2**20  # LTFormer d512 takes about 48 MiB
_MAX_CARD_BYTES = 2**20
_REBUILD = "Reinstall the plugin, or choose another file with 'weights'."
_STRICT = ConfigDict(extra="forbid")

# How windows are turned where the rotation between both images is unknown: never; by the keypoint's angle; the
# sensed ones also by 180 degrees more, since SIFT's orientation turns over where the contrast does.
Orientation = Literal["upright", "sift", "sift_dual"]


@dataclass(frozen=True, config=_STRICT)
class TrainingRecord:
    """How weights were trained: what is needed to repeat it.

    Attributes:
        git_commit: of the training code.
        command: the one that repeats the training.
        settings: all of the training's settings (training.config.TrainConfig).
        seed: of first weights and batches.
        loss: in words.
        steps: optimiser steps.
        batch_pairs: pairs a step.
        device: what it ran on.
        seconds: wall time of the steps.
    """

    git_commit: str
    command: str
    settings: dict[str, Any]
    seed: int
    loss: str
    steps: Annotated[int, Field(ge=0)]
    batch_pairs: Annotated[int, Field(ge=1)]
    device: str
    seconds: Annotated[float, Field(ge=0)]


@dataclass(frozen=True, config=_STRICT)
class WeightsSpec:
    """The card of a set of weights: all inference needs besides the numbers, where they come from, what they can do.

    Attributes:
        name: what users call it.
        file: name of the .safetensors file beside the card.
        sha256: of that file.
        architecture: network family.
        descriptor_dim: width of the descriptor.
        parameters: of the network, the head's statistics not counted.
        mflop_per_patch: multiplications and additions of one patch, in millions.
        sampling: geometry of the patches: their pixels, and their support in sizes of the keypoint.
        orientation: how windows are turned where the rotation is unknown.
        radiometry_percentiles: percentiles of the valid pixels stretched to 0 and 255.
        trained_on: data.
        licence: of the weights.
        training: how they were trained; None for those of others.
        onnx_sha256: of the same network as NAME.onnx beside them; None where it was not exported.
        metrics: measured numbers.
        limits: what they were neither trained nor tested on.
        note: for readers.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    architecture: Literal["ltformer"]
    descriptor_dim: Literal[128, 256, 512]
    parameters: int
    mflop_per_patch: float
    sampling: PatchSampling
    orientation: Orientation
    radiometry_percentiles: tuple[float, float]
    trained_on: str
    licence: str
    training: Optional[TrainingRecord] = None
    onnx_sha256: Annotated[Optional[str], Field(pattern=r"^[0-9a-f]{64}$")] = None
    metrics: dict[str, Any] = Field(default_factory=dict)
    limits: str = ""
    note: str = ""


def weights_folder() -> Path:
    """Returns the folder `weights`: inside the package where a wheel put it, else beside it (repository, plugin)."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


def list_weights(folder: Path | None = None) -> list[WeightsSpec]:
    """Returns the cards in `folder` (by default the shipped ones), by name; unreadable ones are left out."""
    specs = []
    for card in sorted((folder or weights_folder()).glob("*.json")):
        try:
            specs.append(read_card(card))
        except WeightsError:
            continue
    return specs


def read_card(card: Path) -> WeightsSpec:
    """Returns what the .json card says.

    Raises:
        WeightsError: the card is missing, too large or not a card.
    """
    if not card.is_file():
        raise WeightsError(f"The weights have no card: '{card}' is missing.", "", _REBUILD)
    if card.stat().st_size > _MAX_CARD_BYTES:
        raise WeightsError(f"The card '{card.name}' is larger than {_MAX_CARD_BYTES} bytes.", "", _REBUILD)
    try:
        return TypeAdapter(WeightsSpec).validate_json(card.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "card"
        reason = f"'{field}': {first['msg']}."
        raise WeightsError(f"The card '{card.name}' is unusable.", reason, _REBUILD) from error


def load_weights(name_or_path: str) -> tuple[WeightsSpec, dict[str, Tensor]]:
    """Returns the card and the tensors of the shipped weights `name_or_path`, or of a .safetensors file.

    Raises:
        WeightsError: the file or its card is missing, too large, damaged, or does not fit the network.
    """
    path = find_weights(name_or_path)
    spec = read_card(path.with_suffix(".json"))
    content = _read(path, spec.sha256)
    if spec.radiometry_percentiles != STRETCH_PERCENTILES:
        low, high = STRETCH_PERCENTILES
        raise WeightsError(
            f"The weights '{path.name}' were trained with another contrast stretch.",
            f"Their card says percentiles {spec.radiometry_percentiles}, this version uses {low:g} and {high:g}.",
            "Train them anew with this version.",
        )
    return spec, _tensors(content, path.name, spec)


def load_onnx(name_or_path: str, spec: WeightsSpec) -> bytes:
    """Returns the network as ONNX that stands beside the weights `name_or_path` with the card `spec`.

    Raises:
        WeightsError: there is none, or it is too large, damaged, or another network's.
    """
    weights = find_weights(name_or_path)
    path = weights.with_suffix(".onnx")
    if spec.onnx_sha256 is None or not path.is_file():
        raise WeightsError(
            f"The weights '{spec.name}' have no ONNX file.",
            f"'{path.name}' is missing." if spec.onnx_sha256 else "Their card names none.",
            f"Make it by 'python -m training.onnx_model {weights}', or choose the backend 'auto' or 'torch'.",
        )
    return _read(path, spec.onnx_sha256)


def _read(path: Path, sha256: str) -> bytes:
    """Returns the content of a file whose card says this sha256."""
    size = path.stat().st_size
    if size > _MAX_BYTES:
        raise WeightsError(f"'{path.name}' has {size} bytes, the limit is {_MAX_BYTES}.", "", _REBUILD)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise WeightsError(
            f"The weights '{path.name}' are damaged or do not belong to their card.",
            f"Their sha256 is {digest[:12]}..., the card says {sha256[:12]}....",
            _REBUILD,
        )
    return content


def find_weights(name_or_path: str) -> Path:
    """Returns the .safetensors file of the shipped weights `name_or_path`, or of that path.

    Raises:
        WeightsError: there is none.
    """
    path = Path(name_or_path)
    if path.suffix == ".safetensors":
        if path.is_file():
            return path
        raise WeightsError(f"The weights file '{name_or_path}' does not exist.", "", "Check the path.")
    shipped = weights_folder() / f"{path.name}.safetensors"
    if path.name == name_or_path and shipped.is_file():
        return shipped
    known = ", ".join(spec.name for spec in list_weights()) or "none"
    raise WeightsError(
        f"There are no weights '{name_or_path}'.",
        f"Shipped: {known}.",
        "Give one of these names or the path of a .safetensors file.",
    )


def _tensors(content: bytes, file: str, spec: WeightsSpec) -> dict[str, Tensor]:
    # torch is imported in functions so that cards can be read, and RootSIFT used, without it.
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load  # noqa: PLC0415

    try:
        tensors = load(content)
    except (SafetensorError, ValueError) as error:
        raise WeightsError(f"'{file}' is not a safetensors file: {error}.", "", _REBUILD) from error
    _check(tensors, file, spec.descriptor_dim)
    return tensors


def _check(tensors: dict[str, Tensor], file: str, descriptor_dim: int) -> None:
    import torch

    from .network import expected_shapes  # noqa: PLC0415

    have = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    want = expected_shapes(descriptor_dim)
    if have != want:
        wrong = sorted(name for name in have.keys() | want.keys() if have.get(name) != want.get(name))
        reason = f"The first tensor that is missing, unknown or of another shape is '{wrong[0]}'."
        raise WeightsError(f"'{file}' does not fit LTFormer d{descriptor_dim}.", reason, _REBUILD)
    if not all(each.dtype == torch.float32 and bool(torch.isfinite(each).all()) for each in tensors.values()):
        raise WeightsError(f"'{file}' holds other things than finite float32 numbers.", "", _REBUILD)


def save_weights(tensors: dict[str, Tensor], descriptor_dim: int, facts: dict[str, Any], folder: Path) -> WeightsSpec:
    """Returns the card of `tensors`, written with them into `folder` as NAME.safetensors and NAME.json.

    Args:
        tensors: finite float32 ones, with names and shapes of the network's weights.
        descriptor_dim: width of the descriptor.
        facts: the card's fields that the tensors do not tell: name, sampling, orientation, trained_on, licence and,
            if known, training, metrics, limits, note.
        folder: where to write; made if absent.

    Raises:
        WeightsError: the tensors do not fit the network.
        InputError: a fact is missing, unknown or out of range.
        OutputError: the files cannot be written.
    """
    from safetensors.torch import save  # noqa: PLC0415

    from .network import parameters_and_mflop  # noqa: PLC0415

    _check(tensors, str(facts.get("name")), descriptor_dim)
    content = save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})
    try:
        sampling = TypeAdapter(PatchSampling).validate_python(facts.get("sampling"))
        parameters, mflop = parameters_and_mflop(descriptor_dim, sampling.patch_px)
        measured = {
            "file": f"{facts.get('name')}.safetensors",
            "sha256": hashlib.sha256(content).hexdigest(),
            "architecture": "ltformer",
            "descriptor_dim": descriptor_dim,
            "parameters": parameters,
            "mflop_per_patch": round(mflop, 2),
            "radiometry_percentiles": STRETCH_PERCENTILES,
        }
        spec = TypeAdapter(WeightsSpec).validate_python({**facts, **measured})
    except ValidationError as error:
        raise settings_error(error) from error
    with atomic_path(folder / spec.file) as temporary:
        temporary.write_bytes(content)
    save_card(spec, folder)
    return spec


def save_onnx(content: bytes, spec: WeightsSpec, folder: Path) -> Path:
    """Returns the path of the network as ONNX, written beside its weights as NAME.onnx and named by their card.

    Raises:
        OutputError: a file cannot be written.
    """
    path = folder / f"{spec.name}.onnx"
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    save_card(replace(spec, onnx_sha256=hashlib.sha256(content).hexdigest()), folder)
    return path


def save_card(spec: WeightsSpec, folder: Path) -> None:
    """Writes the card into `folder`.

    Raises:
        OutputError: it cannot be written.
    """
    card = json.dumps(TypeAdapter(WeightsSpec).dump_python(spec, mode="json"), indent=2) + "\n"
    with atomic_path(folder / f"{spec.name}.json") as temporary:
        temporary.write_bytes(card.encode())
