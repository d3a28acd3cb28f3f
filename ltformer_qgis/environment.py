"""Which Python runs the engine, and the environment it gets.

Tried in this order: the setting, the variable LTFORMER_PYTHON, the private environment made by 'Check and set up
environment', QGIS's own Python. The first two are somebody's explicit choice: if they do not work, that is an error
and nothing else is tried.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from qgis.core import QgsApplication

from . import processes, settings
from .errors import EngineError
from .python_places import QgisHome, child_variables, interpreter_of_venv, interpreters_of_qgis
from .texts import ROOT_FOLDER, tr

PYTHON_VARIABLE = "LTFORMER_PYTHON"
OLDEST_PYTHON = (3, 9)
_PROBE_TIMEOUT_S = 60

# Importing GDAL's numpy bridge and OpenCV shows a numpy of the wrong kind; torch is only looked for, as its import
# takes a second and the engine does it anyway.
_PROBE = """
import importlib, importlib.util, json, sys
missing, broken = [], {}
for name in ("numpy", "osgeo.gdal_array", "cv2"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        missing.append(name)
    except Exception as error:
        broken[name] = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
for name in ("torch", "scipy", "shapely", "safetensors", "pydantic", "jinja2", "matplotlib"):
    try:
        found = importlib.util.find_spec(name) is not None
    except ImportError:
        found = False
    if not found:
        missing.append(name)
print(json.dumps({"version": sys.version_info[:3], "missing": missing, "broken": broken}))
"""
_PRODUCTS = {"torch": "PyTorch", "cv2": "OpenCV", "osgeo.gdal_array": "GDAL (osgeo)", "numpy": "NumPy"}


@dataclass(frozen=True)
class Candidate:
    """A Python that may run the engine.

    Attributes:
        path: the interpreter.
        origin: where it comes from: "setting", "variable", "private" or "qgis".
    """

    path: Path
    origin: str

    @property
    def is_explicit(self) -> bool:
        """Whether somebody named exactly this Python."""
        return self.origin in ("setting", "variable")

    @property
    def description(self) -> str:
        """Returns the origin in words."""
        return {
            "setting": tr("the Python chosen in the options"),
            "variable": tr("the Python named by LTFORMER_PYTHON"),
            "private": tr("the private environment of the plugin"),
            "qgis": tr("the Python of QGIS"),
        }[self.origin]


@dataclass(frozen=True)
class Probe:
    """What a candidate can do: its version, the modules it lacks, and those that fail to load with the reason."""

    version: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()
    broken: dict[str, str] = field(default_factory=dict)
    failure: str = ""  # why it could not be asked at all

    @property
    def is_usable(self) -> bool:
        """Whether the engine can run in it."""
        return not (self.failure or self.missing or self.broken) and self.version >= OLDEST_PYTHON

    @property
    def complaint(self) -> str:
        """Returns what is wrong, in words, or ''."""
        if self.failure:
            return self.failure
        if self.version < OLDEST_PYTHON:
            return tr("it is Python {found}, and 3.9 is the oldest that works").format(
                found=".".join(map(str, self.version))
            )
        parts = []
        if self.missing:
            parts.append(
                tr("it lacks {names}").format(names=", ".join(_PRODUCTS.get(name, name) for name in self.missing))
            )
        parts += [f"{_PRODUCTS.get(name, name)}: {reason}" for name, reason in self.broken.items()]
        return "; ".join(parts)


def find_python(is_cancelled: Callable[[], bool] = lambda: False) -> Candidate:
    """Returns the first candidate that can run the engine.

    Raises:
        EngineCancelled: the user cancelled while one was asked.
        EngineError: none can; the text says what each one lacks and what to do.
    """
    tried = []
    for candidate in candidates():
        found = probe(candidate, is_cancelled)
        if found.is_usable:
            return candidate
        tried.append(f"{candidate.description} ({candidate.path}): {found.complaint}")
        if candidate.is_explicit:
            break
    raise EngineError(
        tr("The LTFormer engine is not set up: no Python with PyTorch, OpenCV and GDAL was found."),
        tr("Tried {tried}.").format(tried="; ".join(tried)) if tried else tr("QGIS's own Python was not found."),
        tr(
            "Run 'Check and set up environment' with the action 'create', or choose a Python in Settings > Options > "
            "LTFormer."
        ),
    )


def candidates() -> list[Candidate]:
    """Returns the Pythons to try, in order; explicit choices stand even if the file does not exist."""
    found = []
    if settings.python_setting():
        found.append(Candidate(_interpreter(settings.python_setting()), "setting"))
    if os.environ.get(PYTHON_VARIABLE, "").strip():
        found.append(Candidate(_interpreter(os.environ[PYTHON_VARIABLE].strip()), "variable"))
    if private_marker().is_file():
        found.append(Candidate(private_python(), "private"))
    return found + [Candidate(path, "qgis") for path in qgis_pythons()[:1]]


def _interpreter(text: str) -> Path:
    """Returns what a user wrote, a path or a name on PATH, as an absolute path; links stay: a venv's Python is one."""
    return Path(shutil.which(text) or text).expanduser().absolute()


def private_folder() -> Path:
    """Returns where the private environment of this profile lives."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "ltformer" / "venv"


def private_python() -> Path:
    """Returns the interpreter of the private environment."""
    return interpreter_of_venv(private_folder(), sys.platform)


def private_marker() -> Path:
    """Returns the file that stands in the private environment once it is complete."""
    return private_folder() / "ltformer-ready"


def qgis_pythons() -> list[Path]:
    """Returns the existing interpreters that belong to QGIS's Python; never QGIS itself, which sys.executable
    is on Windows and macOS."""
    paths = interpreters_of_qgis(_qgis_home())
    executable = Path(sys.executable or "")
    if executable.name.lower().startswith("python"):
        paths.append(executable)
    return list(dict.fromkeys(path for path in paths if path.is_file()))


def _qgis_home() -> QgisHome:
    return QgisHome(
        sys.platform,
        (sys.exec_prefix, sys.base_exec_prefix),
        QgsApplication.applicationDirPath(),
        f"{sys.version_info.major}.{sys.version_info.minor}",
    )


_probes: dict[tuple[str, float], Probe] = {}


def probe(candidate: Candidate, is_cancelled: Callable[[], bool] = lambda: False) -> Probe:
    """Returns what a candidate can do; asks it once a session, again when the interpreter's file changed."""
    path = candidate.path
    if not path.is_file():
        return Probe(failure=tr("there is no such file"))
    folder = private_marker() if candidate.origin == "private" else path
    key = (str(path), folder.stat().st_mtime)
    if key not in _probes:
        _probes[key] = _asked(candidate, is_cancelled)
    return _probes[key]


def _asked(candidate: Candidate, is_cancelled: Callable[[], bool]) -> Probe:
    """Runs the probe in a candidate."""
    try:
        process = processes.start(
            [str(candidate.path), "-c", _PROBE],
            child_environment(candidate),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        return Probe(failure=tr("it cannot be started ({reason})").format(reason=error.strerror or error))
    try:
        out, err = processes.answer_of(process, _PROBE_TIMEOUT_S, is_cancelled)
        answer = json.loads(out.decode())
    except TimeoutError:
        return Probe(failure=tr("it did not answer within {limit} s").format(limit=_PROBE_TIMEOUT_S))
    except ValueError:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
        return Probe(failure=tr("it is no working Python ({reason})").format(reason=last[0][:200]))
    return Probe(tuple(answer["version"]), tuple(answer["missing"]), answer["broken"])


def child_environment(candidate: Candidate) -> dict[str, str]:
    """Returns the environment of a child of QGIS that runs a candidate, see ltformer_qgis.python_places."""
    found = child_variables(
        os.environ,
        _qgis_home(),
        ROOT_FOLDER,
        shares_qgis=not candidate.is_explicit,
        is_private=candidate.origin == "private",
    )
    if settings.threads():
        found["OMP_NUM_THREADS"] = str(settings.threads())  # PyTorch and the libraries below it
    return found
