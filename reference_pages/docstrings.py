"""Docstrings in Google's style, taken apart."""

from __future__ import annotations

import inspect
import re

_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns):\n(.*?)(?=^\S|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^    (\w+): (.*?)(?=^    \w|\Z)", re.DOTALL | re.MULTILINE)


def first_paragraph(thing: object) -> str:
    """Returns the first paragraph of a docstring as one line; "" without a docstring."""
    return _line(_text(thing).split("\n\n", maxsplit=1)[0])


def attributes(kind: type) -> dict[str, str]:
    """Returns field name -> what the section "Attributes" of the class's docstring says, each as one line."""
    sections = dict(_SECTION.findall(_text(kind)))
    return {name: _line(text) for name, text in _FIELD.findall(sections.get("Attributes", ""))}


def as_markdown(thing: object) -> str:
    """Returns a docstring as Markdown: its paragraphs, and its sections as lists."""
    text = _text(thing)
    paragraphs = [_line(part) for part in _SECTION.sub("", text).split("\n\n")]
    lists = [
        "\n".join([f"*{name}*", "", *(f"- `{field}`: {_line(said)}" for field, said in _FIELD.findall(body))])
        for name, body in _SECTION.findall(text)
    ]
    return "\n\n".join(part for part in (*paragraphs, *lists) if part)


def _text(thing: object) -> str:
    return (inspect.getdoc(thing) or "") + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())
