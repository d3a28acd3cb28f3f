"""Runs suites: `script/bench smallshift geometry --split val`; without names all of them."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Optional

import click
import cv2

from .ablation import parts
from .ecc import SiftEcc
from .methods import Method
from .opencv_peers import feature_peers
from .packaged_peers import packaged_peers
from .product import products
from .report import RESULTS, build_report, code_state, write_report
from .scenes import excluded_scenes
from .scoring import run

SUITES = ("smallshift", "geometry", "crossscene", "gsd", "orchard", "related", "unrelated", "noise")
_SHOWN = ("kind", "scene", "method", "verdict", "rmse_px", "model", "seconds")


@click.command()
@click.argument("suites", nargs=-1, type=click.Choice(SUITES))
@click.option("--split", type=click.Choice(["val", "test"]), default="val", show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Folder that holds chips/index.csv (else LTFORMER_DATA).")
@click.option("--only", multiple=True, help="Names of methods to run; may be repeated.")
@click.option("--seed", default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder of the results files.")
def main(suites: tuple[str, ...], split: str, data: Optional[Path], **options: Any) -> None:
    """Measures this product and its peers; choose on val, report test."""
    cv2.setNumThreads(1)  # CPU seconds of one thread can be compared
    folder = data or Path(os.environ.get("LTFORMER_DATA", "local-data"))
    if not (folder / "chips" / "index.csv").is_file():
        sys.exit("Set LTFORMER_DATA to the folder that holds chips/index.csv.")
    methods, unavailable, peer_versions = _methods(options["only"])
    facts = {"unavailable": unavailable, "versions": peer_versions, "code": code_state()}
    options["out"].mkdir(parents=True, exist_ok=True)
    for suite in suites or SUITES:
        rows = _rows(suite, folder, split, options["seed"], methods)
        if not rows:
            click.echo(f"{suite} has no pairs in {split}")
            continue
        excluded = [] if suite == "orchard" else excluded_scenes(folder, split)
        report = build_report(suite, split, options["seed"], rows, {**facts, "excluded": excluded})
        path = options["out"] / f"registration-{suite}-{split}.json"
        write_report(report, path)
        click.echo(path)


def _methods(only: tuple[str, ...]) -> tuple[list[Method], dict[str, str], dict[str, str]]:
    """Returns the methods to run, why the others are not (by name), and the versions of the peers' packages."""
    packaged, unavailable, peer_versions = packaged_peers()
    methods: list[Method] = [*products(), *parts(), *feature_peers(), SiftEcc(), *packaged]
    kept = [method for method in methods if not only or method.name in only]
    left_out = {method.name: "left out of this run (--only)" for method in methods if method not in kept}
    return kept, {**unavailable, **left_out}, peer_versions


def _rows(suite: str, data: Path, split: str, seed: int, methods: list[Method]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for pair in importlib.import_module(f".{suite}", __package__).pairs(data, split, Path(temporary), seed):
            for method in methods:
                if len(rows) < len(methods):
                    run(method, pair)  # warm: weights are read and kernels chosen before the first row
                rows.append(run(method, pair))
                click.echo("  ".join(str(rows[-1][name]) for name in _SHOWN))
    return rows


if __name__ == "__main__":
    main()
