"""The menu that asks where to write, and the way into the Georeferencer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from qgis.PyQt.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from ..compat import QAction
from ..layers import InputProblem
from ..texts import tr
from .exporter import Exporter
from .session import Session

_GEOREFERENCER = "mActionShowGeoreferencer"


class ExportMenu(QMenu):
    """Asks for files and has the exporter write them; usable while a session has points."""

    def __init__(self, session: Session, exporter: Exporter, window: QWidget) -> None:
        super().__init__()
        self._session, self._exporter, self._window = session, exporter, window
        self.gcps = self._action(tr("GCPs for the Georeferencer…"), self._export_gcps)
        self.georeferencer = self._action(tr("Open in Georeferencer…"), self._to_georeferencer)
        self.warp = self._action(tr("Warped raster…"), self._warp)
        self.everything = self._action(tr("All files of the registration…"), self._save_all)
        exporter.points_written.connect(self._open_georeferencer)
        session.changed.connect(self._follow)
        self._follow()

    def _action(self, text: str, slot: Callable[[], None]) -> QAction:
        action = self.addAction(text)
        action.triggered.connect(lambda _checked=False: self._guarded(slot))
        return action

    def _guarded(self, slot: Callable[[], None]) -> None:
        try:
            slot()
        except InputProblem as problem:
            self._exporter.said.emit(str(problem), True)

    def _follow(self) -> None:
        has_points = self._session.pair is not None and len(self._session.table) > 0
        for action in (self.gcps, self.georeferencer, self.warp, self.everything):
            action.setEnabled(has_points)

    def _ask_for_file(self, title: str, name: str, kinds: str) -> Path | None:
        path, _ = QFileDialog.getSaveFileName(self._window, title, name, kinds)
        return Path(path) if path else None

    def _export_gcps(self) -> None:
        proposal = f"{self._exporter.sensed_file()}.points"
        path = self._ask_for_file(tr("Export GCPs"), proposal, tr("Georeferencer points (*.points)"))
        if path is not None:
            self._exporter.export_gcps(path)

    def _warp(self) -> None:
        sensed = self._exporter.sensed_file()
        proposal = str(sensed.with_name(f"{sensed.stem}_aligned.tif"))
        path = self._ask_for_file(tr("Write warped raster"), proposal, tr("GeoTIFF (*.tif *.tiff)"))
        if path is not None:
            self._exporter.warp(path if path.suffix.lower() in (".tif", ".tiff") else Path(f"{path}.tif"))

    def _save_all(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, tr("Folder for the files of the registration"))
        if folder:
            self._exporter.save_all(Path(folder))

    def _to_georeferencer(self) -> None:
        target = Path(f"{self._exporter.sensed_file()}.points")
        question = (
            tr("'{path}' is there already. Replace it with the present tie points?")
            if target.exists()
            else tr("Write the tie points to '{path}', where the Georeferencer looks for them?")
        )
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(self._window, tr("Open in Georeferencer"), question.format(path=target))
        if answer == buttons.Yes:
            self._exporter.write_for_georeferencer()

    def _open_georeferencer(self, raster: str) -> None:
        """Opens the Georeferencer and says what to click: no version of QGIS lets a plugin open a raster in it."""
        action: Any = self._window.findChild(QAction, _GEOREFERENCER)
        if action is not None:
            action.trigger()
        text = tr("In the Georeferencer choose File > Open Raster… and take '{path}': its points load by themselves.")
        self._exporter.said.emit(text.format(path=raster), False)
