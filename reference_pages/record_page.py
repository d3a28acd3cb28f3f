"""docs/reference/record.md: the fields of record.json, from its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .json_types import Schema, in_words
from .markdown import code, page, table
from .record_schema import record_schema

_SETTINGS = "RegistrationConfig"  # has a page of its own
_INTRODUCTION = """
Every run of `ltcore register`, `assess` and `refit`, and every match in QGIS that asks for it, leaves a `record.json`:
UTF-8, keys sorted, no NaN. [record.schema.json](record.schema.json) is its JSON Schema (draft 2020-12); the records of
real runs are held against it by the tests. Lengths called `px` are pixels of the reference, `map` units of its CRS; see
[conventions](../CONVENTIONS.md).

```
ltcore register --replay record.json --out again          # the same tie points; `tie_points.sha256` says so
ltcore warp other.tif --gcps record.json --out moved.tif   # the same transform for another raster of the same frame
```

A reader refuses a `format_version` that it does not know. New fields may come within a version; none changes its
meaning.
"""


def record_page() -> str:
    """Returns the page."""
    schema = record_schema()
    parts = [_section(name, part) for name, part in _objects("Record", schema, schema["$defs"], set())]
    return page("record.json", _INTRODUCTION, *parts)


def _objects(name: str, part: Schema, known: dict[str, Schema], seen: set[str]) -> Iterator[tuple[str, Schema]]:
    """Yields an object and all that it refers to, each once, in the order in which a reader meets them."""
    seen.add(name)
    yield name, part
    if name == _SETTINGS:
        return
    for other in _references(part["properties"]):
        if other not in seen:
            yield from _objects(other, known[other], known, seen)


def _references(value: Any) -> Iterator[str]:
    """Yields the names of the objects that a part of a schema refers to."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from _references(part)


def _section(name: str, part: Schema) -> str:
    if name == _SETTINGS:
        return f"## {name}\n\n{part['description']} See [settings](settings.md)."
    rows = [
        [
            code(field) if field in part["required"] else f"{code(field)} (not always)",
            in_words(schema),
            schema["description"],
        ]
        for field, schema in part["properties"].items()
    ]
    return "\n\n".join([f"## {name}", part["description"], table(["field", "value", "meaning"], rows)])
