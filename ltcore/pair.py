"""An open pair whose transform is known: the frame that shows it, and the limits its verdict is held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

import numpy as np
from numpy.typing import ArrayLike

from .coarse import stricter
from .config import RegistrationJob, VerdictConfig
from .frame import Frame, Search, build_frame
from .geometry.transforms import apply_matrix
from .raster.grid import GeoGrid
from .raster.read import grid_of, open_raster
from .types import FloatArray, TiePoints


@dataclass(frozen=True)
class Pair:
    """Both rasters, open (reference, sensed), and the job they are of."""

    job: RegistrationJob
    datasets: tuple[Any, Any]

    @property
    def grids(self) -> tuple[GeoGrid, GeoGrid]:
        """Grids of the reference and of the sensed raster."""
        return grid_of(self.datasets[0]), grid_of(self.datasets[1])

    def frame(self, search: Search = "given") -> Frame:
        """Returns the frame of a search (ltcore.frame). Raises InputError where the pair cannot be compared."""
        offset = self.job.config.match.max_offset
        return build_frame(*self.datasets, self.job.reference, self.job.sensed, offset, search)

    def frame_under(
        self, transform: Callable[[ArrayLike], FloatArray], sensed_xy: FloatArray
    ) -> tuple[Frame, VerdictConfig]:
        """Returns the frame that shows the pair under a transform, and the limits of its verdict.

        Where it moves (K, 2) points of the sensed raster farther than the largest offset, georeference is not believed
        and the limits are stricter, as in ltcore.search.
        """
        frame, limits = self.frame(), self.job.config.verdict
        if frame.max_offset_px is None or not len(sensed_xy):
            return frame, limits
        view = frame.reference.view
        moved = view.from_source(transform(sensed_xy)) - view.from_source(apply_matrix(frame.prior, sensed_xy))
        is_near = float(np.median(np.hypot(moved[:, 0], moved[:, 1]))) <= frame.max_offset_px
        return (frame, limits) if is_near else (self.frame("free"), stricter(limits))


def open_pair(job: RegistrationJob) -> Pair:
    """Returns the pair of a job. Raises InputError where a raster cannot be used."""
    return Pair(job, (open_raster(job.reference), open_raster(job.sensed)))


def in_working_grids(frame: Frame, points: TiePoints) -> TiePoints:
    """Returns tie points of the rasters themselves in px of the working grids; nan where a place has none."""
    reference, sensed = frame.reference.view, frame.sensed.view
    return TiePoints(
        reference.from_source(points.reference_xy),
        sensed.from_source(points.sensed_xy),
        points.score,
        points.covariance_px2,
    )
