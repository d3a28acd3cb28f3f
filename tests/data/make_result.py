"""Registration results without a registration: tie points drawn around a given transform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ltcore.config import OutputConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.geometry.transforms import EstimationFailure, Transform
from ltcore.raster.grid import GeoGrid
from ltcore.result import QualityReport, RegistrationResult, TransformFit
from ltcore.types import TiePoints

SHIFT = Transform("shift", [[1, 0, 3.25], [0, 1, -2.5], [0, 0, 1]])


def make_result(
    out_dir: Path,
    *,
    transform: Transform = SHIFT,
    grids: tuple[GeoGrid, GeoGrid] | None = None,
    sources: tuple[Path, Path] = (Path("reference.tif"), Path("sensed.tif")),
    count: int = 60,
    verdict: str = "PASS",
    **output: Any,
) -> RegistrationResult:
    """Returns a result with `count` tie points over the sensed grid, every tenth of them an outlier.

    Args:
        out_dir: folder of the outputs.
        transform: sensed px -> reference px.
        grids: of reference and sensed; 64 x 48 without georeference by default.
        sources: paths of reference and sensed.
        count: number of tie points, noise 0.2 px.
        verdict: of the quality report.
        output: fields of OutputConfig.
    """
    grids = grids or (GeoGrid(64, 48), GeoGrid(64, 48))
    random = np.random.default_rng(count)
    sensed = random.uniform(0, [grids[1].width, grids[1].height], (count, 2))
    reference = transform(sensed) + random.normal(0, 0.2, (count, 2))
    inliers = np.arange(count) % 10 != 9
    reference[~inliers] += 20
    residuals = reference - transform(sensed)
    lengths = np.linalg.norm(residuals, axis=1)
    config = RegistrationConfig(output=OutputConfig(**output))
    job = RegistrationJob(RasterSource(sources[0]), RasterSource(sources[1]), out_dir, config=config)
    covariance = np.tile(np.array([[0.04, 0.01], [0.01, 0.05]]), (count, 1, 1))
    return RegistrationResult(
        job=job,
        reference_grid=grids[0],
        sensed_grid=grids[1],
        tie_points=TiePoints(reference, sensed, random.uniform(0.5, 1, count), covariance),
        fit=TransformFit(transform, inliers, residuals, np.where(inliers[:, None], 1.1 * residuals, np.nan)),
        quality=_quality(verdict, inliers, lengths),
        device="cpu",
        backend="torch",
        counts={"reference_keypoints": 500, "sensed_keypoints": 480, "matches": 90},
        seconds={"read": 0.25, "coarse": 1.5},
        cpu_seconds={"read": 0.5, "coarse": 2.5},
        provenance={
            "versions": {"ltcore": "0.0", "numpy": "1.0"},
            "weights": {"name": "ltformer-d128", "sha256": "00" * 32},
            "inputs": {"reference": {"sha256": "11" * 32}, "sensed": {"sha256": "22" * 32}},
        },
    )


def without_fit(result: RegistrationResult) -> RegistrationResult:
    """Returns the result as it is when no transform was found."""
    quality = QualityReport("FAIL", ("Only 3 tie points agree; at least 15 are needed.",), len(result.tie_points), 0)
    return replace(result, fit=EstimationFailure("only 3 tie points agree"), quality=quality)


def _quality(verdict: str, inliers: np.ndarray, lengths: np.ndarray) -> QualityReport:
    used = lengths[inliers]
    rmse = float(np.sqrt(np.mean(used**2))) if len(used) else None
    return QualityReport(
        verdict=verdict,  # type: ignore[arg-type]
        reasons=("All is <well> & good.",),
        tie_points=len(inliers),
        inliers=int(inliers.sum()),
        rmse_px=rmse,
        rmse_map=None,
        ce90_px=float(np.percentile(used, 90)) if len(used) else None,
        heldout_rmse_px=rmse,
        bias_px=(0.01, -0.02),
        coverage=0.75,
        structure=21.5,
    )
