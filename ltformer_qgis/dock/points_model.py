"""The table of tie points for Qt's views."""

# ruff: noqa: D102 - Qt calls these methods, and its documentation says what they return

from __future__ import annotations

from typing import Any

import numpy as np
from qgis.PyQt.QtCore import QAbstractProxyModel, QAbstractTableModel, QModelIndex, Qt

from ..texts import tr
from .colours import class_colour, classes_of
from .session import Session

ID, RESIDUAL, HELDOUT, SCORE, ENABLED = range(5)
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

    def column(self, number: int) -> np.ndarray:
        """Returns the (K,) values of a column, in the order of the session's table."""
        return self._values[number]

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


class SortedPoints(QAbstractProxyModel):
    """The points in the order the user wants, without those that are off if they are hidden.

    Sorted by numpy: Qt's own proxy asks Python for two values in every comparison, a tenth of a second for 2 000 rows
    after every edit.
    """

    def __init__(self, model: PointsModel) -> None:
        super().__init__(model)
        self._column, self._is_descending, self._shows_disabled = ID, False, True
        self._order = np.zeros(0, dtype=int)  # row shown -> row of the model
        self._places = np.zeros(0, dtype=int)  # row of the model -> row shown, -1 where it is hidden
        self.setSourceModel(model)
        self._arrange()
        model.modelAboutToBeReset.connect(self.beginResetModel)
        model.modelReset.connect(self._end_reset)
        model.dataChanged.connect(self._pass_on)

    def show_disabled(self, shown: bool) -> None:
        """Shows or hides points that are off."""
        self._shows_disabled = shown
        self._reset()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column, self._is_descending = column, order == Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [self._order[index.row()] for index in before]
        self._arrange()
        after = [self.index(int(self._places[row]), index.column()) for row, index in zip(rows, before)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        values, enabled = self.sourceModel().column(self._column), self.sourceModel().column(ENABLED)
        keys = np.where(np.isfinite(values), values, np.inf)
        order = np.argsort(-keys if self._is_descending else keys, kind="stable")
        self._order = order if self._shows_disabled else order[enabled[order]]
        self._places = np.full(len(values), -1)
        self._places[self._order] = np.arange(len(self._order))

    def _reset(self) -> None:
        self.beginResetModel()
        self._end_reset()

    def _end_reset(self) -> None:
        self._arrange()
        self.endResetModel()

    def _pass_on(self, *_: object) -> None:
        """Tells of changed values; rows stay where they are: none may jump away while its box is being ticked."""
        if not self._shows_disabled:
            self._reset()
        elif len(self._order):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, ENABLED))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return self.sourceModel().columnCount(parent)

    def index(self, row: int, column: int, parent: QModelIndex | None = None) -> QModelIndex:
        known = 0 <= row < self.rowCount(parent) and 0 <= column < self.columnCount(parent)
        return self.createIndex(row, column) if known else QModelIndex()

    def parent(self, _index: QModelIndex | None = None) -> QModelIndex:
        return QModelIndex()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return self.sourceModel().headerData(section, orientation, role)

    def mapToSource(self, index: QModelIndex) -> QModelIndex:
        if not index.isValid() or index.row() >= len(self._order):
            return QModelIndex()
        return self.sourceModel().index(int(self._order[index.row()]), index.column())

    def mapFromSource(self, index: QModelIndex) -> QModelIndex:
        if not index.isValid() or index.row() >= len(self._places):
            return QModelIndex()
        return self.index(int(self._places[index.row()]), index.column())
