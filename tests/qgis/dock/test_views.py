"""The two views: linked through the transform, with points that can be picked."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QCoreApplication

from ltcore.geometry.transforms import Transform
from ltformer_qgis.core import TiePoints
from ltformer_qgis.dock.judge import Judge
from ltformer_qgis.dock.linking import Look, followed
from ltformer_qgis.dock.pixel_frame import PixelFrame
from ltformer_qgis.dock.results import frame_of
from ltformer_qgis.dock.session import Pair, Session, State
from ltformer_qgis.dock.tables import table_from
from ltformer_qgis.dock.views import PairView

from .conftest import answer

NORTH_UP = PixelFrame(500, 400, (600_000.0, 2.0, 0.0, 5_700_000.0, 0.0, -2.0))
PLAIN = PixelFrame(1000, 800)


def transform_of(degrees, scale):
    """Sensed px of PLAIN -> reference px of NORTH_UP."""
    cosine, sine = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return Transform("affine", np.array([[cosine, -sine, 240.0], [sine, cosine, 150.0], [0, 0, 1]]))


def exact_session(orchard, transform):
    """A session of the orchard's layers whose points lie exactly on a transform."""
    sensed = np.random.default_rng(0).uniform(100, [1180, 860], (40, 2))
    points = TiePoints(transform(sensed), sensed, np.ones(40), np.tile(np.eye(2), (40, 1, 1)))
    session = Session()
    pair = Pair(orchard.red.id(), orchard.nir.id(), frame_of(orchard.red), frame_of(orchard.nir))
    session.load(pair, State(table_from(points, np.ones(40, bool)), "affine"), Judge(answer(transform)))
    return session


@pytest.fixture
def view(qgis_app):
    views = []

    def make(session):
        view = PairView(session)
        view.resize(900, 400)
        view.show()
        session.reset.emit()
        QCoreApplication.processEvents()
        views.append(view)
        return view

    yield make
    for view in views:
        view.close_views()
        view.deleteLater()
    QCoreApplication.processEvents()


@pytest.mark.parametrize(("degrees", "scale"), [(0.0, 0.5), (30.0, 0.5), (-90.0, 1.7), (179.0, 0.2)])
def test_the_other_view_looks_at_the_same_ground(degrees, scale):
    transform = transform_of(degrees, scale)
    look = Look(600_400.0, 5_699_700.0, 4.0, 0.0)
    there = followed(look, NORTH_UP, PLAIN, transform.inverse())
    middle = NORTH_UP.to_layer(transform(PLAIN.to_pixel([[there.x, there.y]])))
    np.testing.assert_allclose(middle, [[look.x, look.y]], atol=1e-6)
    assert there.units_a_pixel == pytest.approx(look.units_a_pixel / 2.0 / scale)
    back = followed(there, PLAIN, NORTH_UP, transform)
    assert (back.x, back.y) == pytest.approx((look.x, look.y))
    assert abs(back.rotation_deg) < 1.0


@pytest.mark.parametrize("degrees", [0.0, 25.0, -100.0])
def test_each_tie_point_lies_at_the_same_place_of_both_views(orchard, view, degrees):
    session = exact_session(orchard, transform_of(degrees, 1.2))
    pair_view = view(session)
    extent = QgsRectangle.fromCenterAndSize(QgsPointXY(400, -400), 300, 300)
    pair_view.canvases[0].setExtent(extent)
    QCoreApplication.processEvents()
    left, right = pair_view.overlay.screen_xy()
    corners = [canvas.geometry().topLeft() for canvas in pair_view.canvases]
    offset = [[corner.x(), corner.y()] for corner in corners]
    np.testing.assert_allclose(left - offset[0], right - offset[1], atol=1.0)


def test_moving_the_right_view_moves_the_left_one(orchard, view):
    transform = transform_of(0.0, 1.0)
    pair_view = view(exact_session(orchard, transform))
    pair_view.canvases[1].setExtent(QgsRectangle.fromCenterAndSize(QgsPointXY(300, -200), 200, 200))
    QCoreApplication.processEvents()
    middle = pair_view.canvases[0].extent().center()
    expected = transform([[300.0, 200.0]])[0]
    assert (middle.x(), -middle.y()) == pytest.approx(tuple(expected), abs=1.0)


def test_a_click_picks_the_point_and_ctrl_adds_to_it(orchard, view):
    session = exact_session(orchard, transform_of(0.0, 1.0))
    pair_view = view(session)
    x, y = session.table.points.reference_xy[4]
    pair_view.canvases[0].mapTool().clicked.emit(QgsPointXY(x, -y), False)
    assert session.selection == {5}
    x, y = session.table.points.sensed_xy[7]
    pair_view.canvases[1].mapTool().clicked.emit(QgsPointXY(x, -y), True)
    assert session.selection == {5, 8}
    pair_view.canvases[1].mapTool().moved.emit(QgsPointXY(x, -y))
    assert session.hovered == 8


def test_the_overlay_is_drawn_with_a_selection(orchard, view):
    session = exact_session(orchard, transform_of(0.0, 1.0))
    pair_view = view(session)
    pair_view.overlay.shown.lines = False
    before = pair_view.overlay.grab().toImage()
    session.select([3])
    after = pair_view.overlay.grab().toImage()
    assert before != after


def test_the_whole_rasters_stay_in_view_when_the_dock_grows_until_the_user_moves(orchard, view):
    pair_view = view(exact_session(orchard, transform_of(0.0, 1.0)))
    QCoreApplication.processEvents()
    pair_view.resize(500, 300)
    QCoreApplication.processEvents()
    assert pair_view.canvases[0].extent().contains(orchard.red.extent())
    pair_view.show_points([3])
    close_up = pair_view.canvases[0].extent()
    pair_view.resize(900, 400)
    QCoreApplication.processEvents()
    assert not pair_view.canvases[0].extent().contains(orchard.red.extent())
    assert close_up.contains(pair_view.canvases[0].extent().center())
