"""Locks between processes that the system frees when their holder dies."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .errors import OutputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)  # some network drives: nothing is held there


@contextmanager
def locked(path: Path, target: Path) -> Iterator[None]:
    """Holds the lock file `path`, which is there only meanwhile, for whoever writes `target`.

    Raises:
        OutputError: somebody else holds it.
    """
    with path.open("wb") as handle:
        if not _try_lock(handle, path):
            raise OutputError(
                f"Another run is writing into '{target}'.", "", "Wait until it has ended, or choose another place."
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
    except OSError as error:
        return error.errno in _NO_LOCKS
