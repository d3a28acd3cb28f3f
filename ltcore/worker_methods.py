"""What the worker can be asked for: method name -> params and progress in, a JSON object out.

register     params: RegistrationJob; result: the object of `ltcore register --json`
warp         params: WarpJob; one raster moved by a solution; result: {"outputs": {"warped": path}}
export_gcps  params: ExportJob; result: that of ltcore.gcp_export.export_gcps
info, ping, shutdown
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any, Callable

from . import __version__
from .progress import Progress, SubProgress

_warm: dict[str, Any] = {}  # what stays between requests: the networks already loaded


def _register(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    # Imported here, so that the worker answers `ping` at once and `info` even where a library is missing.
    from .config import job_from_json  # noqa: PLC0415
    from .outputs import check_out_dir, write_outputs  # noqa: PLC0415
    from .pipeline import register  # noqa: PLC0415
    from .summary import result_summary  # noqa: PLC0415

    job = job_from_json(params)
    check_out_dir(job)
    result = register(job, SubProgress(progress, 0.0, 0.85), _describer_for())
    outputs = write_outputs(result, SubProgress(progress, 0.85, 1.0))
    return result_summary(result, outputs)


def _describer_for() -> Any:
    """Returns what makes describers, the networks of the last two kept loaded."""
    from .ltformer.describe import make_describer  # noqa: PLC0415 - as above

    if "describer_for" not in _warm:
        _warm["describer_for"] = functools.lru_cache(maxsize=2)(make_describer)
    return _warm["describer_for"]


def _warp(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from .config import settings_from_json  # noqa: PLC0415 - as above
    from .solution import WarpJob, warp_with_solution  # noqa: PLC0415

    job = settings_from_json(WarpJob, params)
    warp_with_solution(job, progress)
    return {"outputs": {"warped": str(job.out_path)}}


def _export_gcps(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from .config import settings_from_json  # noqa: PLC0415 - as above
    from .gcp_export import ExportJob, export_gcps  # noqa: PLC0415

    return export_gcps(settings_from_json(ExportJob, params), progress)


def _info(_params: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    from .info import environment_report  # noqa: PLC0415 - as above

    return environment_report()


def _ping(_params: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    return {"version": __version__, "python": sys.executable, "pid": os.getpid()}


def _shutdown(_params: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    return {}


METHODS: dict[str, Callable[[dict[str, Any], Progress], dict[str, Any]]] = {
    "register": _register,
    "warp": _warp,
    "export_gcps": _export_gcps,
    "info": _info,
    "ping": _ping,
    "shutdown": _shutdown,
}
