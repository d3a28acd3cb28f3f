"""Where Pythons lie and what a child process may see, on Linux, Windows and macOS: pure functions, tested on one."""

from __future__ import annotations

import ntpath
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WINDOWS, MACOS = "win32", "darwin"  # as sys.platform names them

# They would install elsewhere, or start another interpreter; an index or a proxy stays.
_DROPPED = (
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "__PYVENV_LAUNCHER__",
    "PIP_USER",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
)
_QGIS_DATA = ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH")


@dataclass(frozen=True)
class QgisHome:
    """The QGIS that runs.

    Attributes:
        platform: sys.platform.
        prefixes: sys.exec_prefix and sys.base_exec_prefix.
        application: folder of QGIS's own executable.
        version: of its Python, as "3.9".
    """

    platform: str
    prefixes: Sequence[str]
    application: str
    version: str

    @property
    def is_bundled(self) -> bool:
        """Whether QGIS brings its own Python and GDAL, as on Windows and macOS."""
        return self.platform in (WINDOWS, MACOS)


def interpreter_of_venv(folder: Path, platform: str) -> Path:
    """Returns the interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if platform == WINDOWS else "bin/python")


def interpreters_of_qgis(qgis: QgisHome) -> list[Path]:
    """Returns the paths, existing or not, at which QGIS's own Python may lie; never that of QGIS itself."""
    if qgis.platform == WINDOWS:  # C:/OSGeo4W/apps/Python39/python.exe, C:/Program Files/QGIS 3.34/apps/Python39/...
        return [Path(prefix) / name for prefix in qgis.prefixes for name in ("python.exe", "python3.exe")]
    folders = [Path(prefix) for prefix in qgis.prefixes]
    if qgis.platform == MACOS:
        bundle = Path(qgis.application)  # QGIS.app/Contents/MacOS
        frameworks = bundle.parent / "Frameworks"
        versions = frameworks / "Python.framework" / "Versions"
        folders += [bundle, frameworks, versions / "Current", versions / qgis.version]
    return [folder / "bin" / name for folder in folders for name in (f"python{qgis.version}", "python3")]


def child_variables(
    variables: Mapping[str, str], qgis: QgisHome, root: Path, *, shares_qgis: bool, is_private: bool
) -> dict[str, str]:
    """Returns the environment of a child of QGIS: without what QGIS's own Python needs, and with ltcore's folder.

    Args:
        variables: those of QGIS.
        qgis: the QGIS that runs.
        root: folder that holds ltcore.
        shares_qgis: whether the child takes GDAL from QGIS's own Python. Where QGIS is bundled it keeps QGIS's folders
            and data then; a Python of the user's own must not see them.
        is_private: whether it is the plugin's own environment, where the user's own packages must not come first.
    """
    keeps_data = qgis.is_bundled and shares_qgis
    dropped = _DROPPED if keeps_data else _DROPPED + _QGIS_DATA
    kept = {
        name: value
        for name, value in variables.items()
        if name.upper() not in dropped and not name.upper().startswith("PYTHON")
    }
    if qgis.is_bundled and not keeps_data:
        paths, separator = (ntpath, ";") if qgis.platform == WINDOWS else (posixpath, ":")
        home = paths.dirname(qgis.application).lower()
        folders = kept.get("PATH", "").split(separator)
        kept["PATH"] = separator.join(folder for folder in folders if not folder.lower().startswith(home))
    kept["PYTHONPATH"] = str(root)
    if is_private:
        kept["PYTHONNOUSERSITE"] = "1"  # else the user's own numpy could come before the pinned one
    return kept
