"""The table of tie points as Qt's views see it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from qgis.PyQt.QtCore import QPersistentModelIndex, Qt, qInstallMessageHandler
from qgis.PyQt.QtTest import QAbstractItemModelTester, QSignalSpy

from ltformer_qgis.dock.points_model import ENABLED, HELDOUT, ID, ID_ROLE, RESIDUAL, SCORE, PointsModel, SortedPoints


@pytest.fixture
def session(loaded):
    return loaded(count=50, bad=2)


@pytest.fixture
def model(session, qgis_app):
    return PointsModel(session)


def test_qts_own_tester_finds_no_fault(session, model):
    complaints = []
    before = qInstallMessageHandler(lambda _kind, _place, text: complaints.append(text))
    try:
        tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
        session.delete([1])
        session.set_enabled([2], False)
        session.undo_stack.undo()
        session.undo_stack.undo()
    finally:
        qInstallMessageHandler(before)
    assert tester.model() is model
    assert not [text for text in complaints if "FAIL" in text]


def test_cells_show_what_the_session_holds(session, model):
    row = 7
    expected = np.hypot(*session.fit.residuals_px[row])
    assert model.index(row, ID).data() == "8"
    assert model.index(row, RESIDUAL).data() == f"{expected:.2f}"
    assert model.index(row, HELDOUT).data() == f"{session.fit.heldout_px[row]:.2f}"
    assert model.index(row, SCORE).data() == f"{session.table.points.score[row]:.2f}"
    assert model.index(row, ENABLED).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked


def test_ticking_the_box_edits_the_session(session, model):
    index = model.index(0, ENABLED)
    assert model.setData(index, int(getattr(Qt.CheckState.Unchecked, "value", 0)), Qt.ItemDataRole.CheckStateRole)
    assert not session.table.enabled[0]
    assert model.index(0, HELDOUT).data() == "-"
    session.undo_stack.undo()
    assert session.table.enabled[0]


def test_an_edit_refreshes_every_row(session, model):
    spy = QSignalSpy(model.dataChanged)
    session.set_enabled([1], False)
    assert (spy[0][0].row(), spy[0][1].row()) == (0, 49)


def test_rows_sort_by_number_and_hide_points_that_are_off(session, model):
    rows = SortedPoints(model)
    rows.sort(RESIDUAL, Qt.SortOrder.DescendingOrder)
    residuals = [float(rows.index(row, RESIDUAL).data()) for row in range(rows.rowCount())]
    assert residuals == sorted(residuals, reverse=True)
    assert {rows.index(row, ID).data(ID_ROLE) for row in (0, 1)} == {1, 2}
    session.set_enabled([1, 2], False)
    rows.show_disabled(False)
    assert rows.rowCount() == 48
    rows.show_disabled(True)
    assert rows.rowCount() == 50


def test_sorting_keeps_what_is_picked_and_an_edit_sorts_anew(session, model):
    rows = SortedPoints(model)
    tester = QAbstractItemModelTester(rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
    picked = QPersistentModelIndex(rows.index(20, SCORE))
    number = rows.index(20, ID).data(ID_ROLE)
    rows.sort(SCORE, Qt.SortOrder.DescendingOrder)
    assert picked.sibling(picked.row(), ID).data(ID_ROLE) == number
    worst = rows.index(0, ID).data(ID_ROLE)
    session.delete([worst])
    scores = [float(rows.index(row, SCORE).data()) for row in range(rows.rowCount())]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 49
    assert all(rows.mapToSource(rows.mapFromSource(model.index(row, 0))).row() == row for row in range(49))
    assert tester.model() is rows


def test_an_edit_of_two_thousand_points_sorts_them_at_once(loaded, qgis_app):
    session = loaded(count=2000, bad=2)
    rows = SortedPoints(PointsModel(session))
    rows.sort(RESIDUAL, Qt.SortOrder.DescendingOrder)
    start_s = time.process_time()
    rows.sourceModel().beginResetModel()
    rows.sourceModel().endResetModel()
    assert time.process_time() - start_s < 0.03
