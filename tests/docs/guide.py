"""The user guide as data: its pages, their blocks of code, and what the page's author says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))

_BLOCK = re.compile(r"^(?:<!-- (not run|needs): ([^\n]+) -->\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class Block:
    """A fenced block; `reason` says why it is not run, `needs` what it cannot be run without."""

    page: str
    line: int
    kind: str
    text: str
    reason: str = ""
    needs: str = ""

    @property
    def is_run(self) -> bool:
        return self.kind in ("bash", "python") and not self.reason

    def __str__(self) -> str:
        return f"docs/guide/{self.page}:{self.line}"


def blocks_of(text: str, page: str = "") -> list[Block]:
    """Returns the blocks of a page in order."""
    found = []
    for match in _BLOCK.finditer(text):
        mark, said, kind, code = match.groups()
        line = text.count("\n", 0, match.start(3)) + 1
        found.append(Block(page, line, kind, code, said if mark == "not run" else "", said if mark == "needs" else ""))
    return found


def blocks_on(path: Path) -> list[Block]:
    """Returns the blocks of a page of the guide."""
    return blocks_of(path.read_text(encoding="utf-8"), path.name)


def missing_lines(promised: str, printed: str) -> list[str]:
    """Returns the lines that a page shows as output and that were not printed in this order; numbers may differ."""
    lines = iter(_without_numbers(line) for line in printed.splitlines())
    return [line for line in promised.splitlines() if _without_numbers(line) not in lines]


def _without_numbers(line: str) -> str:
    return _NUMBER.sub("0", line.strip())
