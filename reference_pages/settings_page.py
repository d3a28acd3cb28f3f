"""docs/reference/settings.md: every setting with its limits and default, from ltcore.config."""

from __future__ import annotations

import json
from dataclasses import fields

from pydantic import TypeAdapter

from ltcore.config import RegistrationConfig

from .docstrings import attributes, first_paragraph
from .json_types import in_words
from .markdown import code, page, table

_INTRODUCTION = """
What `--config FILE.json` of `ltcore register`, `assess` and `refit`, and the column `config` of a
[batch](../batch.md), may hold, stage by stage; options on the command line overrule it. Whatever is left out has its
default; unknown names are refused. The `job.config` of a [record](record.md) is such an object with every value in it.

```json
{"verdict": {"fail_heldout_px": 1.0}, "fit": {"transform": "affine"}}
```

Looser limits of the verdict let worse registrations pass: the report and the record then say which were set.
"""


def settings_page() -> str:
    """Returns the page."""
    sections = []
    for field in fields(RegistrationConfig):
        stage = type(getattr(RegistrationConfig(), field.name))
        sections.append(f"## {field.name}\n\n{first_paragraph(stage)}\n\n{fields_table(stage)}")
    return page("Settings", _INTRODUCTION, *sections)


def fields_table(kind: type) -> str:
    """Returns the table of a settings class: name, values, default and meaning of every field.

    Raises:
        KeyError: the class's docstring leaves a field out.
    """
    schema, said = TypeAdapter(kind).json_schema(), attributes(kind)
    rows = [
        [code(name), in_words(field), code(json.dumps(field["default"])) if "default" in field else "", said[name]]
        for name, field in schema["properties"].items()
    ]
    return table(["name", "values", "default", "meaning"], rows)
