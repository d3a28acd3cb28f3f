"""Surroundings of a run that must not change its result."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def german(folder: Path) -> dict[str, str]:
    """Returns the variables of a German system, where 0.5 is written 0,5; skips where glibc's sources are missing."""
    compiler = shutil.which("localedef", path="/usr/bin:/bin")
    made = folder / "de_DE.UTF-8"
    command = [str(compiler), "--no-archive", "-i", "de_DE", "-f", "UTF-8", str(made)]
    if compiler is None or (subprocess.run(command, capture_output=True, check=False).returncode and not made.exists()):
        pytest.skip("this system cannot make a German locale (package locales)")
    return {"LOCPATH": str(folder), "LC_ALL": made.name, "LANG": made.name}


def threads(count: int) -> dict[str, str]:
    """Returns the variables that give every library so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "GDAL_NUM_THREADS")
    return dict.fromkeys(names, str(count))


def folder_with_spaces(folder: Path) -> Path:
    """Returns a new folder with a name that careless programs stumble over."""
    made = folder / "a b & ü"
    made.mkdir()
    return made
