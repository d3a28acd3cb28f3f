"""The HTML page of 'Check and set up environment': which Python, what it can do, what is missing, what to do."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QT_VERSION_STR

from .environment import Candidate, candidates, private_folder, probe
from .private_python import LOG_NAME
from .texts import tr, version

_STYLE = """body{font-family:sans-serif;margin:1.5em;max-width:60em}
table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;text-align:left;vertical-align:top}
.good{color:#1a7a2e}.bad{color:#b00020}"""


def candidate_rows() -> list[tuple[str, str, str]]:
    """Returns (where from, path, 'usable' or the complaint) of every Python that may run the engine."""
    rows = []
    for candidate in candidates():
        found = probe(candidate)
        rows.append((candidate.description, str(candidate.path), found.complaint or tr("usable")))
    return rows


def render(python: Candidate | None, problem: str, facts: Mapping[str, Any]) -> str:
    """Returns the page.

    Args:
        python: the Python in use, or None.
        problem: why the engine does not run, or ''.
        facts: what the engine says about itself; may be empty.
    """
    if problem:
        state = f'<p class="bad">{html.escape(problem)}</p>'
    else:
        state = f'<p class="good">{html.escape(tr("The engine runs in {path}.").format(path=python.path))}</p>'
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in candidate_rows()
    )
    plugin = {"LTFormer": version(), "QGIS": Qgis.QGIS_VERSION, "Qt": QT_VERSION_STR}
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>LTFormer</title><style>{_STYLE}</style></head>'
        f"<body><h1>LTFormer Co-registration</h1>{state}<h2>{html.escape(tr('Plugin'))}</h2>{_as_html(plugin)}"
        f"<h2>{html.escape(tr('Pythons tried, in this order'))}</h2><table>{rows}</table>"
        + (f"<h2>{html.escape(tr('Engine'))}</h2>{_as_html(facts)}" if facts else "")
        + _setup_log()
        + "</body></html>"
    )


def _setup_log() -> str:
    """Returns the log of the last set-up of the private environment, for copying; '' without one."""
    path = private_folder().parent / LOG_NAME
    if not path.is_file():
        return ""
    log = html.escape(path.read_text(encoding="utf-8", errors="replace"))
    return f"<h2>{html.escape(tr('Log of the set-up'))}</h2><p>{html.escape(str(path))}</p><pre>{log}</pre>"


def _as_html(value: Any) -> str:
    """Returns nested JSON values as tables and lists."""
    if isinstance(value, Mapping):
        rows = (f"<tr><th>{html.escape(str(key))}</th><td>{_as_html(item)}</td></tr>" for key, item in value.items())
        return f"<table>{''.join(rows)}</table>"
    if isinstance(value, (list, tuple)):
        if all(isinstance(item, (str, int, float)) for item in value):
            return html.escape(", ".join(map(str, value)))
        return "".join(_as_html(item) for item in value)
    return html.escape(tr("no") if value is False else tr("yes") if value is True else str(value))
