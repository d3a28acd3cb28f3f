"""Which build of PyTorch pip is to install, how large it is, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import EngineError
from .python_places import MACOS, WINDOWS
from .texts import tr

BUILDS = ("cpu", "cuda")
_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_CUDA_INDEX = "https://download.pytorch.org/whl/cu126"


@dataclass(frozen=True)
class Size:
    """How much is downloaded and how much lies on the disk in the end, everything included, about, in GB."""

    download_gb: float
    disk_gb: float


_SIZES = {"cpu": Size(0.5, 1.9), "cuda": Size(3.6, 8.3)}


def size_of(build: str) -> Size:
    """Returns the size of an environment with a build."""
    return _SIZES[build]


def label_of(build: str) -> str:
    """Returns a build in words, with its size."""
    name = {"cpu": tr("CPU only"), "cuda": tr("NVIDIA GPU (CUDA)")}[build]
    size = size_of(build)
    return tr("{name}: about {download:g} GB to download, {disk:g} GB on disk").format(
        name=name, download=size.download_gb, disk=size.disk_gb
    )


def torch_index(build: str, platform: str) -> str | None:
    """Returns the index to take PyTorch from, None for pip's own.

    PyPI itself has PyTorch for CUDA on Linux and for CPUs (on macOS with Apple's GPU) elsewhere; the others stand in
    PyTorch's own indexes.

    Raises:
        EngineError: there is no such build for this platform.
    """
    if build == "cuda" and platform == MACOS:
        raise EngineError(tr("There is no PyTorch for CUDA on macOS."), "", tr("Choose the build for CPUs."))
    if build == "cpu" and platform not in (WINDOWS, MACOS):
        return _CPU_INDEX
    return _CUDA_INDEX if build == "cuda" and platform == WINDOWS else None


def offline_arguments(wheels: Path | None) -> list[str]:
    """Returns what makes pip take all from a folder and nothing from the network; [] without a folder.

    Raises:
        EngineError: there is no such folder.
    """
    if wheels is None:
        return []
    if not wheels.is_dir():
        raise EngineError(tr("The folder of wheels '{path}' does not exist.").format(path=wheels))
    return ["--no-index", "--find-links", str(wheels)]


def torch_is_bare(wheels: Path | None) -> bool:
    """Tells whether a folder of wheels has PyTorch without NVIDIA's libraries beside it, as the builds for CPUs are."""
    return wheels is not None and not any(wheels.glob("nvidia_*.whl"))
