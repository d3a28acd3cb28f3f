"""docs/reference/record.schema.json: JSON Schema (draft 2020-12) of record.json."""

from __future__ import annotations

import inspect
import json
from dataclasses import is_dataclass
from typing import Any

from pydantic import TypeAdapter

from ltcore import config, offsets, result
from ltcore.raster import grid

from . import record_format
from .docstrings import attributes, first_paragraph

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODULES = (config, offsets, result, grid, record_format)


def record_schema() -> dict[str, Any]:
    """Returns the schema: unknown keys are refused, and what is always written is required."""
    schema = TypeAdapter(record_format.Record).json_schema(mode="serialization")
    kinds = known_kinds()
    for name, part in {"Record": schema, **schema["$defs"]}.items():
        _explain(part, kinds[name])
    return {"$schema": _DIALECT, "$id": f"urn:ltcore:record:{record_format.FORMAT_VERSION}", **schema}


def known_kinds() -> dict[str, type]:
    """Returns name -> class of everything that a record is made of."""
    members = [value for module in _MODULES for value in vars(module).values()]
    return {value.__name__: value for value in members if inspect.isclass(value) and is_dataclass(value)}


def _explain(part: dict[str, Any], kind: type) -> None:
    """Says in an object's schema what its class and fields are, and which of them are always there."""
    said = attributes(kind)
    for name, field in part["properties"].items():
        field.pop("title", None)
        field["description"] = said[name]
    own = kind.__annotations__ if kind.__module__ == record_format.__name__ else {}
    missing = {name for name, field in part["properties"].items() if name in own and "default" in field}
    part.update(
        description=first_paragraph(kind),
        additionalProperties=False,
        required=[name for name in part["properties"] if name not in missing],
    )


def record_schema_file() -> str:
    """Returns the file's content."""
    return json.dumps(record_schema(), indent=2, ensure_ascii=False) + "\n"
