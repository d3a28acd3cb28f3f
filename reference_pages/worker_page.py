"""docs/reference/worker.md: the protocol of `python -m ltcore.worker`, from its docstrings and the classes it reads."""

from __future__ import annotations

import inspect

from ltcore import worker, worker_methods
from ltcore.config import RasterSource, RegistrationJob
from ltcore.editing import EditJob
from ltcore.gcp_export import ExportJob
from ltcore.imported import ImportJob, RefitJob
from ltcore.snap import SnapJob
from ltcore.solution import WarpJob

from .docstrings import first_paragraph
from .markdown import page
from .settings_page import fields_table

_INTRODUCTION = """
The QGIS plugin speaks to the library by this protocol alone ([why](../adr/0002-worker-process.md)), and so can any
other program. The versions of both sides are the same: the protocol has no version of its own.

```
$ printf '%s\\n' '{"id": 1, "method": "ping", "params": {}}' | python -m ltcore.worker
{"id": 1, "result": {"version": "...", "python": "...", "pid": ...}}
```
"""
_PARAMS = (RegistrationJob, RasterSource, RefitJob, ImportJob, WarpJob, ExportJob, EditJob, SnapJob)


def worker_page() -> str:
    """Returns the page."""
    return page(
        "Worker protocol",
        _INTRODUCTION,
        f"## Lines\n\n```text\n{inspect.getdoc(worker)}\n```",
        f"## Methods\n\n```text\n{inspect.getdoc(worker_methods)}\n```",
        "## Params",
        *(f"### {kind.__name__}\n\n{first_paragraph(kind)}\n\n{fields_table(kind)}" for kind in _PARAMS),
        "### RegistrationConfig\n\nAll [settings](settings.md) of a registration.",
    )
