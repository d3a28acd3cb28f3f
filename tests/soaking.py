"""How much of a suite runs, and where its figures go: a small share in script/test, the whole of it in script/soak."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

SEED = os.environ.get("LTFORMER_SOAK")  # set by script/soak
_LOG = os.environ.get("LTFORMER_SOAK_LOG")


def cases(fast: int, whole: int) -> int:
    """Returns how many cases to try."""
    return fast if SEED is None else whole


def seed() -> int:
    """Returns the seed of this run; always the same in script/test."""
    return int(SEED or 0)


def note(suite: str, **facts: Any) -> None:
    """Writes a line for docs/reliability.md."""
    if _LOG:
        with Path(_LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps({"suite": suite, **facts}) + "\n")


def digests(*paths: Path) -> list[str]:
    """Returns what tells whether files changed."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
