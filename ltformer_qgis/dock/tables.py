"""The tie points of a session as one immutable value, so that undoing is putting the older value back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core import TiePoints


@dataclass(frozen=True)
class PointTable:
    """K tie points as people edit them.

    Attributes:
        ids: (K,) numbers from 1, each used once, whatever is deleted.
        points: the tie points (ltcore.types.TiePoints), px of the rasters themselves.
        enabled: (K,) those the fit rests on.
        deleted: how many measured points were deleted: for the verdict they do not agree.
        next_id: number of the next point added.
    """

    ids: np.ndarray
    points: Any
    enabled: np.ndarray
    deleted: int = 0
    next_id: int = 1

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def measured(self) -> int:
        """How many points the verdict counts, those that were deleted included."""
        return len(self) + self.deleted

    def rows_of(self, ids: Iterable[int]) -> np.ndarray:
        """Returns the ascending rows of the ids that are there."""
        return np.flatnonzero(np.isin(self.ids, list(ids)))

    def with_enabled(self, ids: Iterable[int], enabled: bool) -> PointTable:
        """Returns the table with points switched on or off."""
        mask = self.enabled.copy()
        mask[self.rows_of(ids)] = enabled
        return replace(self, enabled=mask)

    def without(self, ids: Iterable[int]) -> PointTable:
        """Returns the table without the points."""
        gone = np.isin(self.ids, list(ids))
        return replace(
            self,
            ids=self.ids[~gone],
            points=self.points.take(~gone),
            enabled=self.enabled[~gone],
            deleted=self.deleted + int(gone.sum()),
        )

    def with_point(self, point: Any) -> PointTable:
        """Returns the table with one more tie point (a TiePoints of length 1), enabled."""
        return PointTable(
            np.append(self.ids, self.next_id),
            TiePoints(
                *(
                    np.concatenate([getattr(self.points, name), getattr(point, name)])
                    for name in ("reference_xy", "sensed_xy", "score", "covariance_px2")
                )
            ),
            np.append(self.enabled, True),
            self.deleted,
            self.next_id + 1,
        )

    def save(self, path: Path) -> None:
        """Writes the file that the engine reads edited tie points from (ltcore.editing)."""
        arrays = {name: getattr(self.points, name) for name in TiePoints.__annotations__}
        np.savez(path, enabled=self.enabled, **arrays)


def table_from(points: Any, enabled: np.ndarray) -> PointTable:
    """Returns the table of freshly measured or loaded tie points, numbered from 1."""
    count = len(points)
    return PointTable(np.arange(1, count + 1), points, np.array(enabled, dtype=bool), 0, count + 1)


def empty_table() -> PointTable:
    """Returns a table without points."""
    return table_from(TiePoints.none(), np.zeros(0, bool))
