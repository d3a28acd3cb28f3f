"""The session: tie points of a pair, their fit and verdict, and every edit that can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..compat import QUndoCommand, QUndoStack
from ..core import EstimationFailure, TransformFit, refit
from ..texts import tr
from .judge import Judge
from .pixel_frame import PixelFrame
from .tables import PointTable, empty_table


@dataclass(frozen=True)
class Pair:
    """The two rasters of a session.

    Attributes:
        reference_layer: id of the reference's layer in the project.
        sensed_layer: id of the sensed raster's layer.
        reference: pixel frame of the reference.
        sensed: pixel frame of the sensed raster.
        job: ltcore's RegistrationJob as JSON, with paths, bands and settings.
        record: path of the run's record.json, or ''.
        map_unit: abbreviation of the unit of the reference's CRS, '' without one.
    """

    reference_layer: str
    sensed_layer: str
    reference: PixelFrame
    sensed: PixelFrame
    job: dict[str, Any] = field(default_factory=dict)
    record: str = ""
    map_unit: str = ""


@dataclass(frozen=True)
class State:
    """What an edit changes: the tie points and the family of the transform."""

    table: PointTable
    model: str


class _Edit(QUndoCommand):
    """One edit: the state before and after it."""

    def __init__(self, session: Session, after: State, text: str) -> None:
        super().__init__(text)
        self._session, self._before, self._after = session, session.state, after

    def redo(self) -> None:
        self._session.put(self._after)

    def undo(self) -> None:
        self._session.put(self._before)


class Session(QObject):
    """Tie points, fit and verdict; tells of every change. Empty until a result is loaded.

    Signals:
        reset: another pair or none.
        changed: points, fit or verdict.
        selected: the ids picked out, or the one under the mouse.
        must_examine: the images have to be compared under the present fit.
    """

    reset = pyqtSignal()
    changed = pyqtSignal()
    selected = pyqtSignal()
    must_examine = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.undo_stack = QUndoStack(self)
        self._clear()

    def _clear(self) -> None:
        self.pair: Pair | None = None
        self.state = State(empty_table(), "affine")
        self.fit: Any = EstimationFailure(tr("no tie points are loaded"))
        self.quality: Any = None
        self.judge: Judge | None = None
        self.selection: frozenset[int] = frozenset()
        self.hovered: int | None = None
        self.undo_stack.clear()

    @property
    def table(self) -> PointTable:
        """The tie points."""
        return self.state.table

    @property
    def transform(self) -> Any:
        """The fitted transform sensed px -> reference px, or None."""
        return self.fit.transform if isinstance(self.fit, TransformFit) else None

    def clear(self) -> None:
        """Forgets everything."""
        self._clear()
        self.reset.emit()
        self.changed.emit()
        self.selected.emit()

    def load(self, pair: Pair, state: State, judge: Judge | None = None) -> None:
        """Begins with another pair; without a judge the images are compared before there is a verdict."""
        self._clear()
        self.pair, self.judge = pair, judge
        self.reset.emit()
        self.put(state)
        self.selected.emit()

    def put(self, state: State) -> None:
        """Replaces points and model, refits and judges."""
        self.state = state
        self.selection &= frozenset(state.table.ids.tolist())
        self._refit()
        self._judge()

    def use(self, judge: Judge) -> None:
        """Takes over what the engine found in the images."""
        changes_fit = self.judge is None or not np.array_equal(self.judge.prior, judge.prior)
        self.judge = judge
        if changes_fit:
            self._refit()
        self._judge()

    def _refit(self) -> None:
        table, prior = self.table, np.eye(3) if self.judge is None else self.judge.prior
        self.fit = refit(self.state.model, table.points, table.enabled, prior, self._smooth_as())

    def _smooth_as(self) -> Any:
        """Returns the fit whose smoothing a spline keeps: that of the last fit of the same model."""
        same = self.transform is not None and self.transform.model == self.state.model
        return self.transform if same else None

    def _judge(self) -> None:
        self.quality = None
        if self.judge is not None and self.pair is not None:
            self.quality = self.judge.verdict(self.fit, self.table)
        self.changed.emit()
        if self.quality is None and self.pair is not None:
            self.must_examine.emit()

    # Edits that can be undone

    def set_enabled(self, ids: Iterable[int], enabled: bool) -> None:
        """Switches points on or off."""
        table = self.table.with_enabled(ids, enabled)
        if not np.array_equal(table.enabled, self.table.enabled):
            self._edit(table, tr("Enable points") if enabled else tr("Disable points"))

    def delete(self, ids: Iterable[int]) -> None:
        """Deletes points."""
        table = self.table.without(ids)
        if len(table) < len(self.table):
            self._edit(table, tr("Delete points"))

    def add(self, point: Any) -> int:
        """Adds a tie point (TiePoints of length 1); returns its id."""
        added = self.table.next_id
        self._edit(self.table.with_point(point), tr("Add point"))
        return added

    def set_model(self, model: str) -> None:
        """Chooses another family of transforms."""
        if model != self.state.model:
            self.undo_stack.push(_Edit(self, replace(self.state, model=model), tr("Choose transform")))

    def _edit(self, table: PointTable, text: str) -> None:
        self.undo_stack.push(_Edit(self, replace(self.state, table=table), text))

    # What is picked out

    def select(self, ids: Iterable[int]) -> None:
        """Picks points out."""
        chosen = frozenset(int(number) for number in ids)
        if chosen != self.selection:
            self.selection = chosen
            self.selected.emit()

    def hover(self, number: int | None) -> None:
        """Notes the point under the mouse."""
        if number != self.hovered:
            self.hovered = number
            self.selected.emit()
