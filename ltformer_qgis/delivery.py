"""Moves finished files from the engine's folder to where the user wants them: all of them or none."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from .errors import EngineError
from .texts import tr


class Delivery:
    """Files on their way: `stage` brings each beside its destination, `commit` gives all their names."""

    def __init__(self, files: Mapping[Path, Path]) -> None:
        self._files = dict(files)
        self._staged: dict[Path, Path] = {}

    def stage(self) -> None:
        """Brings every file, under a temporary name, into the folder of its destination.

        Raises:
            EngineError: one of them cannot be written; nothing is left then.
        """
        for source, target in self._files.items():
            temporary = target.with_name(f".{target.stem}-{uuid.uuid4().hex[:8]}.part")
            self._staged[temporary] = target
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                _move(source, temporary)
            except OSError as error:
                self.drop()
                raise _not_written(target, error) from error

    def commit(self) -> None:
        """Gives the staged files their names, replacing older ones.

        Raises:
            EngineError: one of them cannot be replaced, on Windows because a program holds it open. Every older file
                is back in its place then.
        """
        renamed: list[tuple[Path, Path]] = []
        older: list[Path] = []
        try:
            for temporary, target in self._staged.items():
                if target.is_file():
                    older.append(temporary.with_suffix(".old"))
                    _rename(target, older[-1], renamed)
                _rename(temporary, target, renamed)
        except OSError as error:
            for source, place in reversed(renamed):
                with contextlib.suppress(OSError):
                    place.replace(source)
            self.drop()
            raise _not_written(Path(error.filename2 or error.filename or ""), error) from error
        for path in [*older, *(target.with_name(f"{target.name}.aux.xml") for target in self._staged.values())]:
            with contextlib.suppress(OSError):  # .aux.xml: statistics that GDAL kept of an older raster of this name
                path.unlink()
        self._staged = {}

    def drop(self) -> None:
        """Removes what is staged."""
        for temporary in self._staged:
            with contextlib.suppress(OSError):
                temporary.unlink()
        self._staged = {}


def _rename(source: Path, target: Path, renamed: list[tuple[Path, Path]]) -> None:
    source.replace(target)
    renamed.append((source, target))


def _move(source: Path, target: Path) -> None:
    """Renames a file where possible, else copies it: the temporary folder may lie on another disk."""
    try:
        source.rename(target)
    except OSError:
        shutil.copyfile(source, target)


def _not_written(target: Path, error: OSError) -> EngineError:
    return EngineError(
        tr("'{path}' could not be written.").format(path=target),
        f"{error.strerror or error}.",
        tr("Choose another place, or close the program that uses it."),
    )
