"""The options that all commands about a pair of rasters share, and the job that they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Optional, TypeVar

import click

from .config import RegistrationJob, job_from_json
from .errors import InputError
from .json_files import read_json

RESAMPLING = click.Choice(["nearest", "bilinear", "cubic", "cubicspline", "lanczos", "average"])
MODELS = ("shift", "similarity", "affine", "projective", "poly2", "poly3", "tps")

_PATH = click.Path(path_type=Path)
STAGES = {  # option -> stage of RegistrationConfig
    **dict.fromkeys(("descriptor", "weights", "device", "backend"), "features"),
    **dict.fromkeys(("max_offset",), "match"),
    **dict.fromkeys(("transform", "max_tie_points", "seed"), "fit"),
    **dict.fromkeys(("warp", "report", "resampling", "grid", "min_verdict", "overwrite"), "output"),
}
_RASTERS = (
    click.argument("reference", type=_PATH, required=False),
    click.argument("sensed", type=_PATH, required=False),
    click.option("--out", "out_dir", type=_PATH, required=True, help="Folder of the outputs."),
    click.option("--reference-band", default="luminance", show_default=True, help="Band from 1, or luminance."),
    click.option("--sensed-band", default="1", show_default=True, help="Band from 1, or luminance."),
)
_MODEL = (
    click.option(
        "--transform",
        type=click.Choice(["auto", *MODELS]),
        default="auto",
        show_default=True,
        help="Model; auto takes the simplest that explains tie points left out of the fit.",
    ),
)
_FITTING = (
    click.option("--max-tie-points", type=int, default=2000, show_default=True, help="Most to keep, evenly spread."),
    click.option("--seed", type=int, default=0, show_default=True, help="Of the robust fit: same seed, same result."),
)
_SEARCH = (
    click.option(
        "--max-offset",
        default="100",
        show_default=True,
        help="Largest offset of georeferenced rasters: 100 (px) or 250m.",
    ),
)
_MATCHING = (
    click.option(
        "--descriptor",
        type=click.Choice(["ltformer", "rootsift"]),
        default="ltformer",
        show_default=True,
        help="Learned on visible and near-infrared pairs, or the classical one.",
    ),
    click.option(
        "--weights", default="ltformer-d128", show_default=True, help="Name in weights/, or a .safetensors file."
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps."),
    click.option(
        "--backend",
        type=click.Choice(["auto", "torch", "onnx", "openvino"]),
        default="auto",
        show_default=True,
        help="Software that runs the network.",
    ),
    *_SEARCH,
    click.option("--aoi", type=_PATH, help="Polygons; only what lies inside is matched."),
    *_FITTING,
)
_WARPING = (
    click.option("--warp/--no-warp", default=True, show_default=True, help="Write the aligned raster."),
    click.option("--resampling", type=RESAMPLING, default="cubic", show_default=True, help="Of the aligned raster."),
    click.option(
        "--grid",
        type=click.Choice(["reference", "sensed"]),
        default="reference",
        show_default=True,
        help="Of the aligned raster: the reference's, or the sensed raster's extent and pixel size.",
    ),
    click.option(
        "--min-verdict",
        type=click.Choice(["pass", "warn", "fail"]),
        default="warn",
        show_default=True,
        help="Worst verdict with which the aligned raster is still written.",
    ),
)
_COMMON = (
    click.option("--report/--no-report", default=True, show_default=True, help="Write report.html."),
    click.option(
        "--config", "config_file", type=_PATH, help="JSON of settings, limits of the verdict too; options overrule it."
    ),
    click.option("--overwrite", is_flag=True, help="Replace the outputs of an earlier run."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object."),
)

Command = TypeVar("Command", bound=Callable[..., Any])


def register_options(command: Command) -> Command:
    """Gives a command all options of a registration."""
    return _with(command, (*_RASTERS, *_MODEL, *_MATCHING, *_WARPING, *_COMMON))


def assess_options(command: Command) -> Command:
    """Gives a command the options of a registration that warps nothing."""
    return _with(command, (*_RASTERS, *_MODEL, *_MATCHING, *_COMMON))


def refit_options(command: Command) -> Command:
    """Gives a command the options of a registration whose tie points are known."""
    return _with(command, (*_RASTERS, *_MODEL, *_SEARCH, *_FITTING, *_WARPING, *_COMMON))


def _with(command: Command, options: tuple[Callable[[Any], Any], ...]) -> Command:
    for option in reversed(options):  # the last decorator comes first in the help
        command = option(command)
    return command


def job_of_options() -> RegistrationJob:
    """Returns the job of the command that runs: what was typed, then --config, then defaults.

    Raises:
        UsageError: a raster is missing.
        InputError: a setting cannot be used.
    """
    context = click.get_current_context()
    options = context.params
    if options["reference"] is None or options["sensed"] is None:
        raise click.UsageError(f"Two rasters are needed: ltcore {context.info_name} REFERENCE SENSED --out DIR")
    config = read_settings(options["config_file"])
    for name, stage in STAGES.items():
        if name in options and context.get_parameter_source(name) != click.core.ParameterSource.DEFAULT:
            config.setdefault(stage, {})[name] = plain_setting(name, options[name])
    return job_from_json(
        {
            "reference": {"path": options["reference"], "band": options["reference_band"]},
            "sensed": {"path": options["sensed"], "band": options["sensed_band"]},
            "out_dir": options["out_dir"],
            "aoi": options.get("aoi"),
            "config": config,
        }
    )


def plain_setting(name: str, value: Any) -> Any:
    """Returns what was typed for an option as its setting."""
    if name == "min_verdict":
        return str(value).upper()
    return str(value).replace(" ", "") if name == "max_offset" else value


def read_settings(path: Optional[Path]) -> dict[str, Any]:
    """Returns the stages of a settings file; nothing without a file. Their values are checked with the job."""
    if path is None:
        return {}
    config = read_json(path)
    if not isinstance(config, dict) or not all(isinstance(values, dict) for values in config.values()):
        raise InputError(
            f"The settings '{path.name}' cannot be used.",
            "They must be an object of objects.",
            'For example {"verdict": {"fail_heldout_px": 1.0}}; a record.json has all of them under job, config.',
        )
    return config
