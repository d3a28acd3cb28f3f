"""Tiles in memory, and tiles of several splits packed in one file that needs no GDAL to be read.

`python -m training.pack INDEX --out tiles.safetensors` packs them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ltcore.atomic import atomic_path
from ltcore.errors import InputError, LtcoreError
from ltcore.types import FloatArray

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
PACKED_SUFFIX = ".safetensors"

_FORMAT = "ltformer-tiles-1"
_PARTS = {"visible": (torch.uint8, 3), "nir": (torch.uint8, 2), "keypoints": (torch.float32, 2)}  # type, dimensions


@dataclass(frozen=True)
class Tile:
    """A tile in memory, grey levels 0 to 255.

    Attributes:
        name: of its file, with its place in it where that is a window.
        visible: (V, H, W) float32: luminance first, then the visible bands, where they were kept.
        nir: (H, W) float32.
        xy: (K, 2) float64 pixel-edge positions of SIFT keypoints of luminance and NIR.
        size_px: (K,) their sizes.
    """

    name: str
    visible: Tensor
    nir: Tensor
    xy: FloatArray
    size_px: FloatArray


def save_tiles(tiles: Mapping[Split, Sequence[Tile]], path: Path) -> None:
    """Writes the tiles of some splits to one safetensors file, grey levels rounded to whole ones.

    Of the splits other than train only luminance and NIR are kept: nothing else of them is used.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    for split, members in tiles.items():
        for number, tile in enumerate(members):
            visible = tile.visible if split == "train" else tile.visible[:1]
            keypoints = np.column_stack([tile.xy, tile.size_px]).astype(np.float32)
            parts = {"visible": _grey_levels(visible), "nir": _grey_levels(tile.nir), "keypoints": keypoints}
            tensors.update({_key(split, number, part): torch.as_tensor(values) for part, values in parts.items()})
    names = {split: [tile.name for tile in members] for split, members in tiles.items()}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, {"format": _FORMAT, "names": json.dumps(names)})


def _grey_levels(values: Tensor) -> Tensor:
    return values.round().clamp(0, 255).to(torch.uint8).contiguous()


def _key(split: str, number: int, part: str) -> str:
    return f"{split}/{number:06d}/{part}"


def read_tiles(path: Path, split: Split) -> list[Tile]:
    """Returns the tiles of one split of a packed file, in the order in which they were packed.

    Raises:
        InputError: the file cannot be read, is no file of packed tiles, or holds none of the split.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise _no_tiles(path, f"Its format is {metadata.get('format', 'not named')}.")
            names = json.loads(metadata["names"]).get(split, [])
            tiles = [_read_tile(file, _key(split, number, ""), str(name)) for number, name in enumerate(names)]
    except (OSError, SafetensorError, ValueError, KeyError, AttributeError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise _no_tiles(path, f"{error}.") from error
    if not tiles:
        raise InputError(f"'{path}' has no tile of the split '{split}'.", "", f"Pack it with --split {split}.")
    return tiles


def _read_tile(file: Any, prefix: str, name: str) -> Tile:
    parts: dict[str, Tensor] = {part: file.get_tensor(prefix + part) for part in _PARTS}
    for part, (kind, dimensions) in _PARTS.items():
        if parts[part].dtype != kind or parts[part].ndim != dimensions:
            raise ValueError(f"the {part} of '{name}' has the wrong shape or type")
    keypoints = parts["keypoints"].numpy().astype(np.float64)
    if parts["visible"].shape[0] < 1 or parts["visible"].shape[1:] != parts["nir"].shape or keypoints.shape[1] != 3:
        raise ValueError(f"the parts of '{name}' do not fit each other")
    if not np.isfinite(keypoints).all():
        raise ValueError(f"keypoints of '{name}' are not finite")
    return Tile(name, parts["visible"].float(), parts["nir"].float(), keypoints[:, :2], keypoints[:, 2])


def _no_tiles(path: Path, why: str) -> InputError:
    return InputError(f"'{path}' cannot be read as packed tiles.", why, "Make it with python -m training.pack.")


@click.command()
@click.argument("index", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write (.safetensors).")
@click.option("--split", "splits", type=click.Choice(SPLITS), multiple=True, default=["train", "val"], help="To pack.")
@click.option("--keypoints", type=int, default=1500, show_default=True, help="SIFT keypoints a band of a train tile.")
def main(index: Path | None, out: Path, splits: tuple[Split, ...], keypoints: int) -> None:
    """Packs the tiles of an INDEX (a .csv, its folder, else LTFORMER_DATA) in one file, which --data accepts too."""
    from .tiles import find_index, load_tiles  # noqa: PLC0415 - tiles imports this module

    try:
        found = find_index(index)
        tiles = {split: load_tiles(found, split, keypoints if split == "train" else 1) for split in splits}
        save_tiles(tiles, out)
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error
    counts = ", ".join(f"{len(each)} {split}" for split, each in tiles.items())
    click.echo(f"{out}: {counts} tiles, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
