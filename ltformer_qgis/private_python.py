"""Makes the plugin's private environment: `python -m venv` on QGIS's Python, then pip with pinned requirements.

The environment sees QGIS's own packages (--system-site-packages), because GDAL's bindings come from there, and its
numpy is pinned to QGIS's, because those bindings are built against it.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Callable

from . import processes
from .environment import (
    Candidate,
    Probe,
    child_environment,
    private_folder,
    private_marker,
    private_python,
    probe,
    qgis_pythons,
)
from .errors import EngineCancelled, EngineError
from .feedback import FeedbackProgress
from .texts import PLUGIN_FOLDER, tr

REQUIREMENTS = PLUGIN_FOLDER / "requirements-worker.txt"
NEEDED_GB = 6  # PyTorch for CUDA, which pip takes on most Linux systems, with its download
_STEPS = ("Collecting", "Requirement already satisfied", "Downloading", "Using cached")


def create(progress: FeedbackProgress, tell: Callable[[str], None]) -> Candidate:
    """Returns the new environment's Python; an older environment is replaced once the new one works.

    Args:
        progress: moves with the packages found, and may cancel.
        tell: takes each line of pip's output.

    Raises:
        EngineCancelled: the user cancelled; nothing is left of the new environment.
        EngineError: it could not be made; the older one, if any, is back in its place.
    """
    base = _base_python()
    folder = private_folder()
    _check_space(folder)
    with _replacing(folder):
        progress.report(0.0, tr("Making a private environment in {folder}").format(folder=folder))
        _run([str(base), "-m", "venv", "--system-site-packages", str(folder)], base, progress, tell)
        constraints = folder / "constraints.txt"
        constraints.write_text(f"numpy=={_numpy_version(base)}\n", encoding="utf-8")
        progress.report(0.05, tr("Installing PyTorch, OpenCV and what they need"))
        _install(constraints, progress, tell)
        found = _check(private_python())
        progress.report(
            1.0, tr("The private environment works: Python {version}").format(version=".".join(map(str, found.version)))
        )
        private_marker().write_text(REQUIREMENTS.read_text(encoding="utf-8"), encoding="utf-8")
    return Candidate(private_python(), "private")


def _base_python() -> Path:
    """Returns the Python the environment is made from."""
    pythons = qgis_pythons()
    if not pythons:
        raise EngineError(
            tr("QGIS's own Python interpreter was not found."),
            "",
            tr(
                "Install Python with PyTorch, OpenCV and GDAL yourself, and choose it in Settings > Options > "
                "Processing > Providers > LTFormer."
            ),
        )
    return pythons[0]


def _check_space(folder: Path) -> None:
    existing = next(parent for parent in folder.parents if parent.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < NEEDED_GB:
        raise EngineError(
            tr("There is too little space for the private environment."),
            tr("{free:.1f} GB are free in '{folder}', up to {needed} GB are needed.").format(
                free=free_gb, folder=existing, needed=NEEDED_GB
            ),
        )


@contextmanager
def _replacing(folder: Path) -> Iterator[None]:
    """Sets an older environment aside, and puts it back if the new one fails."""
    aside = folder.with_name("venv-before")
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        try:
            folder.rename(aside)
        except OSError as error:
            raise EngineError(
                tr("The private environment is in use."), f"{error}.", tr("Close other QGIS windows and try again.")
            ) from error
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _run(command: Sequence[str], python: Path, progress: FeedbackProgress, tell: Callable[[str], None]) -> None:
    """Runs a command to its end, telling its lines."""
    process = processes.start(
        command,
        child_environment(Candidate(python, "private")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    last: list[str] = []
    for line in processes.lines_of(process, progress.is_cancelled):
        tell(line)
        last = [*last, line][-4:]
    if progress.is_cancelled():
        raise EngineCancelled
    if process.returncode != 0:
        raise EngineError(
            tr("The private environment could not be made."),
            " ".join(part for part in last if part.strip()),
            tr("The lines above say what was tried."),
        )


def _install(constraints: Path, progress: FeedbackProgress, tell: Callable[[str], None]) -> None:
    """Installs the requirements; the bar moves by one step for each package pip speaks of."""
    count = sum(1 for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if "==" in line)
    seen = 0

    def tell_and_count(line: str) -> None:
        nonlocal seen
        if line.strip().startswith(_STEPS):
            seen += 1
            progress.report(0.05 + 0.85 * min(1.0, seen / max(1, 2 * count)))
        tell(line)

    _run(
        [
            str(private_python()),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--progress-bar",
            "off",
            "-c",
            str(constraints),
            "-r",
            str(REQUIREMENTS),
        ],
        private_python(),
        progress,
        tell_and_count,
    )


def _numpy_version(base: Path) -> str:
    """Returns the version of the numpy that QGIS's GDAL is built against."""
    done = subprocess.run(  # noqa: S603 - QGIS's own Python
        [str(base), "-c", "import numpy; print(numpy.__version__)"],
        env=child_environment(Candidate(base, "qgis")),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise EngineError(tr("QGIS's Python has no numpy."), f"{base}.", tr("Repair the installation of QGIS."))
    return done.stdout.strip()


def _check(python: Path) -> Probe:
    """Returns what the new environment can do, and raises EngineError if that is not enough."""
    found = probe(Candidate(python, "qgis"))  # 'private' looks at the marker, which comes last
    if not found.is_usable:
        raise EngineError(tr("The private environment was made but does not work."), f"{found.complaint}.")
    return found
