"""A folder of outputs, written together: either every file of a run appears in it, or nothing changes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .atomic import sidecars, write_error
from .errors import InputError, LtcoreError
from .lock import locked
from .progress import Progress, SubProgress, checkpoint

Writer = Callable[[Path, Progress], None]
Writers = Mapping[str, Writer]

_STAGING = ".ltcore-writing"
_LOCK = ".ltcore-lock"
_RETIRED, _READY = "retired", "ready"  # older outputs, and the mark that all of them are there
_SHARES = {"warped": 0.7, "report": 0.2}  # of the time that writing takes; the others are quick


@dataclass(frozen=True)
class OutputFolder:
    """Where a run writes.

    Attributes:
        path: the folder; made if absent.
        files: names of all files that a run of its kind may write there.
        inputs: files that must not be overwritten.
        overwrite: whether outputs of an earlier run may be replaced.
    """

    path: Path
    files: tuple[str, ...]
    inputs: tuple[Path, ...]
    overwrite: bool

    @property
    def targets(self) -> list[Path]:
        """Paths of all files that may be written."""
        return [self.path / file for file in self.files]

    def check(self) -> None:
        """Refuses, before any work, a folder that the outputs cannot or must not go to.

        What a run that was killed left half done in it is brought to its end first.

        Raises:
            InputError: it is a file, is not writable, holds earlier outputs that may not be overwritten, or an input
                would be overwritten.
            OutputError: another run is writing into it.
        """
        if (self.path / _STAGING).is_dir():
            try:
                with locked(self.path / _LOCK, self.path):
                    _settle(self)
            except LtcoreError:
                raise
            except OSError as error:
                raise write_error(self.path, error) from error
        self._refuse()

    def _refuse(self) -> None:
        folder = self.path
        if folder.exists() and not folder.is_dir():
            raise InputError(f"The output folder '{folder}' is a file.", "", "Choose another folder.")
        inputs = {os.path.realpath(path) for path in self.inputs}  # Path.resolve cannot end a circle of links
        for path in self.targets:
            if os.path.realpath(path) in inputs:
                raise InputError(f"The input '{path}' would be overwritten.", "", "Choose another output folder.")
        existing = [path.name for path in self.targets if path.exists()]
        if existing and not self.overwrite:
            raise InputError(
                f"The output folder '{folder}' already holds {', '.join(existing)}.",
                "",
                "Choose another folder, or allow overwriting (--overwrite).",
            )
        home = next((parent for parent in (folder, *folder.absolute().parents) if parent.exists()), folder)
        if not os.access(home, os.W_OK):
            raise InputError(f"The folder '{home}' is not writable.", "", "Choose another output folder.")

    def write(self, names: dict[str, str], writers: Writers, progress: Progress) -> dict[str, Path]:
        """Writes files and returns output name -> path.

        They are made in a hidden folder beside their final place and renamed at the end. Outputs of an earlier run
        that this one does not have are removed (only where overwriting is allowed).

        Args:
            names: output name -> file name, in the order of writing.
            writers: what makes the file of an output name, given its temporary path.
            progress: told of each file.

        Raises:
            InputError: see check.
            OutputError: a file cannot be written, or another run is writing into the folder.
            CancelledError: the user cancelled; the folder is as before.
        """
        self.check()
        is_new = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with locked(self.path / _LOCK, self.path):
                _settle(self)
                self._refuse()
                staging = self.path / _STAGING
                staging.mkdir()
                try:
                    _write_all(staging, names, writers, progress)
                    checkpoint(progress)
                    _publish(staging, self, names)
                finally:
                    shutil.rmtree(staging, ignore_errors=True)
        except BaseException as error:
            if is_new:
                with suppress(OSError):
                    self.path.rmdir()
            if isinstance(error, OSError) and not isinstance(error, LtcoreError):
                raise write_error(Path(error.filename or self.path), error) from error
            raise
        return {name: self.path / file for name, file in names.items()}


def _write_all(staging: Path, names: dict[str, str], writers: Writers, progress: Progress) -> None:
    done = 0.0
    for name, file in names.items():
        checkpoint(progress)
        end = done + _SHARES.get(name, 0.02)
        progress.report(done, f"Writing {file}")
        writers[name](staging / file, SubProgress(progress, done, end))
        done = end


def _publish(staging: Path, folder: OutputFolder, names: dict[str, str]) -> None:
    """Moves the new files into place and all older outputs away; on any error puts everything back."""
    retired = staging / _RETIRED
    retired.mkdir()
    moves: list[tuple[Path, Path]] = []
    try:
        for target in folder.targets:
            for old in (target, *sidecars(target)):
                if old.exists():
                    _move(old, retired / old.name, moves)
        (staging / _READY).touch()
        for file in names.values():
            _move(staging / file, folder.path / file, moves)
    except BaseException:
        for source, target in reversed(moves):
            with suppress(OSError):
                target.replace(source)
        raise


def _settle(folder: OutputFolder) -> None:
    """Ends what a killed run began: where all older outputs were away the new ones come, else the older ones back."""
    staging = folder.path / _STAGING
    source = staging if (staging / _READY).exists() else staging / _RETIRED
    for target in folder.targets:
        for file in (target, *sidecars(target)):
            if (source / file.name).is_file():
                (source / file.name).replace(file)
    shutil.rmtree(staging, ignore_errors=True)


def _move(source: Path, target: Path, moves: list[tuple[Path, Path]]) -> None:
    moves.append((source, target))  # first: an interrupt may come right after the rename
    source.replace(target)
