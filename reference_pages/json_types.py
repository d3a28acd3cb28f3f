"""JSON Schema in the words of a table's cell."""

from __future__ import annotations

from typing import Any

from .markdown import code

Schema = dict[str, Any]


def in_words(schema: Schema) -> str:
    """Returns what values a schema allows: `"a" "b"`, number from 0 to 1, list of ..., a link to the object's table."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(in_words(part) for part in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " ".join(code(f'"{value}"' if isinstance(value, str) else str(value)) for value in values)
    if schema.get("type") == "array":
        return _list_in_words(schema)
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"name -> {in_words(values)}" if isinstance(values, dict) else "object"
    return _plain_in_words(schema)


def _list_in_words(schema: Schema) -> str:
    if "prefixItems" in schema:
        parts = [in_words(part) for part in schema["prefixItems"]]
        return f"[{', '.join(parts)}]"
    count = f"{schema['minItems']} " if schema.get("minItems") == schema.get("maxItems", -1) else ""
    return f"list of {count}{in_words(schema['items'])}"


def _plain_in_words(schema: Schema) -> str:
    kind = {"string": "text", "path": "path"}.get(schema.get("format") or schema.get("type", "any"))
    words = [kind or schema.get("type", "any")]
    if "pattern" in schema:
        words.append(f"like {code(schema['pattern'])}")
    for key, word in (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
    ):
        if key in schema:
            words.append(f"{word} {schema[key]:g}" if schema[key] < 10_000_000 else f"{word} {schema[key]}")
    return " ".join(words)
