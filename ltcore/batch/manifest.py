"""The manifest of a batch: a CSV file with a pair a row.

Columns: `reference` and `sensed` (paths; relative ones begin in the manifest's folder), `id` (name of the pair's
folder, by default `pair-000001`, ... by row) and the options of `ltcore register` by their names; an empty cell is the
option's default. The file may come from anybody: it names rasters to be read, and nothing in it reaches beyond the
output folder.
"""

from __future__ import annotations

import copy
import csv
import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import RegistrationJob, job_from_json
from ..errors import InputError
from ..pair_options import STAGES, plain_setting, read_settings

MAX_PAIRS = 100_000
MAX_BYTES = 256 * 2**20
_MAX_CELL = 4096  # characters; no path of any system is longer

_REQUIRED = ("reference", "sensed")
_PAIR_COLUMNS = (*_REQUIRED, "id", "reference_band", "sensed_band", "aoi", "config")
_SETTINGS = {option: stage for option, stage in STAGES.items() if option != "overwrite"}  # that is of the run
COLUMNS = (*_PAIR_COLUMNS, *_SETTINGS)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names of devices on Windows
_GDAL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+:")  # a subdataset, NETCDF:"file.nc":red; two letters: not a drive
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Pair:
    """One row: the name of the pair's folder, and what to do."""

    id: str
    job: RegistrationJob


def read_manifest(path: Path, out_dir: Path) -> tuple[Pair, ...]:
    """Returns the pairs of a manifest, at least one; whether their rasters exist is seen where they are read.

    Args:
        path: the CSV file: UTF-8, commas.
        out_dir: each pair's outputs go to its folder `out_dir`/ID.

    Raises:
        InputError: the file cannot be read or is no manifest; it names the first row that cannot be used.
    """
    pairs: list[Pair] = []
    known: dict[str, int] = {}  # folded id -> row
    inputs: list[tuple[int, Path]] = []
    for row, cells in _rows(path):
        pair = _pair(row, cells, path.absolute().parent, out_dir.absolute(), len(pairs) + 1)
        first = known.setdefault(pair.id.casefold(), row)  # some file systems do not tell A from a
        if first != row:
            raise _row_error(row, f"its id '{pair.id}' is that of row {first} already", "Give each pair its own id.")
        if len(pairs) == MAX_PAIRS:
            raise InputError(f"'{path.name}' has more than {MAX_PAIRS} pairs.", "", "Split it into several manifests.")
        pairs.append(pair)
        inputs += [(row, source.path) for source in (pair.job.reference, pair.job.sensed)]
    if not pairs:
        raise InputError(f"'{path.name}' names no pair.", "", "Add a row for each pair.")
    _check_no_input_is_an_output(inputs, out_dir, known)
    return tuple(pairs)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields (row as a spreadsheet counts, column -> cell) of the rows that are not empty."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(
                f"'{path.name}' has {size} bytes, the limit is {MAX_BYTES}.", "", "Split it into several manifests."
            )
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from _read(stream, path.name)
    except UnicodeDecodeError as error:
        raise InputError(
            f"'{path.name}' is not UTF-8 text.", f"{error.reason.capitalize()}.", "Save it as CSV in UTF-8."
        ) from error
    except OSError as error:
        raise InputError(f"The manifest '{path}' could not be read.", f"The system says: {error.strerror}.") from error


def _read(stream: Any, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(stream, strict=True)
    try:
        columns = _columns(next(reader, []), name)
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                raise _row_error(number, f"it has {len(cells)} cells, the first row has {len(columns)}")
            row = {column: cell.strip() for column, cell in zip(columns, cells)}
            for column, cell in row.items():
                if len(cell) > _MAX_CELL or _CONTROL.search(cell):
                    raise _row_error(number, f"'{column}' has control characters or more than {_MAX_CELL} characters")
            yield number, row
    except csv.Error as error:
        raise InputError(f"'{name}' is not a CSV file.", f"Line {reader.line_num}: {error}.") from error


def _columns(header: list[str], name: str) -> list[str]:
    columns = [cell.strip().replace("-", "_") for cell in header]
    known = f"Known are {', '.join(COLUMNS)}."
    for column in columns:
        if column not in COLUMNS:
            raise InputError(f"'{name}' has a column '{column[:80]}' that means nothing here.", known, _REMEDY)
        if columns.count(column) > 1:
            raise InputError(f"'{name}' has the column '{column}' twice.", "", "Remove one.")
    missing = [column for column in _REQUIRED if column not in columns]
    if missing:
        raise InputError(f"'{name}' has no column '{missing[0]}'.", known, _REMEDY)
    return columns


_REMEDY = "The first row holds the names of the columns, separated by commas."


def _pair(row: int, cells: dict[str, str], home: Path, out_dir: Path, number: int) -> Pair:
    given = {column: cell for column, cell in cells.items() if cell}
    missing = [column for column in _REQUIRED if column not in given]
    if missing:
        raise _row_error(row, f"'{missing[0]}' is empty")
    pair_id = given.get("id", f"pair-{number:06d}")
    if not _ID.fullmatch(pair_id) or pair_id.endswith(".") or _RESERVED.fullmatch(pair_id):
        raise _row_error(
            row,
            f"its id {pair_id!r} cannot be the name of a folder everywhere",
            "Use at most 80 letters of A to Z, digits, '.', '_' and '-', beginning with a letter or digit.",
        )
    values = {
        "reference": {"path": _path(given["reference"], home), "band": given.get("reference_band", "luminance")},
        "sensed": {"path": _path(given["sensed"], home), "band": given.get("sensed_band", "1")},
        "out_dir": str(out_dir / pair_id),
        "aoi": _path(given["aoi"], home) if "aoi" in given else None,
    }
    try:
        return Pair(pair_id, job_from_json({**values, "config": _config(given, home)}))
    except InputError as error:
        raise InputError(
            f"Row {row} of the manifest cannot be used.", f"{error.what} {error.why}", error.fix
        ) from error


def _config(given: dict[str, str], home: Path) -> dict[str, dict[str, Any]]:
    """Returns the settings of a row: its cells, then its settings file, then defaults."""
    config = copy.deepcopy(_settings_of(_path(given["config"], home))) if "config" in given else {}
    for column in given.keys() & _SETTINGS.keys():
        is_file = column == "weights" and given[column].endswith(".safetensors")
        value = _path(given[column], home) if is_file else plain_setting(column, given[column])
        config.setdefault(_SETTINGS[column], {})[column] = value
    config.setdefault("output", {})["overwrite"] = True  # a lost worker may leave half of a folder
    return config


@functools.lru_cache(maxsize=8)
def _settings_of(path: str) -> dict[str, dict[str, Any]]:
    return read_settings(Path(path))


def _path(cell: str, home: Path) -> str:
    return cell if _GDAL_NAME.match(cell) else os.path.normpath(home / cell)


def _check_no_input_is_an_output(inputs: list[tuple[int, Path]], out_dir: Path, ids: dict[str, int]) -> None:
    """A batch has no order, so no pair may use what another writes, nor may it be overwritten."""
    root = Path(os.path.normpath(out_dir.absolute()))
    for row, path in inputs:
        if root in path.parents and path.relative_to(root).parts[0].casefold() in ids:
            raise _row_error(row, f"its raster '{path}' lies where this batch writes", "Choose another output folder.")


def _row_error(row: int, why: str, fix: str = "") -> InputError:
    return InputError(f"Row {row} of the manifest cannot be used:", f"{why}.", fix)
