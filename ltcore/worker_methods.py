"""What the worker can be asked for: method name -> params and progress in, a JSON object out.

    register     params: RegistrationJob; result: the object of `ltcore register --json`
    assess       params: RegistrationJob of two georeferenced rasters (settings of warping are left aside);
                 result: the object of `ltcore assess --json`, see below
    refit        params: RefitJob {"job": RegistrationJob, "tie_points": file of another program or an edited one};
                 result: the object of `ltcore refit --json`, which is that of register
    import_points  params: ImportJob {"reference", "sensed", "tie_points": path}; result: {"sensed_xy": [[x, y]],
                 "reference_xy": [[x, y]], "score": [s], "covariance_px2": [[[..]]], "enabled": [true or false]}
    warp         params: WarpJob; one raster moved by a solution; result: {"outputs": {"warped": path}}
    export_gcps  params: ExportJob; result: that of ltcore.gcp_export.export_gcps
    examine, write_edited    edited tie points: ltcore.editing
    snap         params: SnapJob; a tie point set by hand: ltcore.snap
    info, ping, shutdown

Result of `assess`: {"verdict", "reasons", "offsets", "noise_px", "coverage", "hull_coverage", "model", "gaps",
"tie_points", "inliers", "device", "backend", "seconds": {stage: s}, "outputs": {"offsets", "report", "record": path},
"notes": [sentence]}.
"offsets" is null where nothing was measured, else {"count": n, "unit": name of the map unit, "px": statistics,
"map": statistics}; statistics are {"mean", "mean_error" (or null), "median", "std", "rmse_axes": [x, y], "rmse",
"mean_length", "median_length", "ce90", "ce95", "longest": number}. An offset is sensed less reference; px are of the
reference, y down; map is in units of the reference's CRS, along its axes. The layers of offsets.gpkg stand in
ltcore.raster.offsets.
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


def _assess(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from .assess_outputs import assessment_folder, write_assessment  # noqa: PLC0415 - as above
    from .assessment import assess_pair, assessment_summary  # noqa: PLC0415
    from .config import job_from_json  # noqa: PLC0415

    job = job_from_json(params)
    assessment_folder(job).check()
    assessment = assess_pair(job, SubProgress(progress, 0.0, 0.9), _describer_for())
    outputs = write_assessment(assessment, SubProgress(progress, 0.9, 1.0))
    return assessment_summary(assessment, outputs)


def _refit(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from .config import settings_from_json  # noqa: PLC0415 - as above
    from .imported import RefitJob, register_imported  # noqa: PLC0415
    from .outputs import check_out_dir, write_outputs  # noqa: PLC0415
    from .summary import result_summary  # noqa: PLC0415

    refit = settings_from_json(RefitJob, params)
    check_out_dir(refit.job, refit.tie_points)
    result = register_imported(refit, SubProgress(progress, 0.0, 0.5))
    return result_summary(result, write_outputs(result, SubProgress(progress, 0.5, 1.0)))


def _import_points(params: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    from .config import settings_from_json  # noqa: PLC0415 - as above
    from .imported import ImportJob, imported_points  # noqa: PLC0415

    return imported_points(settings_from_json(ImportJob, params))


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


def _examine(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from .editing import examine  # noqa: PLC0415 - as above

    return examine(params, progress)


def _write_edited(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from .editing import write_edited  # noqa: PLC0415 - as above

    return write_edited(params, progress)


def _snap(params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from .snap import snap  # noqa: PLC0415 - as above

    return snap(params, progress)


def _info(_params: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    from .info import environment_report  # noqa: PLC0415 - as above

    return environment_report()


def _ping(_params: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    return {"version": __version__, "python": sys.executable, "pid": os.getpid()}


def _shutdown(_params: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    return {}


METHODS: dict[str, Callable[[dict[str, Any], Progress], dict[str, Any]]] = {
    "register": _register,
    "assess": _assess,
    "refit": _refit,
    "import_points": _import_points,
    "warp": _warp,
    "export_gcps": _export_gcps,
    "examine": _examine,
    "write_edited": _write_edited,
    "snap": _snap,
    "info": _info,
    "ping": _ping,
    "shutdown": _shutdown,
}
