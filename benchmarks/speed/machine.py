"""What a speed was measured on: it stands beside every result."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any, Optional

import torch

from benchmarks.registration.report import RESULTS, code_state
from ltcore.versions import versions

__all__ = ["RESULTS", "machine", "peak_rss_mb"]


def machine() -> dict[str, Any]:
    """Returns processor, cores, memory, GPU, load, versions and the state of the code, as JSON values."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": _cpu_name(),
        "flags": sorted({"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"} & _flags()),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "load": round(os.getloadavg()[0], 1),
        "versions": versions(),
        "code": code_state(),
    }


def peak_rss_mb(pid: Optional[int] = None) -> float:
    """Returns the largest memory a living process, this one by default, has had so far (Linux)."""
    lines = Path(f"/proc/{pid or os.getpid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3


def _cpu_name() -> str:
    named = [line for line in _cpu_info() if line.startswith("model name")]
    return named[0].split(":", 1)[1].strip() if named else platform.processor()


def _flags() -> set[str]:
    return next((set(line.split()) for line in _cpu_info() if line.startswith("flags")), set())


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
