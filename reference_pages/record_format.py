"""What stands in a record.json, as types: the JSON Schema and the page about records are made of them.

Records are written by ltcore.record and ltcore.assessment; tests hold real ones against the schema. A field with a
default may be missing from a record; all others are always there.
"""

from __future__ import annotations

from typing import Annotated, Literal, Optional, Union

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from ltcore.config import RasterSource, RegistrationConfig, Verdict
from ltcore.offsets import OffsetStatistics
from ltcore.raster.grid import GeoGrid
from ltcore.record import FORMAT, FORMAT_VERSION
from ltcore.result import QualityReport
from ltcore.types import GapReason

_STRICT = ConfigDict(extra="forbid")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Bounds = tuple[float, float, float, float]
Row3 = tuple[float, float, float]
Table = list[list[float]]
Model = Literal["shift", "similarity", "affine", "projective", "poly2", "poly3", "tps"]


@dataclass(frozen=True, config=_STRICT)
class Trial:
    """How a model did on tie points that were left out of its fit.

    Attributes:
        model: its name.
        inliers: tie points it agrees with.
        rmse_px: RMSE of its inliers' held-out residuals; null where a block could not be predicted.
        median_px: median length of the held-out residuals of the same points for every model.
    """

    model: Model
    inliers: int
    rmse_px: Optional[float]
    median_px: Optional[float]


@dataclass(frozen=True, config=_STRICT)
class Quality(QualityReport):  # noqa: D101 - the docstring is that of the class it extends
    __doc__ = QualityReport.__doc__

    verdict: Verdict  # which ltcore.result knows only while types are checked


@dataclass(frozen=True, config=_STRICT)
class Input:
    """One of both rasters as it was read.

    Attributes:
        name: of the file.
        path: as it was given.
        band: 1-based band, or "luminance".
        size_bytes: of the file; null for what is no plain file, such as a subdataset.
        sha256: of the file's bytes; null as before.
        grid: size and georeference.
    """

    name: str
    path: str
    band: Union[int, Literal["luminance"]]
    size_bytes: Optional[int]
    grid: GeoGrid
    sha256: Optional[Sha256] = None


@dataclass(frozen=True, config=_STRICT)
class Inputs:
    """Both rasters.

    Attributes:
        reference: the raster that stays where it is.
        sensed: the raster to align.
    """

    reference: Input
    sensed: Input


@dataclass(frozen=True, config=_STRICT)
class Job:
    """What was asked; `ltcore register --replay` runs it again. The output folder is the record's own.

    Attributes:
        reference: file and band.
        sensed: file and band.
        aoi: vector file of the area of interest.
        config: all settings.
    """

    reference: RasterSource
    sensed: RasterSource
    aoi: Optional[str]
    config: RegistrationConfig


@dataclass(frozen=True, config=_STRICT)
class Weights:
    """The network's weights.

    Attributes:
        name: of the weights.
        sha256: of their .safetensors file.
    """

    name: str
    sha256: Sha256


@dataclass(frozen=True, config=_STRICT)
class Imported:
    """The file that tie points came from.

    Attributes:
        name: of the file.
        sha256: of its bytes.
    """

    name: str
    sha256: Sha256


@dataclass(frozen=True, config=_STRICT)
class Provenance:
    """Where a result comes from.

    Attributes:
        versions: name -> version of every library that takes part.
        descriptor: what found the first transform: weights, "rootsift" or "correlation".
        device_reason: why that device was taken.
        backend_reason: why that backend was taken.
        models: how every model tried did.
        aoi_sha256: of the area of interest's file.
        imported: tie points that were not measured by this run.
        edited: whether people edited the tie points.
    """

    versions: dict[str, Optional[str]]
    descriptor: Optional[str] = None
    device_reason: Optional[str] = None
    backend_reason: Optional[str] = None
    models: Optional[list[Trial]] = None
    aoi_sha256: Optional[Sha256] = None
    imported: Optional[Imported] = None
    edited: Optional[bool] = None


@dataclass(frozen=True, config=_STRICT)
class FlexibleParameters:
    """The numbers of a transform that bends: before, then the field, then after (ltcore.geometry.flexible).

    Attributes:
        before: 3x3 matrix from sensed px to the field's frame.
        after: 3x3 matrix from the field's frame to reference px.
        coefficients: of poly2 and poly3, a row (x, y) a term.
        controls: of a thin-plate spline: its control points.
        weights: of each control point, a row (x, y).
        affine: of the spline, three rows (x, y).
        trend: affine map that the spline runs out into, three rows (x, y).
        hull: of the control points, inside which the spline holds.
        smoothing: of the spline.
    """

    before: tuple[Row3, Row3, Row3]
    after: tuple[Row3, Row3, Row3]
    coefficients: Optional[Table] = None
    controls: Optional[Table] = None
    weights: Optional[Table] = None
    affine: Optional[Table] = None
    trend: Optional[Table] = None
    hull: Optional[Table] = None
    smoothing: Optional[float] = None


