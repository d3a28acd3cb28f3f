"""ltcore register, assess and refit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Optional

import click

from .config import RegistrationJob
from .pair_options import assess_options, job_of_options, refit_options, register_options
from .terminal import TerminalProgress

EXIT_FAILED = 3


@click.command()
@register_options
@click.option("--replay", type=click.Path(path_type=Path), help="Repeat the run of a record.json.")
def register(**options: Any) -> None:
    """Registers SENSED to REFERENCE.

    Writes tie_points.gpkg, gcps.points, gcps.vrt, warped.tif, report.html and record.json into the folder --out.

    Exit codes: 0 verdict PASS or WARN; 2 bad arguments or input; 3 no trustworthy registration (verdict FAIL: tie
    points and report are kept, nothing is warped); 130 cancelled; 1 anything unexpected.
    """
    from .outputs import check_out_dir, write_outputs  # noqa: PLC0415 - heavy imports only where they are needed
    from .pipeline import register as run  # noqa: PLC0415
    from .progress import SubProgress  # noqa: PLC0415
    from .summary import result_summary  # noqa: PLC0415

    job = _replayed(options) if options["replay"] else job_of_options()
    check_out_dir(job)
    with TerminalProgress() as progress:
        result = run(job, SubProgress(progress, 0.0, 0.8))
        outputs = write_outputs(result, SubProgress(progress, 0.8, 1.0))
    summary = result_summary(result, outputs)
    _tell(summary, _registered_in_words(summary), as_json=options["as_json"])


@click.command()
@assess_options
def assess(**options: Any) -> None:
    """Measures how far SENSED lies from REFERENCE as its georeference places it; nothing is warped.

    Writes offsets.gpkg (offsets at tie points, vectors, areas without points), report.html and record.json into the
    folder --out. Statistics in reference pixels and map units; an offset is sensed less reference.

    Exit codes: as of register; the verdict is of the measurement, not of how large the offsets are.
    """
    from .assess_outputs import assessment_folder, write_assessment  # noqa: PLC0415 - as above
    from .assessment import assess_pair, assessment_summary  # noqa: PLC0415
    from .progress import SubProgress  # noqa: PLC0415

    job = job_of_options()
    assessment_folder(job).check()
    with TerminalProgress() as progress:
        assessment = assess_pair(job, SubProgress(progress, 0.0, 0.9))
        outputs = write_assessment(assessment, SubProgress(progress, 0.9, 1.0))
    summary = assessment_summary(assessment, outputs)
    _tell(summary, _assessed_in_words(summary), as_json=options["as_json"])


@click.command()
@refit_options
@click.option(
    "--tie-points", type=click.Path(path_type=Path), required=True, help="File of tie points, kinds see above."
)
def refit(tie_points: Path, **options: Any) -> None:
    """Registers SENSED to REFERENCE by tie points that another program measured, or that you edited.

    Reads .points files of the QGIS Georeferencer, AROSICS tie points (.shp), KARIOS key points (.csv, kp_delta.json),
    and tables (.gpkg, .geojson, .csv, .shp) with sensed_x and sensed_y in pixels and a point geometry, or reference_x
    and reference_y. Writes the same files as register; its verdict and exit codes are those of register, too.
    """
    from .imported import RefitJob, register_imported  # noqa: PLC0415 - as above
    from .outputs import check_out_dir, write_outputs  # noqa: PLC0415
    from .progress import SubProgress  # noqa: PLC0415
    from .summary import result_summary  # noqa: PLC0415

    job = job_of_options()
    check_out_dir(job, tie_points)
    with TerminalProgress() as progress:
        result = register_imported(RefitJob(job, tie_points), SubProgress(progress, 0.0, 0.5))
        outputs = write_outputs(result, SubProgress(progress, 0.5, 1.0))
    summary = result_summary(result, outputs)
    _tell(summary, _registered_in_words(summary), as_json=options["as_json"])


def _replayed(options: dict[str, Any]) -> RegistrationJob:
    from .record import replayed_job  # noqa: PLC0415

    if options["reference"] is not None:
        raise click.UsageError("--replay takes both rasters and all settings from the record.")
    return replayed_job(options["replay"], options["out_dir"], overwrite=options["overwrite"])


def _tell(summary: dict[str, Any], in_words: list[str], *, as_json: bool) -> None:
    """Prints a summary; ends the process with code 3 where its verdict is FAIL."""
    lines = [
        f"{summary['verdict']}: {' '.join(summary['reasons'])}",
        *in_words,
        *(f"{name:12} {path}" for name, path in summary["outputs"].items()),
    ]
    click.echo(json.dumps(summary, allow_nan=False) if as_json else "\n".join(lines))
    if summary["verdict"] == "FAIL":
        sys.exit(EXIT_FAILED)


def _registered_in_words(summary: dict[str, Any]) -> list[str]:
    if summary["transform"]["model"] is None:
        return []
    return [
        f"{summary['transform']['model']} transform, RMSE {summary['rmse_px']:.2f} px, "
        f"CE90 {summary['ce90_px']:.2f} px, held-out RMSE {_number(summary['heldout_rmse_px'])} px"
    ]


def _assessed_in_words(summary: dict[str, Any]) -> list[str]:
    if summary["offsets"] is None:
        return []
    found = summary["offsets"]["px"]
    return [
        f"Mean offset {found['mean'][0]:+.2f}, {found['mean'][1]:+.2f} px (x, y down), RMSE {found['rmse']:.2f} px, "
        f"CE90 {found['ce90']:.2f} px; {_number(summary['noise_px'])} px of it is noise of the measurement"
    ]


def _number(value: Optional[float]) -> str:
    return "unknown" if value is None else f"{value:.2f}"
