"""What a registration returns, between the pipeline and everything that writes or shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

import numpy as np
from numpy.typing import NDArray

from .arrays import frozen_array
from .types import FloatArray, Gaps, TiePoints

if TYPE_CHECKING:  # the plugin's process knows results, too, and has no pydantic
    from .config import RegistrationJob, Verdict
    from .geometry.models import PlaneMap
    from .geometry.transforms import EstimationFailure
    from .raster.grid import GeoGrid


@dataclass(frozen=True)
class TransformFit:
    """A transform fitted to K tie points.

    Attributes:
        transform: sensed px -> reference px, both pixel-edge of the rasters' own grids.
        inliers: (K,) tie points the fit rests on.
        residuals_px: (K, 2) reference - transform(sensed), reference px, outliers included.
        heldout_residuals_px: (K, 2) the same residual of each inlier when its block of the image was left out of the
            fit; nan where not measured, inf where the rest could not be fitted.
    """

    transform: PlaneMap
    inliers: NDArray[np.bool_]
    residuals_px: FloatArray
    heldout_residuals_px: FloatArray

    def __post_init__(self) -> None:
        count = len(self.inliers)
        object.__setattr__(self, "inliers", frozen_array(self.inliers, (count,), np.bool_))
        object.__setattr__(self, "residuals_px", frozen_array(self.residuals_px, (count, 2)))
        object.__setattr__(self, "heldout_residuals_px", frozen_array(self.heldout_residuals_px, (count, 2)))

    @property
    def heldout_px(self) -> FloatArray:
        """(K,) lengths of the held-out residuals."""
        return np.hypot(self.heldout_residuals_px[:, 0], self.heldout_residuals_px[:, 1])


@dataclass(frozen=True)
class QualityReport:
    """How good a registration is; lengths in px of the reference, nan-free: None where not measurable.

    Attributes:
        verdict: PASS, WARN or FAIL.
        reasons: sentences for everything that is not a PASS; for a PASS what it rests on.
        tie_points: all tie points.
        inliers: those the transform rests on.
        rmse_px: root mean square of the inliers' residuals.
        rmse_map: the same in map units of the reference CRS; None without georeference.
        ce90_px: radius that holds 90 % of the inliers' residuals.
        heldout_rmse_px: RMSE by spatially blocked cross-validation.
        bias_px: mean held-out residual (x, y); None where a held-out block could not be fitted.
        coverage: share (0 to 1) of the overlap's grid cells that hold an inlier.
        structure: how many standard deviations the correlation of both images' gradients at the solution
            stands above that at wrong offsets.
        mae_px: mean length of the inliers' residuals.
        ce95_px: radius that holds 95 % of the inliers' residuals.
        rmse_axes_px: root mean square of the inliers' residuals along x and along y.
        bias_error_px: standard error of `bias_px` (x, y), were the residuals independent of each other.
        heldout_rmse_map: the held-out RMSE in map units; None without georeference, as the next two.
        ce90_map: CE90 in map units.
        ce95_map: CE95 in map units.
        hull_coverage: share (0 to 1) of the overlap inside the convex hull of the inliers.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    tie_points: int
    inliers: int
    rmse_px: Optional[float] = None
    rmse_map: Optional[float] = None
    ce90_px: Optional[float] = None
    heldout_rmse_px: Optional[float] = None
    bias_px: Optional[tuple[float, float]] = None
    coverage: float = 0.0
    structure: Optional[float] = None
    mae_px: Optional[float] = None
    ce95_px: Optional[float] = None
    rmse_axes_px: Optional[tuple[float, float]] = None
    bias_error_px: Optional[tuple[float, float]] = None
    heldout_rmse_map: Optional[float] = None
    ce90_map: Optional[float] = None
    ce95_map: Optional[float] = None
    hull_coverage: Optional[float] = None


@dataclass(frozen=True)
class RegistrationResult:
    """A registration that ran to its end, whatever its verdict.

    Attributes:
        job: what was asked.
        reference_grid: grid of the reference raster.
        sensed_grid: grid of the sensed raster.
        tie_points: K tie points, inliers and outliers.
        fit: the fit over those tie points, or why there is none.
        quality: numbers and verdict.
        device: compute device that ran the descriptor.
        backend: its software, "torch" or "opencv".
        counts: numbers of things at each stage, e.g. "reference_keypoints".
        provenance: weights, versions and sha256 of the inputs, as JSON values.
        gaps: where there are no good tie points and why; None if nobody looked.
        seconds: wall time of each stage; writing the outputs adds its own.
        cpu_seconds: CPU time of each stage, all threads.
    """

    job: RegistrationJob
    reference_grid: GeoGrid
    sensed_grid: GeoGrid
    tie_points: TiePoints
    fit: TransformFit | EstimationFailure
    quality: QualityReport
    device: str
    backend: str
    counts: dict[str, int]
    provenance: dict[str, Any]
    gaps: Optional[Gaps] = None
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)

    def check_grid(self) -> Optional[FloatArray]:
        """Returns the check grid of the transform, or None without one."""
        return check_grid(self.fit.transform, self.sensed_grid) if isinstance(self.fit, TransformFit) else None


def check_grid(transform: PlaneMap, sensed_grid: GeoGrid) -> FloatArray:
    """Returns (100, 4) rows [sensed_x, sensed_y, reference_x, reference_y], pixel-edge px, on a 10x10 grid over the
    sensed image."""
    steps = (np.arange(10) + 0.5) / 10
    x, y = np.meshgrid(steps * sensed_grid.width, steps * sensed_grid.height)
    sensed = np.column_stack([x.ravel(), y.ravel()])
    return np.hstack([sensed, transform(sensed)])
