"""The table of tie points for Qt's views."""

# ruff: noqa: D102 - Qt calls these methods, and its documentation says what they return

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt

from ..texts import tr
from .colours import class_colour, classes_of
from .session import Session

ID, RESIDUAL, HELDOUT, SCORE, ENABLED = range(5)
SORT_ROLE = Qt.ItemDataRole.UserRole
ID_ROLE = Qt.ItemDataRole.UserRole + 1
_ALIGNED = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_RIGHT = int(getattr(_ALIGNED, "value", _ALIGNED))  # Qt 6 has enums, Qt 5 numbers


class PointsModel(QAbstractTableModel):
    """Rows are tie points; the last column switches them on and off."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session, self._rows = session, len(session.table)
        self._values: dict[int, np.ndarray] = {}
        self._read()
        session.changed.connect(self._refresh)

    def _read(self) -> None:
        table, fit = self._session.table, self._session.fit
        count = len(table)
        unknown = np.full(count, np.nan)
        fitted = self._session.transform is not None and len(fit.inliers) == count
        self._values = {
            ID: table.ids,
            RESIDUAL: np.hypot(*fit.residuals_px.T) if fitted else unknown,
            HELDOUT: fit.heldout_px if fitted else unknown,
            SCORE: table.points.score,
            ENABLED: table.enabled,
        }

    def _refresh(self) -> None:
        same = len(self._session.table) == self._rows
        if not same:
            self.beginResetModel()
        self._read()
        self._rows = len(self._session.table)
        if not same:
            self.endResetModel()
        elif self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(self._rows - 1, ENABLED))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._rows

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (tr("Id"), tr("Residual"), tr("Held out"), tr("Score"), tr("On"))[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                tr("Number of the tie point"),
                tr("Distance to where the transform puts it, pixels of the reference"),
                tr("The same when its part of the image was left out of the fit"),
                tr("How alike both images are there, 0 to 1"),
                tr("Whether the transform rests on it"),
            )[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if not index.isValid() or row >= self._rows:
            return None
        value = self._values[column][row]
        if role == SORT_ROLE:
            return float(value) if np.isfinite(value) else float("inf")
        if role == ID_ROLE:
            return int(self._values[ID][row])
        if column == ENABLED:
            checked = Qt.CheckState.Checked if value else Qt.CheckState.Unchecked
            return checked if role == Qt.ItemDataRole.CheckStateRole else None
        return self._shown(row, column, role)

    def _shown(self, row: int, column: int, role: int) -> Any:
        """Returns what a cell of numbers shows."""
        value = self._values[column][row]
        if role == Qt.ItemDataRole.DisplayRole:
            return str(int(value)) if column == ID else (f"{value:.2f}" if np.isfinite(value) else "-")
        if role == Qt.ItemDataRole.DecorationRole and column == RESIDUAL and self._values[ENABLED][row]:
            return class_colour(int(classes_of(np.array([value]))[0]))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != ENABLED:
            return False
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        self._session.set_enabled([int(self._values[ID][index.row()])], on)
        return True

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == ENABLED else flags


class SortedPoints(QSortFilterProxyModel):
    """The points in the order the user wants, without those that are off if they are hidden."""

    def __init__(self, model: PointsModel) -> None:
        super().__init__(model)
        self._shows_disabled = True
        self.setSourceModel(model)
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(False)  # a row must not jump away while its box is being ticked

    def show_disabled(self, shown: bool) -> None:
        """Shows or hides points that are off."""
        self._shows_disabled = shown
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        if self._shows_disabled:
            return True
        return bool(self.sourceModel().index(row, ENABLED, parent).data(SORT_ROLE))
