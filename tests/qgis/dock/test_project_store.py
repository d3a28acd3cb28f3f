"""The session in the project file."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from qgis.core import QgsProject

from ltformer_qgis.dock.judge import Judge
from ltformer_qgis.dock.project_store import KEY, SCOPE, ProjectStore, from_text, to_text
from ltformer_qgis.dock.results import frame_of
from ltformer_qgis.dock.session import Pair, Session, State
from ltformer_qgis.dock.tables import table_from

from .conftest import answer, tie_points


@pytest.fixture
def session(orchard):
    """A session of the orchard's layers, edited."""
    session = Session()
    job = {"reference": {"path": "r.tif", "band": 1}, "sensed": {"path": "s.tif", "band": "luminance"}}
    pair = Pair(orchard.red.id(), orchard.nir.id(), frame_of(orchard.red), frame_of(orchard.nir), job, "record.json")
    session.load(pair, State(table_from(tie_points(300), np.ones(300, bool)), "affine"), Judge(answer()))
    session.delete([1, 2])
    session.set_enabled([10], False)
    return session


@pytest.fixture
def store(session):
    store = ProjectStore(session)
    yield store
    store.close()


def test_text_brings_back_everything(session):
    pair, state, judge = from_text(to_text(session))
    assert pair == session.pair
    assert state.model == "affine"
    table = session.table
    np.testing.assert_array_equal(state.table.ids, table.ids)
    np.testing.assert_array_equal(state.table.enabled, table.enabled)
    np.testing.assert_array_equal(state.table.points.sensed_xy, table.points.sensed_xy)
    np.testing.assert_array_equal(state.table.points.covariance_px2, table.points.covariance_px2)
    assert (state.table.deleted, state.table.next_id) == (2, 301)
    assert judge.answer == session.judge.answer


def test_a_session_of_thousands_of_points_stays_small(session):
    assert len(to_text(session)) < 60_000


def test_saving_and_opening_the_project_restores_the_session(session, store, tmp_path):
    expected, quality = session.table, session.quality
    store.write()
    project = QgsProject.instance()
    path = str(tmp_path / "project.qgz")
    assert project.write(path)
    project.clear()
    assert session.pair is None
    assert project.read(path)
    np.testing.assert_array_equal(session.table.ids, expected.ids)
    assert session.quality == quality
    assert not project.isDirty()


def test_an_edit_right_before_saving_is_saved(session, store, tmp_path):
    store.write()
    session.delete([3])  # the store waits a moment for further edits
    expected = session.table
    project = QgsProject.instance()
    path = str(tmp_path / "project.qgz")
    assert project.write(path)
    project.clear()
    assert project.read(path)
    np.testing.assert_array_equal(session.table.ids, expected.ids)
    assert not project.isDirty()


def test_a_new_project_knows_nothing_of_the_old_session(session, store):
    store.write()
    QgsProject.instance().clear()
    store.write()
    assert QgsProject.instance().readEntry(SCOPE, KEY)[0] == ""
    assert len(session.table) == 0


def test_removing_one_of_its_layers_ends_the_session(session, store, orchard):
    QgsProject.instance().removeMapLayer(orchard.nir.id())
    assert session.pair is None


def test_what_cannot_be_read_is_a_sentence(session, store):
    told = []
    store.failed.connect(told.append)
    for text in ("{", '{"version": 99}', '{"version": 1}'):
        QgsProject.instance().writeEntry(SCOPE, KEY, text)
        store.read()
    assert len(told) == 3
    assert "cannot be read" in told[0]


def points(**arrays):
    memory = io.BytesIO()
    np.savez_compressed(memory, **arrays)
    return base64.b64encode(memory.getvalue()).decode()


def places(count, value=1.0):
    covariance = np.tile(np.eye(2), (count, 1, 1))
    two = {name: np.full((count, 2), value) for name in ("reference_xy", "sensed_xy")}
    return {**two, "score": np.ones(count), "covariance_px2": covariance, "ids": np.arange(count),
            "enabled": np.ones(count, bool)}  # fmt: skip


HARMS = [
    lambda values: values.update(points="!"),
    lambda values: values.update(points=base64.b64encode(b"PK nothing").decode()),
    lambda values: values.update(points=points(a=np.zeros(3))),
    lambda values: values.update(points=points(**places(3, float("nan")))),
    lambda values: values.update(points=points(**{**places(3), "ids": np.arange(4)})),
    lambda values: values.update(points=points(**{**places(3), "score": np.zeros(2**24)})),
    lambda values: values.update(pair=7),
    lambda values: values["pair"].update(reference="x"),
    lambda values: values.update(examined=[]),
    lambda values: values.update(examined={"prior": "x"}),
]


@pytest.mark.parametrize("harm", HARMS, ids=range(len(HARMS)))
def test_a_project_that_somebody_made_up_is_a_sentence(session, store, harm):
    told = []
    store.failed.connect(told.append)
    values = json.loads(to_text(session))
    before = to_text(session)
    harm(values)
    for text in (json.dumps(values), "[" * 100_000):
        QgsProject.instance().writeEntry(SCOPE, KEY, text)
        store.read()
    assert len(told) == 2
    assert to_text(session) == before
