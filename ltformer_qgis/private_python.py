"""Makes the plugin's private environment: `python -m venv` on QGIS's Python, then pip with pinned requirements.

The environment sees QGIS's own packages (--system-site-packages): GDAL's bindings come from there, and numpy, as those
are built against it. Of all else the SHA-256 is known beforehand (script/lock): pip installs those wheels or none.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from .wheels import offline_arguments, size_of, torch_index, torch_is_bare

REQUIREMENTS = PLUGIN_FOLDER / "requirements-worker.txt"
CUDA_REQUIREMENTS = PLUGIN_FOLDER / "requirements-cuda.txt"  # of PyTorch of pip's own index on Linux; nothing elsewhere
OLDEST_PYTHON = (3, 11)  # of the pinned requirements
LOG_NAME = "setup.log"  # beside the environment
_PIP = (
    *("pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
    *("--require-hashes", "--no-deps"),  # the requirements are complete; pip is to look for nothing beyond them
)
_STEPS = ("Collecting", "Requirement already satisfied", "Downloading", "Using cached")


@dataclass(frozen=True)
class SetupChoices:
    """What the user chose.

    Attributes:
        build: of PyTorch, one of ltformer_qgis.wheels.BUILDS.
        wheels: folder to install from without network, or None.
        variables: further environment variables for pip: QGIS's proxy.
    """

    build: str = "cpu"
    wheels: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def create(choices: SetupChoices, progress: FeedbackProgress, tell: Callable[[str], None]) -> Candidate:
    """Returns the new environment's Python; an older environment is replaced once the new one works.

    What pip says also goes to setup.log beside the environment. What it downloaded stays in its cache: a second try
    goes on where the first one ended.

    Args:
        choices: see there.
        progress: moves with the packages found, and may cancel.
        tell: takes each line of pip's output.

    Raises:
        EngineCancelled: the user cancelled; nothing is left of the new environment.
        EngineError: it could not be made; the older one, if any, is back in its place.
    """
    folder = private_folder()
    offline, index = offline_arguments(choices.wheels), torch_index(choices.build, sys.platform)
    base = _base_python()
    _check_base(base)
    _check_space(folder, size_of(choices.build).disk_gb)
    with _replacing(folder), _logged(folder.parent / LOG_NAME, tell) as say:
        progress.report(0.0, tr("Making a private environment in {folder}").format(folder=folder))
        setup = _Setup(base, choices.variables, progress, say)
        setup.run([str(base), "-m", "venv", "--system-site-packages", str(folder)])
        progress.report(0.05, tr("Installing PyTorch, OpenCV and what they need"))
        is_bare = torch_is_bare(choices.wheels)
        if index is not None and not offline:
            is_bare = setup.install_torch(index, folder, is_needed=choices.build == "cuda")
        setup.install(offline, [REQUIREMENTS] if is_bare else [REQUIREMENTS, CUDA_REQUIREMENTS])
        found = _check(private_python())
        progress.report(
            1.0, tr("The private environment works: Python {version}").format(version=".".join(map(str, found.version)))
        )
        private_marker().write_text(REQUIREMENTS.read_text(encoding="utf-8"), encoding="utf-8")
    return Candidate(private_python(), "private")


@contextmanager
def _logged(path: Path, tell: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Gives a `tell` that also writes the log."""
    with path.open("w", encoding="utf-8") as stream:

        def say(line: str) -> None:
            stream.write(f"{line}\n")
            stream.flush()
            tell(line)

        yield say


def _base_python() -> Path:
    """Returns the Python the environment is made from."""
    pythons = qgis_pythons()
    if not pythons:
        raise EngineError(
            tr("QGIS's own Python interpreter was not found."),
            "",
            tr(
                "Install Python with PyTorch, OpenCV and GDAL yourself, and choose it in Settings > Options > LTFormer."
            ),
        )
    return pythons[0]


