"""Does the verdict tell right from wrong? Pairs of known truth and pairs that cannot match, from real scenes.

    LTFORMER_DATA=... .venv/bin/python -m benchmarks.verdict --split val

Each scene's red band is the reference. Right pairs: its NIR band turned by any angle, scaled by 0.7 to 1.4 and shifted,
without georeference; and shifted by up to 20 px with a georeference that does not know. Wrong pairs: the NIR band of
another place, the mirrored band, noise. Writes benchmarks/results/verdict-SPLIT-DESCRIPTOR.json.
Failures are counted, never dropped.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from ltcore.config import FeatureConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.errors import LtcoreError
from ltcore.geometry.transforms import apply_matrix
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.raster.read import grid_of, open_raster, plain_view
from ltcore.result import RegistrationResult, TransformFit
from ltcore.versions import versions
from tests.data.make_rasters import make_raster

_MIN_SIDE_PX = 150
_NODATA = -9999.0
_HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV's frame to pixel-edge


@dataclass(frozen=True)
class Scene:
    """Red and NIR band of one place, and its georeference where it has one."""

    name: str
    place: str
    red: NDArray[np.float32]
    nir: NDArray[np.float32]
    georeference: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One pair: what it is, its sensed image, and the truth (sensed px -> reference px), None if it must fail."""

    kind: str
    scene: Scene
    sensed: NDArray[np.float32]
    truth: Optional[NDArray[np.float64]]
    georeferenced: bool


