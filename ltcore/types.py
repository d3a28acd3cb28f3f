"""The frozen types handed from stage to stage. All `xy` are pixel-EDGE coordinates as in GDAL:
(0, 0) is the outer corner of the first pixel, (0.5, 0.5) its centre, x = column, y = row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .arrays import frozen_array

FloatArray = NDArray[np.float64]
GapReason = Literal["not searched", "nodata", "no texture", "no match", "outlier"]


@dataclass(frozen=True)
class Keypoints:
    """N keypoints of one image; N may be 0.

    Attributes:
        xy: (N, 2) float64, pixel-edge px.
        size_px: (N,) diameter of the keypoint's neighbourhood, px (OpenCV's KeyPoint.size).
        angle_deg: (N,) orientation, degrees clockwise from the x axis (image axes, y down), [0, 360).
        response: (N,) detector strength, larger is stronger.
    """

    xy: FloatArray
    size_px: FloatArray
    angle_deg: FloatArray
    response: FloatArray

    def __post_init__(self) -> None:
        count = len(self.xy)
        object.__setattr__(self, "xy", frozen_array(self.xy, (count, 2)))
        for name in ("size_px", "angle_deg", "response"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), (count,)))

    def __len__(self) -> int:
        return len(self.xy)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Keypoints:
        """Returns the keypoints at `index` (integers or a mask of length N), in that order."""
        return Keypoints(self.xy[index], self.size_px[index], self.angle_deg[index], self.response[index])


@dataclass(frozen=True)
class Descriptors:
    """N descriptors of width D: `values` (N, D) float32, each row of L2 norm 1; `name` says which."""

    values: NDArray[np.float32]
    name: str

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        width = values.shape[1] if values.ndim == 2 else None
        object.__setattr__(self, "values", frozen_array(values, (None, width), np.float32))

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Matches:
    """K matches: `index` (K, 2) rows [reference, sensed], `score` (K,) in [0, 1], larger is surer."""

    index: NDArray[np.intp]
    score: FloatArray

    def __post_init__(self) -> None:
        count = len(self.index)
        object.__setattr__(self, "index", frozen_array(self.index, (count, 2), np.intp))
        object.__setattr__(self, "score", frozen_array(self.score, (count,)))

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class TiePoints:
    """K tie points between the reference and the sensed raster; K may be 0.

    Attributes:
        reference_xy: (K, 2) pixel-edge px of the reference raster's own grid.
        sensed_xy: (K, 2) pixel-edge px of the sensed raster's own grid.
        score: (K,) in [0, 1], larger is surer.
        covariance_px2: (K, 2, 2) of the offset between both positions, in reference px^2.
    """

    reference_xy: FloatArray
    sensed_xy: FloatArray
    score: FloatArray
    covariance_px2: FloatArray

    def __post_init__(self) -> None:
        count = len(self.reference_xy)
        object.__setattr__(self, "reference_xy", frozen_array(self.reference_xy, (count, 2)))
        object.__setattr__(self, "sensed_xy", frozen_array(self.sensed_xy, (count, 2)))
        object.__setattr__(self, "score", frozen_array(self.score, (count,)))
        object.__setattr__(self, "covariance_px2", frozen_array(self.covariance_px2, (count, 2, 2)))

    @classmethod
    def none(cls) -> TiePoints:
        """Returns zero tie points."""
        return cls(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.zeros((0, 2, 2)))

    def __len__(self) -> int:
        return len(self.reference_xy)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> TiePoints:
        """Returns the tie points at `index` (integers or a mask of length K), in that order."""
        return TiePoints(
            self.reference_xy[index],
            self.sensed_xy[index],
            self.score[index],
            self.covariance_px2[index],
        )


@dataclass(frozen=True)
class Gaps:
    """Cells of the overlap that hold no tie point the transform rests on.

    Attributes:
        cells: number of all cells, those with good points included.
        corners_xy: (N, 4, 2) corners of the N cells without one, pixel-edge px of the reference's own grid.
        reasons: (N,) why: "not searched" (outside the area of interest, or more was there than asked for),
            "nodata" (one of the images shows nothing), "no texture" (no keypoint), "no match" (nothing clear found at
            its keypoints), "outlier" (found, but off the transform or there is none).
    """

    cells: int
    corners_xy: FloatArray
    reasons: tuple[GapReason, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "corners_xy", frozen_array(self.corners_xy, (len(self.reasons), 4, 2)))

    @property
    def shares(self) -> dict[str, float]:
        """Share (0 to 1) of the overlap's cells by reason, the largest first."""
        return {reason: count / self.cells for reason, count in Counter(self.reasons).most_common()}