def _check_space(folder: Path, needed_gb: float) -> None:
    existing = next(parent for parent in folder.parents if parent.exists())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < needed_gb:
        raise EngineError(
            tr("There is too little space for the private environment."),
            tr("{free:.1f} GB are free in '{folder}', about {needed:g} GB are needed.").format(
                free=free_gb, folder=existing, needed=needed_gb
            ),
            tr("Free some, or choose the build for CPUs."),
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


class _Setup:
    """Runs the commands that make an environment."""

    def __init__(
        self,
        python: Path,
        variables: Mapping[str, str],
        progress: FeedbackProgress,
        tell: Callable[[str], None],
    ) -> None:
        self._environment = {**child_environment(Candidate(python, "private")), **variables}
        self._progress, self._tell = progress, tell
        self._seen = self._count = 0

    def run(self, command: Sequence[str]) -> None:
        """Runs a command to its end, telling its lines."""
        self._tell("> " + " ".join(command))
        if command[0] == "pip":
            command = [str(private_python()), "-m", *command]
        process = processes.start(
            command,
            self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        last: list[str] = []
        for line in processes.lines_of(process, self._progress.is_cancelled):
            self._note(line)
            last = [*last, line][-4:]
        if self._progress.is_cancelled():
            raise EngineCancelled
        if process.returncode != 0:
            raise EngineError(
                tr("The private environment could not be made."),
                " ".join(part for part in last if part.strip()),
                tr(
                    "Run it again: what was downloaded is kept. Without network, give a folder of wheels. All of it "
                    "stands in {log}."
                ).format(log=private_folder().parent / LOG_NAME),
            )

    def install_torch(self, index: str, folder: Path, *, is_needed: bool) -> bool:
        """Installs PyTorch alone from its own index, what it needs comes with the rest; tells whether that went well.

        Where the index cannot be reached the rest brings PyTorch of pip's own index, which may be the larger build.

        Raises:
            EngineError: the index cannot be reached, and only there is the build that was asked for.
        """
        wanted = folder / "requirements-torch.txt"  # pip takes hashes from files only
        wanted.write_text(next(entry for entry in _requirements() if entry.startswith("torch==")), encoding="utf-8")
        try:
            self.run([*_PIP, "--retries", "1", "--index-url", index, "-r", str(wanted)])
        except EngineError:
            if is_needed:
                raise
            self._tell(tr("{index} cannot be reached: PyTorch comes from pip's own index.").format(index=index))
            return False
        return True

    def install(self, sources: Sequence[str], files: Sequence[Path]) -> None:
        """Installs the requirements; the bar moves by one step for each package pip speaks of."""
        self._count = len(_requirements())
        wanted = [word for file in files for word in ("-r", str(file))]
        self.run([*_PIP, "--retries", "5", "--timeout", "60", *sources, *wanted])

    def _note(self, line: str) -> None:
        if line.strip().startswith(_STEPS):
            self._seen += 1
            self._progress.report(0.05 + 0.85 * min(1.0, self._seen / max(1, 2 * self._count)))
        self._tell(line)


def _requirements() -> list[str]:
    """Returns the entries of the requirements, each with the lines of its hashes."""
    entries = REQUIREMENTS.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return [entry for entry in entries if "==" in entry]


def _check_base(base: Path) -> None:
    """Refuses a Python without the numpy that QGIS's GDAL is built against, or too old for the requirements."""
    done = subprocess.run(  # noqa: S603 - QGIS's own Python
        [str(base), "-c", "import sys, numpy; print(*sys.version_info[:2])"],
        env=child_environment(Candidate(base, "qgis")),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise EngineError(tr("QGIS's Python has no numpy."), f"{base}.", tr("Repair the installation of QGIS."))
    major, minor = done.stdout.split()
    if (int(major), int(minor)) < OLDEST_PYTHON:
        raise EngineError(
            tr("QGIS's Python is too old for the engine."),
            tr("It is {found}, and {oldest} is the oldest that works.").format(
                found=f"{major}.{minor}", oldest=".".join(map(str, OLDEST_PYTHON))
            ),
            tr("Use a newer QGIS, or choose a Python with GDAL and PyTorch in Settings > Options > LTFormer."),
        )


def _check(python: Path) -> Probe:
    """Returns what the new environment can do, and raises EngineError if that is not enough."""
    found = probe(Candidate(python, "qgis"))  # 'private' looks at the marker, which comes last
    if not found.is_usable:
        raise EngineError(tr("The private environment was made but does not work."), f"{found.complaint}.")
    return found
