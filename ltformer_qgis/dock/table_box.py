"""The table of tie points and the edits that go with it."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QItemSelection, QItemSelectionModel, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent, QKeySequence
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QToolBar, QVBoxLayout, QWidget

from ..compat import QAction
from ..texts import tr
from .colours import theme_icon
from .points_model import ID_ROLE, RESIDUAL, PointsModel, SortedPoints
from .session import Session

_UNDO, _REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo


class TableBox(QWidget):
    """Rows to sort, pick, switch, delete; undo and redo.

    Signals:
        show_wanted: ids to bring into the middle of the views.
    """

    show_wanted = pyqtSignal(list)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._is_syncing = session, False
        self.model = PointsModel(session)
        self.rows = SortedPoints(self.model)
        self.table = self._new_table()
        self.bar = QToolBar()
        self.bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)  # text where there is no icon
        self.bar.setIconSize(QSize(20, 20))
        self._add_actions()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.bar)
        layout.addWidget(self.table)
        session.selected.connect(self._show_selection)
        self.table.selectionModel().selectionChanged.connect(self._take_selection)
        self.table.doubleClicked.connect(lambda _index: self.show_wanted.emit(self.picked()))

    def _new_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.rows)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setSortingEnabled(True)
        table.sortByColumn(RESIDUAL, Qt.SortOrder.DescendingOrder)
        table.setAlternatingRowColors(True)
        table.setAccessibleName(tr("Tie points"))
        table.setToolTip(tr("Double-click shows a point close up; space switches it on or off"))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setResizeContentsPrecision(0)  # the rows that are seen, not all of them
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        metrics, arrow = header.fontMetrics(), 2.6 * header.fontMetrics().height()  # room for the arrow and the colour
        texts = (str(self.model.headerData(column, Qt.Orientation.Horizontal)) for column in range(5))
        widths = round(sum(metrics.horizontalAdvance(text) + arrow for text in texts))
        table.setMinimumWidth(widths + table.verticalScrollBar().sizeHint().width())
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return table

    def _add_actions(self) -> None:
        stack = self._session.undo_stack
        undo, redo = stack.createUndoAction(self, tr("Undo")), stack.createRedoAction(self, tr("Redo"))
        undo.setShortcut(QKeySequence(_UNDO))
        redo.setShortcut(QKeySequence(_REDO))
        undo.setIcon(theme_icon("mActionUndo"))
        redo.setIcon(theme_icon("mActionRedo"))
        self.switch = self._action(tr("On/off"), "Space", tr("Switch the picked points on or off"), self._switch)
        self.delete = self._action(tr("Delete"), "Del", tr("Delete the picked points"), self._delete)
        self.delete.setIcon(theme_icon("mActionDeleteSelected"))
        for action in (undo, redo):
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        for action in (self.switch, self.delete, undo, redo):
            self.bar.addAction(action)
            self.addAction(action)

    def _action(self, text: str, keys: str, help_text: str, slot: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(f"{help_text} ({keys})")
        action.triggered.connect(slot)
        return action

    def event(self, event: QEvent) -> bool:
        """Keeps the keys of undo and redo from QGIS, whose own actions have them too: Qt would start neither."""
        if event.type() == QEvent.Type.ShortcutOverride and (event.matches(_UNDO) or event.matches(_REDO)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Undoes and redoes by keyboard."""
        if event.matches(_UNDO):
            self._session.undo_stack.undo()
        elif event.matches(_REDO):
            self._session.undo_stack.redo()
        else:
            super().keyPressEvent(event)

    def picked(self) -> list[int]:
        """Returns the ids of the picked rows."""
        return [int(index.data(ID_ROLE)) for index in self.table.selectionModel().selectedRows()]

    def _switch(self) -> None:
        """Switches the picked points off if any is on, else on."""
        ids = self.picked()
        table = self._session.table
        self._session.set_enabled(ids, not table.enabled[table.rows_of(ids)].any())

    def _delete(self) -> None:
        self._session.delete(self.picked())

    def _take_selection(self, *_: object) -> None:
        if not self._is_syncing:
            self._is_syncing = True
            self._session.select(self.picked())
            self._is_syncing = False

    def _show_selection(self) -> None:
        if self._is_syncing or set(self.picked()) == set(self._session.selection):
            return
        self._is_syncing = True
        selection, first = QItemSelection(), None
        for row in self._session.table.rows_of(self._session.selection):
            index = self.rows.mapFromSource(self.model.index(int(row), 0))
            if index.isValid():
                selection.select(index, index)
                first = first or index
        flags = QItemSelectionModel.SelectionFlag
        self.table.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        if first is not None:
            self.table.scrollTo(first)
        self._is_syncing = False
