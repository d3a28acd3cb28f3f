"""The dock widget: puts the boxes together and connects them with the workflow."""

# ruff: noqa: D102 - Qt calls these methods, and its documentation says what they return

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QFileDialog, QFrame, QScrollArea, QSplitter, QToolBar, QVBoxLayout, QWidget

from ..compat import QAction
from ..layers import InputProblem
from ..texts import tr
from .inputs_box import InputsBox
from .runner import Runner
from .session import Session
from .table_box import TableBox
from .verdict_box import VerdictBox
from .views import PairView
from .workflow import Workflow

_MESSAGES = {"register": tr("Matching"), "examine": tr("Comparing the images"), "snap": tr("Finding the point")}


class MatchesDock(QgsDockWidget):
    """LTFormer matches: tie points of two layers, looked at and mended."""

    def __init__(self, iface: Any) -> None:
        super().__init__(tr("LTFormer matches"), iface.mainWindow())
        self.setObjectName("ltformer_matches")
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self._iface, self._asked_for_device = iface, False
        self._said, self._place = "", None  # the last sentence; the reference's half of a point being set
        self.session = Session()
        self.runner = Runner()
        self.workflow = Workflow(self.session, self.runner)
        self.inputs, self.verdict = InputsBox(), VerdictBox(self.session)
        self.views, self.table = PairView(self.session), TableBox(self.session)
        self.bar = QToolBar()
        self.bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._build()
        self._add_actions()
        self._connect()

    def _build(self) -> None:
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.bar)
        layout.addWidget(self.views, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        columns = _scrolled(self.inputs), middle, _scrolled(self.verdict), self.table
        for number, widget in enumerate(columns):
            splitter.addWidget(widget)
            splitter.setStretchFactor(number, int(widget is middle))
        splitter.setSizes([270, 540, 240, 310])
        splitter.setChildrenCollapsible(False)
        self.setWidget(splitter)

    def _add_actions(self) -> None:
        self.open_action = self._action(tr("Open result…"), tr("Load a run by its record.json"), self._open)
        self.add_action = self._action(
            tr("Add point"),
            tr("Click the same place in both views; the engine finds it to a fraction of a pixel"),
            None,
        )
        self.lines_action = self._action(tr("Lines"), tr("Draw lines across from view to view"), None)
        self.outliers_action = self._action(tr("Outliers"), tr("Show points that are off, too"), None)
        for action in (self.add_action, self.lines_action, self.outliers_action):
            action.setCheckable(True)
        self.lines_action.setChecked(True)
        self.outliers_action.setChecked(True)
        self.whole_action = self._action(tr("Whole"), tr("Show the whole rasters"), self.views.show_all)

    def _action(self, text: str, help_text: str, slot: Any) -> QAction:
        action = QAction(text, self)
        action.setToolTip(help_text)
        if slot is not None:
            action.triggered.connect(lambda _checked=False: slot())
        self.bar.addAction(action)
        return action

    def _connect(self) -> None:
        self.inputs.run_wanted.connect(self._run)
        self.inputs.cancel_wanted.connect(self.runner.cancel)
        self.runner.progressed.connect(self._show_progress)
        self.runner.busy_changed.connect(self._show_busy)
        self.workflow.said.connect(self._say)
        self.workflow.device_known.connect(self.inputs.device.setText)
        self.table.show_wanted.connect(self.views.show_points)
        self.session.reset.connect(self._show_pair)
        self.outliers_action.toggled.connect(self._show_outliers)
        self.lines_action.toggled.connect(self._show_lines)
        self.add_action.toggled.connect(self._begin_point)
        self.views.clicked.connect(self._take_click)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._asked_for_device:
            self._asked_for_device = True
            self.workflow.ask_for_device()

    def shut_down(self) -> None:
        """Ends everything that runs; for the end of the plugin."""
        self.workflow.close()
        self.views.close_views()

    # Actions

    def _run(self) -> None:
        self._said = ""
        try:
            self.workflow.run(self.inputs.layers(), self.inputs.bands(), self.inputs.config())
        except InputProblem as problem:
            self._say(str(problem), bad=True)

    def _open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Open result"), "", tr("Run record (record.json *.json)"))
        if path:
            self.workflow.load_record(Path(path))

    def _begin_point(self, on: bool) -> None:
        self._place = None
        self.views.takes_points = on
        self.views.overlay.show_pending(None)
        if on:
            self._say(tr("Click a place in the reference, then the same place in the sensed raster."), bad=False)

    def _take_click(self, side: int, xy: Any) -> None:
        if side == 0:
            self._place = xy
            self.views.overlay.show_pending(xy)
        elif self._place is not None:
            reference_xy, self._place = self._place, None
            self.views.overlay.show_pending(None)
            self.workflow.snap(reference_xy, xy)

    # What is shown

    def _show_pair(self) -> None:
        pair = self.session.pair
        if pair is not None:
            project = QgsProject.instance()
            self.inputs.choose(project.mapLayer(pair.reference_layer), project.mapLayer(pair.sensed_layer), pair.job)

    def _show_progress(self, fraction: float, message: str) -> None:
        self.inputs.show_busy(fraction, message)

    def _show_busy(self) -> None:
        method = self.runner.current
        if method in _MESSAGES:
            self.inputs.show_busy(0.0, _MESSAGES[method])
        elif not method:
            self.inputs.show_idle(self._said)

    def _say(self, text: str, bad: bool) -> None:
        self._said = text
        if not self.runner.current:
            self.inputs.show_idle(text)
        if bad and text:
            self._iface.messageBar().pushWarning(tr("LTFormer"), text)

    def _show_outliers(self, shown: bool) -> None:
        self.views.overlay.shown.disabled = shown
        self.views.overlay.update()
        self.table.rows.show_disabled(shown)

    def _show_lines(self, shown: bool) -> None:
        self.views.overlay.shown.lines = shown
        self.views.overlay.update()


def _scrolled(widget: QWidget) -> QScrollArea:
    """Returns a column that scrolls up and down where the dock is low, and never hides text at its side."""
    home = QWidget()
    layout = QVBoxLayout(home)
    layout.setContentsMargins(4, 4, 4, 4)
    layout.addWidget(widget)
    layout.addStretch()
    area = QScrollArea()
    area.setWidget(home)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    bar = area.verticalScrollBar().sizeHint().width()
    area.setMinimumWidth(home.minimumSizeHint().width() + bar)
    return area
