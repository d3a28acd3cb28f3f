"""Import of a checkpoint of the LTFormer authors, of which a user has a copy: their .pth to our .safetensors and card.

Their network is the same small PVT v2; its state dict has patch_embed{i}, block{i} and norm{i} of the stages i = 1 to
4. It has no BatchNorm before the L2 norm, so the head gets statistics that change nothing.

A .pth is a pickle and may hold code. It is read with `weights_only`, only in the ZIP form that torch.save has written
since PyTorch 1.6 (readers of older forms have had holes), and only if it unpacks to no more than a checkpoint can need.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import WeightsError
from ..features.patches import PatchSampling
from .weights import WeightsSpec, save_weights

if TYPE_CHECKING:
    from torch import Tensor

# As published: 2 x 128 px reduced to 128 x 128, whatever the keypoint's size.
PUBLISHED_SAMPLING = PatchSampling(min_half_width_px=128.0, max_half_width_px=128.0, patch_px=128, foveation=0.0)

_MAX_BYTES = 256 * 2**20  # d512 with both moments of an Adam optimiser takes about 140 MiB
_ZIP_START = b"PK\x03\x04"
_WRAPPERS = ("state_dict", "model_state_dict", "model")  # keys under which training scripts keep the state dict
_PARALLEL = "module."  # what DataParallel puts before each name
_LAST_NORM = "norm4.weight"  # as long as the descriptor
_SAVE_ANEW = "Save the network's state_dict() alone with torch.save, and import that file."
_LIMITS = "Trained by others, on images prepared in another way than by ltcore; not measured by this project."
_OTHER = "Give a checkpoint of LTFormer d128, d256 or d512."

_OUR_NAME = re.compile(r"stages\.(\d)\.(embed|norm|blocks\.\d)\.?(.*)")
_UPSTREAM_PARTS = {
    "conv.": "proj.",
    "attention.reduce.": "attn.sr.",
    "attention.": "attn.",
    "mlp.depthwise.": "mlp.dwconv.dwconv.",
}


def import_upstream(path: Path, facts: dict[str, Any], folder: Path) -> WeightsSpec:
    """Returns the card of an upstream checkpoint, written with its weights into `folder`.

    Args:
        path: .pth file.
        facts: the card's name, and what differs from the published use: sampling, orientation, trained_on, licence.
        folder: where to write NAME.safetensors and NAME.json; made if absent.

    Raises:
        WeightsError: the file is missing, too large, damaged, holds other things than tensors, or another network.
        InputError: a fact is unknown or out of range.
        OutputError: the files cannot be written.
    """
    tensors, descriptor_dim = read_upstream(path)
    known = {
        "sampling": PUBLISHED_SAMPLING,
        "orientation": "upright",
        "trained_on": "unknown",
        "licence": "unknown: the user's own copy",
        "limits": _LIMITS,
        "note": f"Imported from '{path.name}'.",
    }
    return save_weights(tensors, descriptor_dim, {**known, **facts}, folder)


def read_upstream(path: Path) -> tuple[dict[str, Tensor], int]:
    """Returns the tensors of an upstream checkpoint under our names, and the width of its descriptor.

    Raises:
        WeightsError: the file is missing, too large, damaged, holds other things than tensors, or another network.
    """
    import torch

    from .network import LTFormer, expected_shapes  # noqa: PLC0415 - torch is imported only where it is needed

    state = _state_dict(_load(path), path.name)
    descriptor_dim = _descriptor_dim(state, path.name)
    wanted = {name: shape for name, shape in expected_shapes(descriptor_dim).items() if name.startswith("stages.")}
    _check(state, {upstream_name(name): shape for name, shape in wanted.items()}, path.name)
    tensors = {name: state[upstream_name(name)].detach().float().contiguous() for name in wanted}
    with torch.device("meta"):
        eps = LTFormer(descriptor_dim).head.eps
    tensors["head.running_mean"] = torch.zeros(descriptor_dim)
    tensors["head.running_var"] = torch.full((descriptor_dim,), 1.0 - eps)  # the head divides by sqrt(variance + eps)
    return tensors, descriptor_dim


def upstream_name(name: str) -> str:
    """Returns what the authors' network calls a tensor of ours, such as "block1.0.attn.sr.weight"."""
    parts = _OUR_NAME.fullmatch(name)
    if parts is None:
        raise ValueError(f"{name} is not in a stage")
    stage, place, rest = int(parts[1]) + 1, parts[2], parts[3]
    for ours, theirs in _UPSTREAM_PARTS.items():
        if rest.startswith(ours):
            rest = theirs + rest[len(ours) :]
            break
    if place.startswith("blocks."):
        return f"block{stage}.{place[len('blocks.') :]}.{rest}"
    return f"patch_embed{stage}.{rest}" if place == "embed" else f"norm{stage}.{rest}"


