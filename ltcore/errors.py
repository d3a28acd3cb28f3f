"""The errors users may see: what happened, the number and the limit, what to do."""

from __future__ import annotations

import errno

IMPOSSIBLE_NAMES = (errno.ENAMETOOLONG, errno.ELOOP)


class LtcoreError(Exception):
    """Root of every expected error. Its text is one readable paragraph without class names.

    Args:
        what: what happened, a full sentence.
        why: the number and the limit, or the cause; may be empty.
        fix: what the user can do; may be empty.
    """

    def __init__(self, what: str, why: str = "", fix: str = "") -> None:
        self.what, self.why, self.fix = what, why, fix
        super().__init__(" ".join(part for part in (what, why, fix) if part))


class InputError(LtcoreError, ValueError):
    """Arguments or input files that cannot be used (exit code 2)."""


class RasterReadError(InputError, OSError):
    """A raster that cannot be opened or read."""


class FileNameError(InputError):
    """A name that no file can have here."""

    def __init__(self, error: OSError) -> None:
        name = str(error.filename or "")
        shown = f"{name[:60]}..." if len(name) > 60 else name
        super().__init__(
            f"The name '{shown}' cannot be used.", f"The system says: {error.strerror}.", "Check the path."
        )


class OutputError(LtcoreError, OSError):
    """An output that cannot be written."""


class WeightsError(InputError):
    """Network weights that are missing, damaged or not what their card says."""


class DeviceError(LtcoreError):
    """A compute device or backend that was asked for and is not there."""


class DeviceLostError(DeviceError):
    """A device that failed in the middle of the work; this process cannot use it any more."""
