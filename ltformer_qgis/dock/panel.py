"""The dock widget: puts the boxes together and connects them with the workflow."""

# ruff: noqa: D102 - Qt calls these methods, and its documentation says what they return

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QShowEvent
from qgis.PyQt.QtWidgets import QFileDialog, QFrame, QScrollArea, QSplitter, QTabWidget, QVBoxLayout, QWidget

from ..layers import InputProblem
from ..texts import tr
from .canvas_overlay import WarpedOverlay
from .export_menu import ExportMenu
from .exporter import Exporter
from .inputs_box import InputsBox
from .project_store import ProjectStore
from .results import is_record
from .runner import Runner
from .session import Session
from .table_box import TableBox
from .verdict_box import NumbersBox, VerdictStrip
from .view_bar import ViewBar
from .views import PairView
from .workflow import Workflow


def _message(method: str) -> str:
    """Returns what a request does, in words; '' for one that the user need not know of."""
    return {
        "register": tr("Matching"),
        "examine": tr("Comparing the images"),
        "snap": tr("Finding the point"),
        "import_points": tr("Reading the tie points"),
        "write_edited": tr("Writing"),
    }.get(method, "")


class MatchesDock(QgsDockWidget):
    """LTFormer matches: tie points of two layers, looked at and mended."""

    def __init__(self, iface: Any) -> None:
        super().__init__(tr("LTFormer matches"), iface.mainWindow())
        self.setObjectName("ltformer_matches")
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self._iface, self._asked_for_device, self._is_shut_down = iface, False, False
        self._said, self._place = "", None  # the last sentence; the reference's half of a point being set
        self.session = Session()
        self.runner = Runner()
        self.workflow = Workflow(self.session, self.runner)
        self.inputs, self.verdict, self.numbers = InputsBox(), VerdictStrip(self.session), NumbersBox(self.session)
        self.views, self.table = PairView(self.session), TableBox(self.session)
        self.overlay = WarpedOverlay(self.session, iface.mapCanvas())
        self.store = ProjectStore(self.session)
        self.exporter = Exporter(self.workflow)
        self.export_menu = ExportMenu(self.session, self.exporter, iface.mainWindow())
        self.bar = ViewBar(self.export_menu)
        self._build()
        self._connect()
        self.store.read()

    def _build(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.addTab(_scrolled(self.inputs), tr("Match"))
        self.tabs.addTab(_scrolled(self.numbers), tr("Fit"))
        views = QSplitter(Qt.Orientation.Horizontal)
        views.addWidget(_stacked(self.bar, self.views))
        views.addWidget(self.table)
        views.setStretchFactor(0, 1)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(self.tabs)
        whole.addWidget(_stacked(self.verdict, views))
        whole.setStretchFactor(1, 1)
        for splitter in (views, whole):
            splitter.setChildrenCollapsible(False)
        self.setWidget(whole)

    def _connect(self) -> None:
        self.inputs.run_wanted.connect(self._run)
        self.inputs.cancel_wanted.connect(self.runner.cancel)
        self.runner.progressed.connect(self._show_progress)
        self.runner.busy_changed.connect(self._show_busy)
        self.workflow.said.connect(self._say)
        self.workflow.device_known.connect(self.inputs.device.setText)
        self.table.show_wanted.connect(self.views.show_points)
        self.session.reset.connect(self._show_pair)
        self.store.failed.connect(lambda text: self._say(text, bad=True))
        self.exporter.said.connect(self._say)
        self.bar.load.triggered.connect(lambda _checked=False: self._load())
        self.bar.whole.triggered.connect(lambda _checked=False: self.views.show_all())
        self.bar.outliers.toggled.connect(self._show_outliers)
        self.bar.lines.toggled.connect(self._show_lines)
        self.bar.add.toggled.connect(self._begin_point)
        self.bar.overlay_changed.connect(self.overlay.show)
        self.views.clicked.connect(self._take_click)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._asked_for_device:
            self._asked_for_device = True
            self.workflow.ask_for_device()

    def shut_down(self) -> None:
        """Ends everything that runs; for the end of the plugin."""
        if self._is_shut_down:  # QGIS is quitting, and takes the plugin away besides
            return
        self._is_shut_down = True
        self.store.close()
        self.overlay.close()
        self.workflow.close()
        self.views.close_views()

    # Actions

    def _run(self) -> None:
        self._said = ""
        try:
            self.workflow.run(self.inputs.layers(), self.inputs.bands(), self.inputs.config())
        except InputProblem as problem:
            self._say(str(problem), bad=True)

    def _load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Load tie points"), "", _file_kinds())
        if not path:
            return
        self._said = ""
        try:
            if path.endswith(".json") and is_record(Path(path)):
                self.workflow.load_record(Path(path))
            else:
                inputs = self.inputs
                self.workflow.import_points(Path(path), inputs.layers(), inputs.bands(), inputs.config())
        except InputProblem as problem:
            self._say(str(problem), bad=True)

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
            self.tabs.setCurrentIndex(1)

    def _show_progress(self, fraction: float, message: str) -> None:
        self.inputs.show_busy(fraction, message)

    def _show_busy(self) -> None:
        method = self.runner.current
        if _message(method):
            self.inputs.show_busy(0.0, _message(method))
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


def _file_kinds() -> str:
    """Returns the kinds of files that tie points are loaded from, as a file dialog wants them."""
    kinds = (
        (tr("All that can be loaded"), "*.json *.gpkg *.points *.shp *.geojson *.csv"),
        (tr("Run record"), "*.json"),
        (tr("Tie points"), "*.gpkg *.points *.shp *.geojson *.csv"),
    )
    return ";;".join(f"{name} ({patterns})" for name, patterns in kinds)


def _stacked(above: QWidget, below: QWidget) -> QWidget:
    """Returns both as one widget; the one below takes the room."""
    home = QWidget()
    layout = QVBoxLayout(home)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    layout.addWidget(above)
    layout.addWidget(below, 1)
    return home


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
