"""The public VIS-NIR patch set, so that whoever has it can run the published protocol.

    .venv/bin/python -m benchmarks.descriptor.vis_nir --images nirscenes --patches csv --out vis-nir.json

Nine sequences of the nirscenes images (Brown and Suesstrunk, "Multispectral SIFT for scene category recognition",
CVPR 2011), and a CSV file a sequence that lists 64x64 patches (Aguilera et al., CVPR workshops 2016;
github.com/ngunsu/lcsis), with the columns

    rgb, nir          file names inside the folder of the sequence (there .ppm, made of the original .tiff)
    rgb_x, rgb_y      position in the visible image, counted from 1: the patch covers x - 31 to x + 32
    nir_x, nir_y      the same in the near-infrared one
    type              "positive": both show the same place; anything else: they do not

"country" is for training; the error is reported on the eight others, and their mean. Published means of networks
trained on "country": HyNet 1.41 %, SOSNet 1.97 %, HardNet 2.05 %.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from ltcore.errors import InputError, LtcoreError
from ltcore.types import FloatArray

from .methods import Image
from .retrieval import PATCH_PX, PatchPairs, fpr95, similarities
from .selection import Selection, select

SEQUENCES = ("country", "field", "forest", "indoor", "mountain", "oldbuilding", "street", "urban", "water")
TRAINED_ON = "country"
PUBLISHED_MEAN_PERCENT = {"HyNet": 1.41, "SOSNet": 1.97, "HardNet": 2.05}

_COLUMNS = ("rgb", "nir", "rgb_x", "rgb_y", "nir_x", "nir_y", "type")
_SUFFIXES = (".ppm", ".tiff", ".tif", ".png")
_PART = 4096  # pairs
_KEPT_IMAGES = 8
_BEFORE = PATCH_PX // 2  # pixels left of x and above y, x and y counted from 1 as in the files


def read_sequence(images: Path, table: Path) -> Iterator[PatchPairs]:
    """Yields the pairs of one sequence in parts of at most 4096: a sequence has up to 376 832 patches.

    Args:
        images: folder of its images.
        table: its CSV file.

    Raises:
        InputError: a file is missing or no such file, a column is missing, or a patch lies outside its image.
    """
    folder = ImageFolder(images)
    visible, nir, same = [], [], []
    for line, row in _rows(table):
        visible.append(_cut(folder.read(row["rgb"]), row, "rgb", line))
        nir.append(_cut(folder.read(row["nir"]), row, "nir", line))
        same.append(row["type"] == "positive")
        if len(same) == _PART:
            yield PatchPairs(np.stack(visible), np.stack(nir), np.array(same))
            visible, nir, same = [], [], []
    if same:
        yield PatchPairs(np.stack(visible), np.stack(nir), np.array(same))


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with table.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            missing = set(_COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise InputError(f"'{table.name}' has no column {', '.join(sorted(missing))}.")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"'{table}' cannot be read.", f"{error}.") from error


class ImageFolder:
    """Grey images of a folder; the last ones read are kept, since the rows of a table are sorted by image."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Image] = {}

    def read(self, name: str) -> Image:
        """Returns the (H, W) grey levels of an image, whatever the suffix it was converted to.

        Raises:
            InputError: it is missing or no image.
        """
        if name not in self._known:
            path = self._folder / Path(name or "-").name
            found = [each for each in map(path.with_suffix, _SUFFIXES) if each.is_file()]
            grey = cv2.imread(str(found[0]), cv2.IMREAD_GRAYSCALE) if found else None
            if grey is None:
                raise InputError(f"The image '{name}' is not in '{self._folder}', or cannot be read.")
            if len(self._known) >= _KEPT_IMAGES:
                self._known.pop(next(iter(self._known)))
            self._known[name] = np.asarray(grey, dtype=np.float32)
        return self._known[name]


def _cut(image: Image, row: dict[str, str], side: str, line: int) -> NDArray[np.float32]:
    try:
        x, y = int(float(row[f"{side}_x"])), int(float(row[f"{side}_y"]))
    except (TypeError, ValueError) as error:
        raise InputError(f"Line {line} has no position of the {side} patch.", f"{error}.") from error
    left, top = x - _BEFORE, y - _BEFORE
    patch = image[max(0, top) : top + PATCH_PX, max(0, left) : left + PATCH_PX]
    if patch.shape != (PATCH_PX, PATCH_PX):
        height, width = image.shape
        raise InputError(f"Line {line}: the {side} patch at {x}, {y} lies outside its image of {width} x {height} px.")
    return patch


def protocol(images: Path, tables: Path, selection: Selection) -> dict[str, Any]:
    """Returns the false positive rate at 95 % recall, percent, of each method for each sequence, and the mean of
    the eight that are not trained on.

    Raises:
        InputError: as `read_sequence`, or a sequence lacks pairs of the same place or of different ones.
    """
    errors: dict[str, dict[str, float]] = {method.name: {} for method in selection.real_valued}
    for sequence in SEQUENCES:
        same: list[NDArray[np.bool_]] = []
        scores: dict[str, list[FloatArray]] = {name: [] for name in errors}
        for part in read_sequence(images / sequence, tables / f"{sequence}.csv"):
            same.append(part.same)
            for method in selection.real_valued:
                scores[method.name].append(similarities(part, method))
        truth = np.concatenate([np.zeros(0, bool), *same])
        if not truth.any() or truth.all():
            raise InputError(f"The sequence '{sequence}' lacks pairs of the same place, or of different ones.")
        for name, parts in scores.items():
            errors[name][sequence] = round(100 * fpr95(np.concatenate(parts), truth), 3)
    for row in errors.values():
        row["mean"] = round(float(np.mean([row[each] for each in SEQUENCES if each != TRAINED_ON])), 3)
    return {"fpr95_percent": errors, "published_mean_percent": PUBLISHED_MEAN_PERCENT}


@click.command()
@click.option("--images", type=click.Path(path_type=Path), required=True, help="Folder with country/ ... water/.")
@click.option(
    "--patches", type=click.Path(path_type=Path), required=True, help="Folder with country.csv ... water.csv."
)
@click.option("--comparators", type=click.Path(path_type=Path), multiple=True, help="Run folder; may be repeated.")
@click.option("--weights", multiple=True, default=["ltformer-d128"], show_default=True, help="Name or .safetensors.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="JSON file of the errors.")
def main(
    images: Path, patches: Path, comparators: tuple[Path, ...], weights: tuple[str, ...], device: str, out: Path
) -> None:
    """Runs the published VIS-NIR protocol on files you have."""
    try:
        report = protocol(images, patches, select(weights, comparators, device))
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
