"""Runs the suite: `python -m benchmarks.descriptor --data FOLDER --comparators runs/A --comparators runs/B`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import cv2

from ltcore.errors import LtcoreError
from training.tiles import Split

from .open_set import OpenSetConfig
from .scenes import load_scenes
from .selection import select
from .suite import SuiteConfig, run_suite, write_report, write_rows

RESULTS = Path(__file__).resolve().parents[1] / "results"


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Index or its folder (else LTFORMER_DATA).")
@click.option("--split", type=click.Choice(["val", "test"]), default="test", show_default=True)
@click.option("--weights", multiple=True, default=["ltformer-d128"], show_default=True, help="Name or .safetensors.")
@click.option("--comparators", type=click.Path(path_type=Path), multiple=True, help="Run folder; may be repeated.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--warps", type=click.IntRange(1), default=3, show_default=True, help="Warps of each tile.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="JSON file; a table of pairs is put beside it.")
def main(
    data: Path | None, split: Split, weights: tuple[str, ...], comparators: tuple[Path, ...], **options: Any
) -> None:
    """Compares LTFormer with other descriptors; choose on val, report test."""
    cv2.setNumThreads(1)  # what can be done side by side is, by --threads
    path = options["out"] or RESULTS / f"descriptor-{split}.json"
    try:
        selection = select(weights, comparators, options["device"], options["threads"])
        val = load_scenes(data, "val")
        scenes = val if split == "val" else load_scenes(data, split)
        report, rows = run_suite(scenes, val, selection, SuiteConfig(OpenSetConfig(options["warps"])), click.echo)
        write_report({"split": split, "ours": selection.networks[0].name, **report}, path)
        write_rows(rows, path.with_name(f"{path.stem}-pairs.csv.gz"))
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path}: {sum(report['seconds'].values()):.0f} s")


if __name__ == "__main__":
    main()
