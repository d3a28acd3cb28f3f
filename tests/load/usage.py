"""What a process holds, and whether that grows from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

GROWTH_LIMIT_PERCENT = 5.0  # of memory, after the warm-up


@dataclass(frozen=True)
class Usage:
    """What a process holds at one moment: resident memory in KB, open files, threads."""

    memory_kb: int
    files: int
    threads: int


def usage_of(pid: int) -> Usage:
    """Returns what a process holds; Linux alone says so."""
    folder = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    files = len(list((folder / "fd").iterdir()))
    return Usage(int(status["VmRSS"].split()[0]), files, int(status["Threads"]))


@dataclass(frozen=True)
class Growth:
    """How much more a process held at the end than after its warm-up: memory in %, open files, threads."""

    memory_percent: float
    files: int
    threads: int


def growth(usages: Sequence[Usage], cycle: int) -> Growth:
    """Returns the growth over whole cycles of the same kinds of runs.

    The first third of the runs, but at most ten cycles, is the warm-up: libraries load, and the allocator takes its
    arenas. The medians of as many runs after that and at the end are compared, so that one kind of run that needs
    more for a while does not count.

    Args:
        usages: after each run, at least three cycles of them.
        cycle: how many runs there are until the kinds begin again.
    """
    part = min(len(usages) // cycle // 3, 10) * cycle
    early, late = usages[part : 2 * part], usages[-part:]

    def grown(name: str) -> float:
        before, after = (median(getattr(one, name) for one in some) for some in (early, late))
        return after - before

    memory = 100 * grown("memory_kb") / median(one.memory_kb for one in early)
    return Growth(round(memory, 2), int(grown("files")), int(grown("threads")))


def figures(usages: Sequence[Usage], grown: Growth) -> dict[str, float]:
    """Returns growth and last usage as they stand in docs/reliability.md."""
    return {
        "memory, MB": round(usages[-1].memory_kb / 1024),
        "memory growth after the warm-up, %": grown.memory_percent,
        "more open files": grown.files,
        "more threads": grown.threads,
    }
