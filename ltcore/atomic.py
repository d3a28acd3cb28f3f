"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import LtcoreError, OutputError
from .lock import locked

SIDECARS = (".aux.xml", ".ovr", ".msk", "-wal", "-shm", "-journal")  # beside a raster or a GeoPackage


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Gives a temporary path in the folder of `path`; renames it to `path` if all goes well, else removes it.

    The file is flushed to the disk before it is renamed. Files that programs put beside the temporary one
    (statistics, journals) are removed, and so are those beside an older file at `path`.

    Raises:
        OutputError: the folder or the file cannot be written, or another run is writing the file.
    """
    # The same for every run, so that the next one finds what a killed one left; short, as names have a limit.
    temporary = path.with_name(f".ltcore-{zlib.crc32(path.name.encode(errors='surrogateescape')):08x}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(temporary.with_suffix(".ltcore-lock"), path):
            _remove(temporary)  # of a run that was killed; some drivers refuse to make a file that is there
            try:
                yield temporary
                _publish(temporary, path)
            finally:
                _remove(temporary)
    except LtcoreError:
        raise
    except OSError as error:
        raise write_error(path, error) from error


def _remove(temporary: Path) -> None:
    for leftover in (temporary, *sidecars(temporary)):
        with suppress(OSError):
            leftover.unlink()


def _publish(temporary: Path, path: Path) -> None:
    with temporary.open("rb+") as written:
        os.fsync(written.fileno())
    temporary.replace(path)
    for stale in sidecars(path):
        stale.unlink(missing_ok=True)


def sidecars(path: Path) -> list[Path]:
    """Returns the paths, existing or not, of files that GDAL, QGIS or SQLite may put beside `path`."""
    return [path.with_name(path.name + suffix) for suffix in SIDECARS]


def write_error(path: Path, error: Exception) -> OutputError:
    """Returns an error that says why `path` could not be written and what to do."""
    reason = getattr(error, "strerror", None) or str(error)
    return OutputError(
        f"'{path.name}' could not be written.",
        f"The system says: {reason}.",
        "Check the folder, its rights and the free space, and whether another program has the file open.",
    )
