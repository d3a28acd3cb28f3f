"""All files of a registration, written together: either every one of them appears in the folder, or nothing changes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Callable

from .atomic import sidecars, write_error
from .config import RegistrationJob
from .errors import InputError, LtcoreError, OutputError
from .gcp import gcp_set_from, write_gcps_vrt, write_points
from .progress import Progress, SubProgress, checkpoint
from .raster.tie_points import write_tie_points
from .raster.write import target_for, warp_raster
from .record import run_record, write_record
from .report import write_report
from .result import RegistrationResult, TransformFit
from .summary import all_files, planned_files

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_STAGING = ".ltcore-writing"
_LOCK = ".ltcore-lock"
_SHARES = {"warped": 0.7, "report": 0.2}  # of the time that writing takes; the others are quick


def check_out_dir(job: RegistrationJob) -> None:
    """Refuses, before any work, a folder that the outputs cannot or must not go to.

    Raises:
        InputError: it is a file, is not writable, holds earlier outputs that may not be overwritten, or an input
            would be overwritten.
    """
    folder = job.out_dir
    if folder.exists() and not folder.is_dir():
        raise InputError(f"The output folder '{folder}' is a file.", "", "Choose another folder.")
    inputs = {source.path.resolve() for source in (job.reference, job.sensed)}
    for path in _targets(folder):
        if path.resolve() in inputs:
            raise InputError(f"The input '{path}' would be overwritten.", "", "Choose another output folder.")
    existing = [path.name for path in _targets(folder) if path.exists()]
    if existing and not job.config.output.overwrite:
        raise InputError(
            f"The output folder '{folder}' already holds {', '.join(existing)}.",
            "",
            "Choose another folder, or allow overwriting (--overwrite).",
        )
    home = next((parent for parent in (folder, *folder.absolute().parents) if parent.exists()), folder)
    if not os.access(home, os.W_OK):
        raise InputError(f"The folder '{home}' is not writable.", "", "Choose another output folder.")


def write_outputs(result: RegistrationResult, progress: Progress) -> dict[str, Path]:
    """Writes all files of a registration into its folder and returns output name -> path.

    They are made in a hidden folder beside their final place and renamed at the end. Outputs of an earlier run that
    this one does not have are removed (only where overwriting is allowed). A file that is missing for a reason is
    explained by ltcore.summary.notes.

    Raises:
        InputError: see check_out_dir.
        OutputError: a file cannot be written, or another run is writing into the folder.
        CancelledError: the user cancelled; the folder is as before.
    """
    folder = result.job.out_dir
    check_out_dir(result.job)
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            check_out_dir(result.job)
            staging = folder / _STAGING
            shutil.rmtree(staging, ignore_errors=True)  # of a run that was killed
            staging.mkdir()
            try:
                names = _write_all(result, staging, progress)
                checkpoint(progress)
                _publish(staging, folder, names)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except BaseException as error:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError) and not isinstance(error, LtcoreError):
            raise write_error(Path(error.filename or folder), error) from error
        raise
    return {name: folder / file for name, file in names.items()}


def _targets(folder: Path) -> list[Path]:
    return [folder / file for file in all_files().values()]


def _write_all(result: RegistrationResult, staging: Path, progress: Progress) -> dict[str, str]:
    names = planned_files(result)
    writers: dict[str, Callable[[Path, Progress], None]] = {
        "tie_points": lambda path, _: write_tie_points(path, result),
        "points_file": lambda path, _: write_points(path, gcp_set_from(result), result.sensed_grid),
        "gcps_vrt": lambda path, _: write_gcps_vrt(
            path, gcp_set_from(result), result.job.sensed.path, home=result.job.out_dir
        ),
        "warped": lambda path, part: _write_warped(path, result, part),
        "report": lambda path, part: write_report(path, result, part),
        "record": lambda path, _: write_record(path, run_record(result, names)),
    }
    done = 0.0
    for name, file in names.items():
        checkpoint(progress)
        end = done + _SHARES.get(name, 0.02)
        progress.report(done, f"Writing {file}")
        writers[name](staging / file, SubProgress(progress, done, end))
        done = end
    return names


def _write_warped(path: Path, result: RegistrationResult, progress: Progress) -> None:
    if not isinstance(result.fit, TransformFit):
        raise OutputError("No warped raster was written.", "There is no transform.")
    transform, output = result.fit.transform, result.job.config.output
    target = target_for(output.grid, result.reference_grid, result.sensed_grid, transform)
    warp_raster(result.job.sensed.path, path, transform, target, output.resampling, progress)


def _publish(staging: Path, folder: Path, names: dict[str, str]) -> None:
    """Moves the new files into place and all older outputs away; on any error puts everything back."""
    retired = staging / "retired"
    retired.mkdir()
    moves: list[tuple[Path, Path]] = []
    try:
        for target in _targets(folder):
            for old in (target, *sidecars(target)):
                if old.exists():
                    _move(old, retired / old.name, moves)
        for file in names.values():
            _move(staging / file, folder / file, moves)
    except BaseException:
        for source, target in reversed(moves):
            with suppress(OSError):
                target.replace(source)
        raise


def _move(source: Path, target: Path, moves: list[tuple[Path, Path]]) -> None:
    moves.append((source, target))  # first: an interrupt may come right after the rename
    source.replace(target)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, which the system frees when a process dies."""
    path = folder / _LOCK
    with path.open("wb") as handle:
        if not _try_lock(handle, path):
            raise OutputError(
                f"Another run is writing into '{folder}'.", "", "Wait until it has ended, or choose another folder."
            )
        try:
            yield
        finally:
            if sys.platform != "win32":  # elsewhere while it is held, so that nobody else's is removed
                path.unlink(missing_ok=True)
    if sys.platform == "win32":  # where an open file cannot be removed, and a locked one neither
        with suppress(OSError):
            path.unlink()


def _try_lock(handle: IO[bytes], path: Path) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
            return True
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(handle.fileno()).st_ino == path.stat().st_ino  # else the last holder just removed it
    except OSError:
        return False
