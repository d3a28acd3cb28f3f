"""Settings of a registration: one frozen dataclass a stage, validated, to and from JSON; unknown keys are refused."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any, Literal, Optional, TypeVar, Union

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic.dataclasses import dataclass

from .errors import InputError

# Optional and Union: pydantic evaluates annotations, and Python 3.9 cannot evaluate `A | B`.
ModelChoice = Literal["auto", "shift", "similarity", "affine", "projective", "poly2", "poly3", "tps"]
DescriptorName = Literal["ltformer", "rootsift"]
Resampling = Literal["nearest", "bilinear", "cubic", "cubicspline", "lanczos", "average"]
Verdict = Literal["PASS", "WARN", "FAIL"]

# The contrast stretch of every image, in training as in use: weights trained with another one are refused.
STRETCH_PERCENTILES = (1.0, 99.0)

Settings = TypeVar("Settings")

_SHOWN = 200  # characters of what a file holds, in an error
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class RasterSource:
    """One raster as the user named it.

    Attributes:
        path: file readable by GDAL.
        band: 1-based band, or "luminance" for the weighted mean of the visible bands.
    """

    path: Path
    band: Union[int, Literal["luminance"]] = 1

    @field_validator("band", mode="before")
    @classmethod
    def _band_of_text(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value.isdigit() else value


@dataclass(frozen=True, config=_STRICT)
class FeatureConfig:
    """Keypoints and descriptors.

    Attributes:
        descriptor: learned on pairs of visible and near-infrared images, or the classical one.
        weights: name of shipped weights, or a .safetensors file with its card beside it.
        device: "auto" takes a GPU that works, else the CPU.
        backend: software that runs the network; "auto" takes the fastest that works.
        max_keypoints: most of each image of the coarse stage, evenly spread.
    """

    descriptor: DescriptorName = "ltformer"
    weights: str = "ltformer-d128"
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$")
    backend: Literal["auto", "torch", "onnx", "openvino"] = "auto"
    max_keypoints: int = Field(default=1000, ge=50, le=100_000)


@dataclass(frozen=True, config=_STRICT)
class MatchConfig:
    """Search for matches.

    Attributes:
        max_offset: largest expected offset as the user wrote it: "64" (px of the coarser raster) or "250m".
        max_ratio: largest ratio of the best to the second-best descriptor distance.
    """

    max_offset: str = Field(default="100", pattern=r"^\d+(\.\d+)?m?$")
    max_ratio: float = Field(default=0.95, gt=0, le=1)


@dataclass(frozen=True, config=_STRICT)
class FitConfig:
    """Robust fit of the transform.

    Attributes:
        transform: model; "auto" takes the simplest that explains tie points left out of the fit.
        coarse_threshold_px: largest residual of a match that agrees with a proposal, in px of the coarse level.
        threshold_px: largest residual of a tie point that agrees with the transform, in px of the coarser raster.
        max_tie_points: most tie points to keep, evenly spread.
        seed: of all random numbers: the same seed gives the same result.
    """

    transform: ModelChoice = "auto"
    coarse_threshold_px: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    threshold_px: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    max_tie_points: int = Field(default=2000, ge=10, le=100_000)
    seed: int = Field(default=0, ge=0, lt=2**31)


@dataclass(frozen=True, config=_STRICT)
class VerdictConfig:
    """Limits of the verdict: beyond `fail_*` a registration fails, beyond `warn_*` it is doubtful.

    Attributes:
        fail_inliers: fewest tie points that agree with the transform.
        warn_inliers: the same for a PASS, as all that begin with "warn".
        fail_inlier_share: least share of the tie points that agree with the transform.
        warn_inlier_share: the same for a PASS.
        fail_heldout_px: largest RMSE of tie points left out of the fit, in px of the coarser raster.
        warn_heldout_px: the same for a PASS.
        fail_coverage: least share of the overlap's cells that hold an inlier.
        warn_coverage: the same for a PASS.
        fail_structure: least score of the images' structure under the transform (ltcore.structure).
        warn_structure: the same for a PASS.
        fail_local_px: largest offset from a spline that neighbouring tie points may share in a tenth of the overlap, in
            px of the coarser raster (ltcore.neighbourhoods).
        warn_local_px: the same for a PASS.
    """

    fail_inliers: int = Field(default=15, ge=0)
    warn_inliers: int = Field(default=40, ge=0)
    fail_inlier_share: float = Field(default=0.25, ge=0, le=1)
    warn_inlier_share: float = Field(default=0.5, ge=0, le=1)
    fail_heldout_px: float = Field(default=1.5, ge=0, allow_inf_nan=False)  # nan would be a limit that nothing exceeds
    warn_heldout_px: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    fail_coverage: float = Field(default=0.1, ge=0, le=1)
    warn_coverage: float = Field(default=0.3, ge=0, le=1)
    fail_structure: float = Field(default=8.0, ge=0, allow_inf_nan=False)
    warn_structure: float = Field(default=12.0, ge=0, allow_inf_nan=False)
    fail_local_px: float = Field(default=3.0, ge=0, allow_inf_nan=False)
    warn_local_px: float = Field(default=0.75, ge=0, allow_inf_nan=False)


@dataclass(frozen=True, config=_STRICT)
class OutputConfig:
    """What is written, and when.

    Attributes:
        warp: write the aligned raster.
        report: write report.html.
        resampling: of the aligned raster.
        grid: the aligned raster takes the reference's grid, or the sensed raster's extent and pixel size.
        min_verdict: worst verdict with which the aligned raster is still written.
        overwrite: replace the outputs of an earlier run.
    """

    warp: bool = True
    report: bool = True
    resampling: Resampling = "cubic"
    grid: Literal["reference", "sensed"] = "reference"
    min_verdict: Verdict = "WARN"
    overwrite: bool = False


@dataclass(frozen=True, config=_STRICT)
class RegistrationConfig:
    """All settings of a registration.

    Attributes:
        features: keypoints and descriptors.
        match: search for matches.
        fit: robust fit of the transform.
        verdict: limits of the verdict.
        output: what is written, and when.
    """

    features: FeatureConfig = Field(default_factory=FeatureConfig)
    match: MatchConfig = Field(default_factory=MatchConfig)
    fit: FitConfig = Field(default_factory=FitConfig)
    verdict: VerdictConfig = Field(default_factory=VerdictConfig)
    output: OutputConfig = Field(default_factory=OutputConfig)


@dataclass(frozen=True, config=_STRICT)
class RegistrationJob:
    """One pair to register.

    Attributes:
        reference: the raster that stays where it is.
        sensed: the raster to align.
        out_dir: folder of the outputs; made if absent.
        aoi: vector file; only its polygons (any CRS) are matched.
        config: all settings.
    """

    reference: RasterSource
    sensed: RasterSource
    out_dir: Path
    aoi: Optional[Path] = None
    config: RegistrationConfig = Field(default_factory=RegistrationConfig)


def job_from_json(values: Any) -> RegistrationJob:
    """Returns the registration that a JSON object (or its text) describes; see settings_from_json."""
    return settings_from_json(RegistrationJob, values)


def settings_from_json(kind: type[Settings], values: Any) -> Settings:
    """Returns the settings dataclass that a JSON object (or its text) describes.

    Raises:
        InputError: naming the first field that is unknown, missing or out of range.
    """
    _check_texts(values)
    adapter = TypeAdapter(kind)
    try:
        return adapter.validate_json(values) if isinstance(values, (str, bytes)) else adapter.validate_python(values)
    except ValidationError as error:
        raise settings_error(error) from error


def _check_texts(values: Any) -> None:
    """Refuses characters that no name of a file can have, and that would end in an error of the system."""
    try:
        text = values if isinstance(values, (str, bytes)) else json.dumps(values, default=str, ensure_ascii=False)
        has_nul = "\\u0000" in (text if isinstance(text, str) else text.decode())
        if isinstance(text, str):
            text.encode("utf-8", "surrogateescape")
    except (UnicodeError, RecursionError) as error:
        raise InputError("The settings cannot be used.", f"{type(error).__name__}: {error}.") from error
    if has_nul:
        raise InputError("The settings cannot be used.", "They hold a NUL character.")


def to_json_object(settings: Any) -> dict[str, Any]:
    """Returns a settings dataclass as a JSON object of plain values."""
    values: dict[str, Any] = TypeAdapter(type(settings)).dump_python(settings, mode="json")
    return values


def settings_error(error: ValidationError) -> InputError:
    """Returns the first complaint of pydantic as an error that people can read."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "settings"
    got = reprlib.repr(first["input"])[:_SHOWN]  # a hostile file may hold megabytes there
    return InputError(f"The setting '{field[:_SHOWN]}' cannot be used.", f"{first['msg'][:_SHOWN]} (got {got}).")
