"""The command line: ltcore register | assess | refit | batch | warp | info | weights."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from . import __version__
from .batch.command import batch_command
from .errors import IMPOSSIBLE_NAMES, FileNameError, InputError, LtcoreError
from .pair_commands import assess, refit, register
from .pair_options import MODELS, RESAMPLING
from .progress import CancelledError
from .terminal import TerminalProgress
from .threads import use_one_blas_thread
from .weights_command import weights_group

EXIT_UNEXPECTED, EXIT_INPUT, EXIT_CANCELLED = 1, 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ltcore")
def cli() -> None:
    """Co-registers visible and near-infrared rasters."""


for command in (register, assess, refit, batch_command, weights_group):
    cli.add_command(command)


@cli.command()
@click.argument("sensed", type=click.Path(path_type=Path))
@click.option("--gcps", "solution", type=click.Path(path_type=Path), required=True, help="Solution, see above.")
@click.option("--out", "out_path", type=click.Path(path_type=Path), required=True, help="GeoTIFF to write.")
@click.option("--transform", type=click.Choice(MODELS[1:]), help="Model fitted to GCPs; a record has its own.")
@click.option("--resampling", type=RESAMPLING, default="cubic", show_default=True, help="Of the aligned raster.")
@click.option(
    "--grid",
    type=click.Choice(["reference", "sensed"]),
    default="reference",
    show_default=True,
    help="The reference's, or the sensed raster's extent and pixel size.",
)
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
    """Shows versions, device and backend (with the reasons for them), weights and GDAL drivers."""
    from .info import environment_report  # noqa: PLC0415 - heavy imports only where they are needed

    report = environment_report()
    if as_json:
        click.echo(json.dumps(report))
        return
    for name, version in report["versions"].items():
        click.echo(f"{name:24} {version}")
    click.echo(f"{'platform':24} {report['platform']}")
    click.echo(f"{'device':24} {report['device']['device']}: {report['device']['reason']}")
    click.echo(f"{'backend':24} {report['backend']['backend']}: {report['backend']['reason']}")
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
    use_one_blas_thread()
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
        if isinstance(error, OSError) and error.errno in IMPOSSIBLE_NAMES:
            _fail(f"Error: {FileNameError(error)}", EXIT_INPUT)
        if os.environ.get("LTCORE_DEBUG"):
            logging.getLogger(__name__).exception("unexpected")
            raise
        kind = type(error).__name__
        message = f"Error: something unexpected happened ({kind}: {error}). Set LTCORE_DEBUG=1 for details."
        _fail(message, EXIT_UNEXPECTED)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