def _load(path: Path) -> Any:
    """Returns what the file holds: numbers, texts, tensors and containers of these."""
    import torch

    if not path.is_file():
        raise WeightsError(f"The checkpoint '{path}' does not exist.", "", "Check the path.")
    size = path.stat().st_size
    if size > _MAX_BYTES:
        raise WeightsError(f"'{path.name}' has {size} bytes, the limit is {_MAX_BYTES}.", "", _SAVE_ANEW)
    content = path.read_bytes()
    unpacked = _unpacked_bytes(content, path.name)
    if unpacked > _MAX_BYTES:
        raise WeightsError(f"'{path.name}' unpacks to {unpacked} bytes, the limit is {_MAX_BYTES}.", "", _SAVE_ANEW)
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        reason = "It is damaged, or holds other things than tensors, which could be code and are not run."
        raise WeightsError(f"'{path.name}' cannot be read safely.", reason, _SAVE_ANEW) from error


def _unpacked_bytes(content: bytes, file: str) -> int:
    try:
        if content.startswith(_ZIP_START):
            return sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(content)).infolist())
        raise zipfile.BadZipFile("another start")
    except Exception as error:  # zipfile has many ways to stumble over a damaged file
        reason = "It is not the ZIP file that torch.save has written since PyTorch 1.6, or it is not whole."
        raise WeightsError(f"'{file}' is not a PyTorch checkpoint.", reason, _SAVE_ANEW) from error


def _state_dict(loaded: Any, file: str) -> dict[str, Any]:
    """Returns the state dict in a checkpoint, whatever it is wrapped in, without the prefix of DataParallel."""
    if isinstance(loaded, dict):
        loaded = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), dict)), loaded)
    if not isinstance(loaded, dict) or not loaded or not all(isinstance(name, str) for name in loaded):
        raise WeightsError(f"'{file}' holds no state dict of a network.", "", _SAVE_ANEW)
    return {name[len(_PARALLEL) :] if name.startswith(_PARALLEL) else name: value for name, value in loaded.items()}


def _descriptor_dim(state: dict[str, Any], file: str) -> int:
    from .network import WIDTHS  # noqa: PLC0415

    shape = tuple(getattr(state.get(_LAST_NORM), "shape", ()))
    if len(shape) == 1 and shape[0] in WIDTHS:
        return int(shape[0])
    found = f"has the shape {shape}" if _LAST_NORM in state else "is missing"
    raise WeightsError(f"'{file}' is not a checkpoint of LTFormer.", f"The tensor '{_LAST_NORM}' {found}.", _OTHER)


def _check(state: dict[str, Any], wanted: dict[str, tuple[int, ...]], file: str) -> None:
    """Refuses a state dict that is not, name by name, the wanted one in finite numbers."""
    problem = next((name for name in [*wanted, *state] if _problem(name, state, wanted)), None)
    if problem is not None:
        reason = f"The tensor {problem[:80]!a} {_problem(problem, state, wanted)}."
        raise WeightsError(f"'{file}' is not a checkpoint of LTFormer.", reason, _OTHER)


def _problem(name: str, state: dict[str, Any], wanted: dict[str, tuple[int, ...]]) -> str:
    """Returns what is wrong with a tensor, in words, or an empty text."""
    import torch

    if name not in state:
        return "is missing"
    if name not in wanted:
        return "is unknown"
    tensor = state[name]
    if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.device.type != "cpu":
        return "is no plain tensor"
    if tuple(tensor.shape) != wanted[name]:
        return f"has the shape {tuple(tensor.shape)} instead of {wanted[name]}"
    if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        return f"holds numbers of the type {tensor.dtype}"
    return "" if bool(torch.isfinite(tensor.float()).all()) else "holds numbers that are not finite"
