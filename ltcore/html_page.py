"""HTML pages from templates: one file that needs no other file and no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from .atomic import atomic_path


def rendered(template: Path, **values: Any) -> str:
    """Returns a template with its values, which are escaped; it may extend templates beside it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(**values)


def write_page(path: Path, html: str) -> None:
    """Writes a page, whole or not at all. Raises OutputError if it cannot be written."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(html.encode())  # not write_text: Windows would change the line ends
