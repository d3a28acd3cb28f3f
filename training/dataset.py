"""Makes an index of co-registered rasters to train on: `python -m training.dataset FOLDER --out INDEX.csv`."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ltcore.atomic import atomic_path
from ltcore.errors import InputError, LtcoreError
from ltcore.refine import WINDOW_PX
from ltcore.terminal import TerminalProgress

from .chips import check_bands
from .inventory import RASTER_SUFFIXES, Patterns, find_rasters
from .pack import SPLITS
from .survey import Candidate, SplitOptions, SurveyOptions, split_candidates, survey, without_partner
from .tiles import CLEAR_PEAK, COLUMNS

_OPTIONAL = ("nir_file", "col_off", "row_off", "width", "height", "reason")
_LISTED = 20  # left-out files that are named; the index names all


def write_index(index: Path, candidates: Sequence[Candidate]) -> None:
    """Writes the index: a row a candidate, with files relative to the index where they lie under its folder.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_path(index) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *_OPTIONAL], lineterminator="\n")
        writer.writeheader()
        writer.writerows(_row(candidate, index.parent) for candidate in candidates)


def _row(candidate: Candidate, folder: Path) -> dict[str, str]:
    chip = candidate.chip
    column, row = ("", "") if chip.window is None else map(str, chip.window[:2])
    return {
        "file": _written(chip.path, folder),
        "split": chip.split,
        "place": chip.place,
        "bands": ",".join(chip.bands),
        "red_nir_dx_px": f"{chip.offset_px[0]:.3f}",
        "red_nir_dy_px": f"{chip.offset_px[1]:.3f}",
        "peak_z": f"{chip.peak_z:.2f}",
        "nir_file": "" if chip.nir_path is None else _written(chip.nir_path, folder),
        "col_off": column,
        "row_off": row,
        "width": str(candidate.size_px[0]),
        "height": str(candidate.size_px[1]),
        "reason": candidate.reason,
    }


def _written(path: Path, folder: Path) -> str:
    relative = Path(os.path.relpath(path.absolute(), folder.absolute()))
    return path.absolute().as_posix() if ".." in relative.parts else relative.as_posix()


def report(candidates: Sequence[Candidate], console: Console) -> None:
    """Writes what the index holds: splits, bands, offsets, and what is left out and why."""
    used = [candidate for candidate in candidates if not candidate.reason]
    table = Table("split", "places", "tiles", "megapixels", title="Index")
    for split in SPLITS:
        members = [candidate for candidate in used if candidate.chip.split == split]
        pixels = sum(float(np.prod(candidate.size_px)) for candidate in members)
        table.add_row(split, str(len(_places(members))), str(len(members)), f"{pixels / 1e6:.2f}")
        if not members:
            need = "; three splits need at least 3" if len(_places(used)) < len(SPLITS) else ""
            console.print(f"[yellow]No tile for {split}: {len(_places(used))} place(s) in all{need}.")
    console.print(table)
    for (bands, how), count in Counter((",".join(each.chip.bands), each.bands_by) for each in used).items():
        console.print(f"Bands {bands}, {how}: {count} tiles.")
    if used:
        console.print(_offsets(used))
    left_out = [(candidate.chip.name, candidate.reason) for candidate in candidates if candidate.reason]
    if left_out:
        console.print(_left_out(left_out))


def _places(candidates: Sequence[Candidate]) -> set[str]:
    return {candidate.chip.place for candidate in candidates}


def _offsets(used: Sequence[Candidate]) -> str:
    clear = [float(np.hypot(*each.chip.offset_px)) for each in used if each.chip.peak_z >= CLEAR_PEAK]
    weak = len(used) - len(clear)
    text = "Offset of near infrared: "
    if clear:
        median, most = np.percentile(clear, [50, 90])
        text += f"median {median:.2f} px, 90 % under {most:.2f} px, of {len(clear)} tiles that are used. "
    return text + f"{weak} tiles have too little common structure to say; they are used."


def _left_out(rows: list[tuple[str, str]]) -> Table:
    caption = "" if len(rows) <= _LISTED else f"and {len(rows) - _LISTED} more: column 'reason' of the index"
    table = Table("file", "why", title=f"Left out: {len(rows)}", caption=caption)
    for name, reason in rows[:_LISTED]:
        table.add_row(escape(name), escape(reason))
    return table


def _bands(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    bands = tuple(name.strip() for name in value.split(","))
    try:
        check_bands(bands)
    except InputError as error:
        raise click.BadParameter(str(error)) from error
    return bands


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Index to write (.csv).")
@click.option("--bands", callback=_bands, help="Of every raster, such as B,G,R,NIR; - for a band that is not used.")
@click.option("--visible", help="Files of the visible bands, such as '*_RED.tif', where NIR has its own.")
@click.option("--nir", help="Files of near infrared, such as '*_NIR.tif'.")
@click.option("--place-regex", help="Its first group in a raster's name is the place (else the whole name is).")
@click.option("--val", type=click.FloatRange(0, 0.9), default=0.15, show_default=True, help="Share of pixels.")
@click.option("--test", type=click.FloatRange(0, 0.9), default=0.15, show_default=True, help="Share of pixels.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw of places.")
@click.option("--window", type=click.IntRange(2 * WINDOW_PX), default=1024, show_default=True, help="Largest side, px.")
@click.option("--max-windows", type=click.IntRange(1), default=16, show_default=True, help="Of one raster.")
@click.option("--split-rasters", is_flag=True, help="Take windows that do not touch, each a place of its own.")
@click.option("--overwrite", is_flag=True, help="Replace an index that is there.")
def main(folder: Path, out: Path, **options: Any) -> None:
    """Makes an index of the co-registered rasters in FOLDER (4 bands, R,G,NIR, or pairs of files) to train on.

    Misaligned, blank and unreadable rasters are left out and named. Rasters that overlap or touch on the ground are
    one place, and each place stands in one split. Nothing in FOLDER is changed.
    """
    try:
        _run(folder, out, options)
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error


def _run(folder: Path, out: Path, options: dict[str, Any]) -> None:
    if out.exists() and not options["overwrite"]:
        raise InputError(f"'{out}' is there already.", "", "Name another file, or add --overwrite.")
    if (options["visible"] is None) != (options["nir"] is None):
        raise InputError("Pairs of files need both --visible and --nir.")
    patterns = None if options["visible"] is None else Patterns(options["visible"], options["nir"])
    rasters, lonely = find_rasters(folder, patterns)
    if not rasters:
        raise InputError(f"'{folder}' holds no raster.", "", f"Suffixes: {', '.join(RASTER_SUFFIXES)}; see --visible.")
    taken = SurveyOptions(options["bands"], options["window"], options["max_windows"], options["split_rasters"])
    with TerminalProgress() as progress:
        surveyed = [*survey(rasters, taken, progress), *without_partner(lonely)]
    split = SplitOptions(options["place_regex"], options["val"], options["test"], options["seed"])
    candidates = split_candidates(surveyed, split)
    write_index(out, candidates)
    report(candidates, Console())
    if all(candidate.reason for candidate in candidates):
        raise InputError("Nothing is left to train on.", "", f"Column 'reason' of '{out}' says why.")


if __name__ == "__main__":
    main()
