"""Markdown of the generated pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MADE_BY = "<!-- Made by script/make-reference from the code: change it there. -->"


def page(title: str, *parts: str) -> str:
    """Returns a page: its title, the note that it is generated, the parts that are not empty."""
    return "\n\n".join([f"# {title}", MADE_BY, *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table; "" without rows."""
    lines = ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns), *lines])


def cell(text: str) -> str:
    """Returns a text as it stands in a table: one line, its bars escaped."""
    return " ".join(str(text).split()).replace("|", "\\|")


def code(text: str) -> str:
    """Returns a text as code; "" for nothing."""
    return f"`{text}`" if text else ""