@dataclass(frozen=True, config=_STRICT)
class TransformOfRecord:
    """The transform, sensed px -> reference px, both pixel-edge; every field is null without one.

    Attributes:
        model: family.
        matrix: 3x3, row by row; null also for models that bend.
        check_grid: 100 rows [sensed_x, sensed_y, reference_x, reference_y] on a 10x10 grid over the sensed raster.
        parameters: of a model that bends; null for all others.
    """

    model: Optional[Model]
    matrix: Optional[tuple[Row3, Row3, Row3]]
    check_grid: Annotated[Optional[list[Bounds]], Field(min_length=100, max_length=100)]
    parameters: Optional[FlexibleParameters]


@dataclass(frozen=True, config=_STRICT)
class TiePointsOfRecord:
    """The tie points in short; they stand in tie_points.gpkg.

    Attributes:
        count: all of them.
        inliers: those the transform rests on.
        score_median: median of their scores, 0 to 1.
        reference_bounds_px: least x and y, largest x and y in the reference.
        sensed_bounds_px: the same in the sensed raster.
        sha256: of sensed and reference positions (float64, six decimals of a pixel) and of which are inliers (uint8).
    """

    count: int
    inliers: int
    score_median: Optional[float]
    reference_bounds_px: Optional[Bounds]
    sensed_bounds_px: Optional[Bounds]
    sha256: Sha256


@dataclass(frozen=True, config=_STRICT)
class OffsetsOfRecord:
    """Offsets of the sensed raster, as its georeference places it.

    Attributes:
        count: tie points they rest on.
        unit: name of the map unit.
        px: statistics in reference px, y down.
        map: statistics in map units, y along the axis of the reference's CRS.
    """

    count: int
    unit: str
    px: OffsetStatistics
    map: OffsetStatistics


@dataclass(frozen=True, config=_STRICT)
class AssessmentOfRecord:
    """What `ltcore assess` measured.

    Attributes:
        offsets: null without tie points to rest on.
        noise_px: held-out error of the tie points: what of an offset is measurement.
        coverage: share of the overlap's cells that hold a tie point.
        hull_coverage: share of the overlap inside their convex hull.
        model: simplest transform that would correct the pair.
        gaps: share of the overlap without tie points, by reason.
    """

    offsets: Optional[OffsetsOfRecord]
    noise_px: Optional[float]
    coverage: Share
    hull_coverage: Optional[Share]
    model: Optional[Model]
    gaps: Optional[dict[GapReason, Share]]


@dataclass(frozen=True, config=_STRICT)
class Record:
    """The record of a run: all that is needed to know, check and repeat it.

    Two runs of the same inputs, settings and software give the same bytes, apart from "seconds" and "finished_at".

    Attributes:
        format: what the file is.
        format_version: a program reads its own version.
        ltcore_version: of the program.
        inputs: both rasters as they were read.
        job: what was asked.
        seed: of all random numbers.
        weights: the network's; null for RootSIFT and for imported tie points.
        device: compute device that ran the descriptor.
        backend: its software.
        provenance: libraries, reasons and models tried.
        counts: number of things at each stage.
        transform: what was found.
        failure: why there is no transform; null where there is one.
        quality: numbers and verdict.
        gaps: share of the overlap without tie points, by reason; null where nobody looked.
        tie_points: the tie points in short.
        outputs: name of each output -> file name in the record's folder.
        notes: sentences on outputs that are missing and limits that are not the usual ones.
        seconds: wall time of each stage; detect, describe and match are not counted in coarse, nor the record in write.
        cpu_seconds: CPU time of each stage, all threads.
        finished_at: ISO 8601, UTC.
        assessment: of `ltcore assess` only.
    """

    format: Literal[FORMAT]  # type: ignore[valid-type]
    format_version: Literal[FORMAT_VERSION]  # type: ignore[valid-type]
    ltcore_version: str
    inputs: Inputs
    job: Job
    seed: int
    weights: Optional[Weights]
    device: str
    backend: str
    provenance: Provenance
    counts: dict[str, int]
    transform: TransformOfRecord
    failure: Optional[str]
    quality: Quality
    gaps: Optional[dict[GapReason, Share]]
    tie_points: TiePointsOfRecord
    outputs: dict[str, str]
    notes: list[str]
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    finished_at: str
    assessment: Optional[AssessmentOfRecord] = None