def scenes(data: Path, split: str) -> list[Scene]:
    """Returns the scenes of a split that are at least 150 px a side."""
    with (data / "chips" / "index.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == split and "scenes/" in row["file"]]
    found = []
    for row in rows:
        if min(int(row["width"]), int(row["height"])) < _MIN_SIDE_PX:
            continue
        path, names = data / "chips" / row["file"], row["bands"].split(",")
        dataset = open_raster(RasterSource(path))
        grid = grid_of(dataset)
        views = (plain_view(dataset, RasterSource(path, names.index(band) + 1)) for band in ("R", "NIR"))
        red, nir = (np.array(view.read(view.full_window).values) for view in views)
        epsg = int(row["epsg"]) if row["epsg"] and grid.is_georeferenced else None
        georeference = {"geotransform": grid.geotransform, "epsg": epsg} if epsg else {}
        found.append(Scene(path.stem, row["place"], red, nir, georeference))
    return found


def cases(found: list[Scene], seed: int) -> Iterator[Case]:
    """Yields all pairs of a list of scenes."""
    random = np.random.default_rng(seed)
    for number, scene in enumerate(found):
        height, width = scene.nir.shape
        turned = _similarity(random, width, height)
        yield Case("right: turned", scene, _warped(scene.nir, turned), np.linalg.inv(turned), False)
        shift = np.eye(3)
        shift[:2, 2] = random.uniform(-20, 20, 2)
        if scene.georeference:
            yield Case("right: shifted", scene, _warped(scene.nir, shift), np.linalg.inv(shift), True)
        others = [other for other in found[number + 1 :] + found[:number] if other.place != scene.place]
        for georeferenced in {False, bool(scene.georeference)}:
            for other in others[:2]:
                resized = cv2.resize(other.nir, (width, height), interpolation=cv2.INTER_AREA)
                yield Case("wrong: other place", scene, resized, None, georeferenced)
            yield Case("wrong: mirrored", scene, scene.nir[:, ::-1].copy(), None, georeferenced)
            noise = random.normal(100, 20, scene.red.shape).astype(np.float32)
            yield Case("wrong: noise", scene, noise, None, georeferenced)


def _similarity(random: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    angle, scale = random.uniform(0, 2 * np.pi), random.uniform(0.7, 1.4)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    centre = np.array([width / 2, height / 2])
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    matrix[:2, 2] = centre - matrix[:2, :2] @ centre + random.uniform(-0.1, 0.1, 2) * [width, height]
    return matrix


def _warped(image: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Returns the image moved by a matrix (pixel-edge), nodata where it shows nothing."""
    centred = (np.linalg.inv(_HALF) @ matrix @ _HALF)[:2]
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(image, centred, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpAffine(np.ones_like(image), centred, size, flags=cv2.INTER_LINEAR)
    return np.where(seen < 0.999, np.float32(_NODATA), moved)


def run_case(case: Case, config: RegistrationConfig, folder: Path) -> dict[str, Any]:
    """Returns one row of the results."""
    how = case.scene.georeference if case.georeferenced else {}
    reference = make_raster(folder / "reference.tif", case.scene.red, nodata=_NODATA, **how)
    sensed = make_raster(folder / "sensed.tif", case.sensed, nodata=_NODATA, **how)
    job = RegistrationJob(RasterSource(reference), RasterSource(sensed), folder, config=config)
    start = time.perf_counter()
    row: dict[str, Any] = {"kind": case.kind, "scene": case.scene.name, "georeferenced": case.georeferenced}
    try:
        result = register(job, NullProgress())
    except LtcoreError as error:
        return {**row, "verdict": "ERROR", "reason": str(error)}
    quality = result.quality
    return {
        **row,
        "verdict": quality.verdict,
        "reason": quality.reasons[0],
        "error_px": _error_px(result, case),
        "structure": quality.structure,
        "coverage": quality.coverage,
        "inliers": quality.inliers,
        "heldout_rmse_px": quality.heldout_rmse_px,
        "descriptor": result.provenance["descriptor"],
        "seconds": round(time.perf_counter() - start, 2),
    }


def _error_px(result: RegistrationResult, case: Case) -> Optional[float]:
    """Returns the RMSE over the middle 80 % of the sensed image against the truth."""
    if case.truth is None or not isinstance(result.fit, TransformFit):
        return None
    height, width = case.sensed.shape
    x, y = np.meshgrid(np.linspace(0.1, 0.9, 10) * width, np.linspace(0.1, 0.9, 10) * height)
    grid = np.column_stack([x.ravel(), y.ravel()])
    error = result.fit.transform(grid) - apply_matrix(case.truth, grid)
    return round(float(np.sqrt((error**2).sum(axis=1).mean())), 4)


def summarised(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns counts of verdicts a kind, and median and 90 % quantile of the error, a failure counting as infinite."""
    summary: dict[str, Any] = {}
    for kind in sorted({row["kind"] for row in rows}):
        part = [row for row in rows if row["kind"] == kind]
        verdicts = {name: sum(row["verdict"] == name for row in part) for name in ("PASS", "WARN", "FAIL", "ERROR")}
        summary[kind] = {"pairs": len(part), **verdicts}
        if kind.startswith("right"):
            kept = [row["error_px"] if row["verdict"] in ("PASS", "WARN") else np.inf for row in part]
            median, high = np.quantile(kept, [0.5, 0.9], method="higher")
            summary[kind].update(
                error_px_median=_finite(median),
                error_px_90=_finite(high),
                wrong_pass=sum(row["verdict"] == "PASS" and row["error_px"] > 2 for row in part),
            )
    return summary


def _finite(value: float) -> Optional[float]:
    return float(value) if np.isfinite(value) else None


@click.command()
@click.option("--split", type=click.Choice(["val", "test"]), default="val", show_default=True)
@click.option("--descriptor", type=click.Choice(["ltformer", "rootsift"]), default="ltformer", show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(split: str, descriptor: str, seed: int) -> None:
    """Runs all pairs of a split and writes the results."""
    folder = os.environ.get("LTFORMER_DATA")
    if not folder or not (Path(folder) / "chips" / "index.csv").is_file():
        sys.exit("Set LTFORMER_DATA to the folder that holds chips/index.csv.")
    config = RegistrationConfig(features=FeatureConfig(descriptor=descriptor))  # type: ignore[arg-type]  # click chose
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for case in cases(scenes(Path(folder), split), seed):
            rows.append(run_case(case, config, Path(temporary)))
            shown = ("kind", "scene", "verdict", "error_px", "structure")
            print({name: rows[-1].get(name) for name in shown}, flush=True)
    report = {"split": split, "seed": seed, "descriptor": descriptor, "versions": versions()}
    report.update(summary=summarised(rows), rows=rows)
    out = Path(__file__).parent / "results" / f"verdict-{split}-{descriptor}.json"
    out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["summary"], indent=1))


if __name__ == "__main__":
    main()
