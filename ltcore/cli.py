"""The command line: ltcore register | warp | info | weights."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn, Optional

import click
from pydantic import ValidationError

from . import __version__
from .config import (
    FeatureConfig,
    FitConfig,
    MatchConfig,
    OutputConfig,
    RasterSource,
    RegistrationConfig,
    RegistrationJob,
    settings_error,
)
from .errors import InputError, LtcoreError
from .progress import CancelledError
from .terminal import TerminalProgress
from .weights_command import weights_group

EXIT_UNEXPECTED, EXIT_INPUT, EXIT_FAILED, EXIT_CANCELLED = 1, 2, 3, 130

_RESAMPLING = click.Choice(["nearest", "bilinear", "cubic", "cubicspline", "lanczos", "average"])
_MODELS = ("shift", "similarity", "affine", "projective", "poly2", "poly3", "tps")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ltcore")
def cli() -> None:
    """Co-registers visible and near-infrared rasters."""


cli.add_command(weights_group)


@cli.command()
@click.argument("reference", type=click.Path(path_type=Path), required=False)
@click.argument("sensed", type=click.Path(path_type=Path), required=False)
@click.option("--out", "out_dir", type=click.Path(path_type=Path), required=True, help="Folder of the outputs.")
@click.option("--reference-band", default="luminance", show_default=True, help="Band from 1, or luminance.")
@click.option("--sensed-band", default="1", show_default=True, help="Band from 1, or luminance.")
@click.option("--transform", type=click.Choice(["auto", *_MODELS]), default="auto", show_default=True)
@click.option("--descriptor", type=click.Choice(["ltformer", "rootsift"]), default="ltformer", show_default=True)
@click.option("--weights", default="ltformer-d128", show_default=True, help="Name in weights/, or a .safetensors file.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--backend", type=click.Choice(["auto", "torch"]), default="auto", show_default=True)
@click.option(
    "--max-offset", default="100", show_default=True, help="Largest offset of georeferenced rasters: 100 (px) or 250m."
)
@click.option("--max-tie-points", type=int, default=2000, show_default=True)
@click.option("--aoi", type=click.Path(path_type=Path), help="Polygons; only what lies inside is matched.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--warp/--no-warp", default=True, show_default=True, help="Write the aligned raster.")
@click.option("--resampling", type=_RESAMPLING, default="cubic", show_default=True)
@click.option("--grid", type=click.Choice(["reference", "sensed"]), default="reference", show_default=True)
@click.option("--report/--no-report", default=True, show_default=True, help="Write report.html.")
@click.option(
    "--min-verdict",
    type=click.Choice(["pass", "warn", "fail"]),
    default="warn",
    show_default=True,
    help="Worst verdict with which the aligned raster is still written.",
)
@click.option("--overwrite", is_flag=True, help="Replace the outputs of an earlier run.")
@click.option("--replay", type=click.Path(path_type=Path), help="Repeat the run of a record.json.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
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

    job = _replayed(options) if options["replay"] else _job(options)
    check_out_dir(job)
    with TerminalProgress() as progress:
        result = run(job, SubProgress(progress, 0.0, 0.8))
        outputs = write_outputs(result, SubProgress(progress, 0.8, 1.0))
    summary = result_summary(result, outputs)
    click.echo(json.dumps(summary, allow_nan=False) if options["as_json"] else _in_words(summary))
    if result.quality.verdict == "FAIL":
        sys.exit(EXIT_FAILED)


def _job(options: dict[str, Any]) -> RegistrationJob:
    if options["reference"] is None or options["sensed"] is None:
        raise click.UsageError("Two rasters are needed: ltcore register REFERENCE SENSED --out DIR")
    try:
        config = RegistrationConfig(
            features=FeatureConfig(**_chosen(options, "descriptor", "weights", "device", "backend")),
            match=MatchConfig(max_offset=options["max_offset"].replace(" ", "")),
            fit=FitConfig(**_chosen(options, "transform", "max_tie_points", "seed")),
            output=OutputConfig(
                **_chosen(options, "warp", "report", "resampling", "grid", "overwrite"),
                min_verdict=options["min_verdict"].upper(),
            ),
        )
        return RegistrationJob(
            RasterSource(options["reference"], options["reference_band"]),
            RasterSource(options["sensed"], options["sensed_band"]),
            options["out_dir"],
            options["aoi"],
            config,
        )
    except ValidationError as error:
        raise settings_error(error) from error


def _chosen(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names}


def _replayed(options: dict[str, Any]) -> RegistrationJob:
    from .record import replayed_job  # noqa: PLC0415

    if options["reference"] is not None:
        raise click.UsageError("--replay takes both rasters and all settings from the record.")
    return replayed_job(options["replay"], options["out_dir"], overwrite=options["overwrite"])


def _in_words(summary: dict[str, Any]) -> str:
    lines = [f"{summary['verdict']}: {' '.join(summary['reasons'])}"]
    if summary["transform"]["model"] is not None:
        lines.append(
            f"{summary['transform']['model']} transform, RMSE {summary['rmse_px']:.2f} px, "
            f"CE90 {summary['ce90_px']:.2f} px, held-out RMSE {_number(summary['heldout_rmse_px'])} px"
        )
    lines += [f"{name:12} {path}" for name, path in summary["outputs"].items()]
    return "\n".join(lines)


def _number(value: Optional[float]) -> str:
    return "unknown" if value is None else f"{value:.2f}"


@cli.command()
@click.argument("sensed", type=click.Path(path_type=Path))
@click.option("--gcps", "solution", type=click.Path(path_type=Path), required=True, help="Solution, see above.")
@click.option("--out", "out_path", type=click.Path(path_type=Path), required=True, help="GeoTIFF to write.")
@click.option("--transform", type=click.Choice(_MODELS[1:]), help="Model fitted to GCPs; a record has its own.")
@click.option("--resampling", type=_RESAMPLING, default="cubic", show_default=True)
@click.option("--grid", type=click.Choice(["reference", "sensed"]), default="reference", show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def warp(sensed: Path, solution: Path, out_path: Path, transform: Any, overwrite: bool, **options: Any) -> None:
    """Applies one solution to SENSED: any raster of the same frame as the one that was registered, all bands.

    The solution is a record.json, a tie_points.gpkg or a QGIS .points file.
    """
    from .solution import WarpJob, warp_with_solution  # noqa: PLC0415 - heavy imports only where they are needed

    if out_path.exists() and not overwrite:
        raise InputError(f"The file '{out_path}' exists already.", fix="Choose another name, or allow --overwrite.")
    with TerminalProgress() as progress:
        warp_with_solution(WarpJob(sensed, solution, out_path, transform, **options), progress)
    click.echo(str(out_path))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(as_json: bool) -> None:
    """Shows versions, devices (with the reason when a GPU is not used), weights and GDAL drivers."""
    from .info import environment_report  # noqa: PLC0415 - heavy imports only where they are needed

    report = environment_report()
    if as_json:
        click.echo(json.dumps(report))
        return
    for name, version in report["versions"].items():
        click.echo(f"{name:24} {version}")
    click.echo(f"{'platform':24} {report['platform']}")
    click.echo(f"{'device':24} {report['device']['device']}: {report['device']['reason']}")
    for weights in report["weights"]:
        click.echo(f"{'weights':24} {weights['name']} ({weights['descriptor_dim']} values, {weights['licence']})")
    click.echo(f"{'GDAL raster drivers':24} {len(report['gdal_raster_drivers'])}")


def _fail(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Runs the command line and turns every error into one sentence and an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:  # how click reports Ctrl-C
        _fail("Cancelled; nothing was written.", EXIT_CANCELLED)
    except (KeyboardInterrupt, CancelledError):
        _fail("Cancelled; nothing was written.", EXIT_CANCELLED)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_INPUT)
    except InputError as error:
        _fail(f"Error: {error}", EXIT_INPUT)
    except LtcoreError as error:
        _fail(f"Error: {error}", EXIT_UNEXPECTED)
    except Exception as error:
        if os.environ.get("LTCORE_DEBUG"):
            logging.getLogger(__name__).exception("unexpected")
            raise
        kind = type(error).__name__
        message = f"Error: something unexpected happened ({kind}: {error}). Set LTCORE_DEBUG=1 for details."
        _fail(message, EXIT_UNEXPECTED)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
