"""Edits of a session: the fit, the verdict and undo. numpy only, in QGIS's process; no engine."""

from __future__ import annotations

import numpy as np
import pytest

from ltcore.config import VerdictConfig
from ltcore.coverage import Evidence
from ltcore.geometry.transforms import Transform
from ltcore.quality import assess
from ltformer_qgis.core import TiePoints
from ltformer_qgis.dock.judge import Judge

from .conftest import TRUTH, answer


def rmse(session):
    fit = session.fit
    return float(np.sqrt((fit.residuals_px[fit.inliers] ** 2).sum(axis=1).mean()))


def test_a_bad_point_spoils_the_numbers_until_it_is_deleted_or_switched_off(loaded):
    for mend in ("delete", "switch"):
        session = loaded(bad=4)
        before = rmse(session)
        session.delete([1, 2, 3, 4]) if mend == "delete" else session.set_enabled([1, 2, 3, 4], False)
        assert before > 2
        assert rmse(session) < 0.4
        assert session.quality.verdict == "PASS"


def test_the_verdict_is_the_librarys_own(loaded):
    session = loaded(count=60)
    cells = session.judge._cells
    coverage = cells.share_held(session.table.points.reference_xy)
    assert session.quality == assess(session.fit, 60, Evidence(coverage, 20.0), None, VerdictConfig())


def test_undo_and_redo_restore_points_fit_and_verdict(loaded):
    session = loaded(bad=3)
    first = (session.state, rmse(session), session.quality)
    session.delete([1, 2, 3])
    session.set_enabled([10, 11], False)
    session.set_model("projective")
    last = (session.state, rmse(session))
    for _ in range(3):
        session.undo_stack.undo()
    assert (session.state, pytest.approx(rmse(session)), session.quality) == first
    assert not session.undo_stack.canUndo()
    for _ in range(3):
        session.undo_stack.redo()
    assert (session.state, pytest.approx(rmse(session))) == last


def test_deleted_points_still_count_against_the_share_that_agrees(loaded):
    session = loaded(count=100, bad=60)
    session.delete(range(1, 61))
    assert rmse(session) < 0.4
    assert session.quality.tie_points == 100
    assert session.quality.verdict == "WARN"  # 40 of 100


def test_a_transform_that_moved_has_no_verdict_before_the_images_are_compared(loaded):
    session = loaded(count=200)
    asked = []
    session.must_examine.connect(lambda: asked.append(True))
    shift = np.array([5.0, 0.0])
    table = session.table
    moved = TiePoints(
        table.points.reference_xy + shift, table.points.sensed_xy, table.points.score, table.points.covariance_px2
    )
    for row in range(len(table)):  # 200 points set by hand, all wrong in the same way
        session.add(moved.take(np.array([row])))
    session.set_enabled(range(1, 201), False)
    assert session.quality is None
    assert asked
    wrong = Transform("affine", TRUTH.matrix + np.array([[0, 0, 5.0], [0, 0, 0], [0, 0, 0]]))
    session.use(Judge(answer(wrong, structure=2.0)))
    assert session.quality.verdict == "FAIL"


def test_without_an_answer_of_the_engine_there_is_no_verdict(loaded):
    session = loaded(judge=False)
    assert session.transform is not None
    assert session.quality is None


def test_an_answer_that_examined_nothing_is_a_fail_and_not_asked_for_again(loaded):
    session = loaded(judge=False)
    asked = []
    session.must_examine.connect(lambda: asked.append(True))
    session.use(Judge(answer(to_cells=None, shared=None, structure=None, failure="the images share nothing")))
    assert session.quality.verdict == "FAIL"
    assert session.quality.reasons == ("The images share nothing.",)
    assert not asked


def test_too_few_points_are_a_fail_with_the_number(loaded):
    session = loaded(count=20)
    session.set_enabled(range(1, 19), False)
    assert session.transform is None
    assert session.quality.verdict == "FAIL"
    assert "needs 3 tie points, got 2" in session.quality.reasons[0]


@pytest.mark.parametrize("model", ["shift", "similarity", "affine", "projective", "poly2", "poly3", "tps"])
def test_every_model_can_be_chosen(loaded, model):
    session = loaded(count=150)
    session.set_model(model)
    assert session.transform.model == model
    assert np.isfinite(session.fit.heldout_px).all()


def test_ids_are_never_used_twice(loaded):
    session = loaded(count=20)
    session.delete([20])
    point = session.table.points.take(np.array([0]))
    assert session.add(point) == 21
    assert session.table.ids[-1] == 21
    session.undo_stack.undo()
    assert session.add(point) == 21


def test_the_prior_of_the_engine_changes_what_the_model_describes(loaded):
    session = loaded(count=100, judge=False)
    session.set_model("shift")
    assert rmse(session) > 1
    session.use(Judge(answer(prior=TRUTH.matrix.tolist())))
    assert rmse(session) < 0.4
