"""Hands the edited tie points on: GCPs, the Georeferencer, a warped raster, all files of a registration."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..delivery import Delivery
from ..errors import EngineError
from ..layers import InputProblem, raster_input
from ..texts import tr
from .runner import Request
from .workflow import Workflow


class Exporter(QObject):
    """Has the engine write files of the present session, and brings them where the user wants them.

    Signals:
        said: a sentence for the user, and whether it is bad news.
        points_written: the .points file for the Georeferencer stands beside this raster.
    """

    said = pyqtSignal(str, bool)
    points_written = pyqtSignal(str)

    def __init__(self, workflow: Workflow) -> None:
        super().__init__(workflow)
        self._workflow = workflow

    def export_gcps(self, path: Path) -> None:
        """Writes a .points file for the QGIS Georeferencer."""
        self._write("points_file", path, lambda: self.said.emit(tr("Written: {path}").format(path=path), False))

    def write_for_georeferencer(self) -> None:
        """Writes the .points file that the Georeferencer loads by itself with the sensed raster."""
        raster = self.sensed_file()
        target = Path(f"{raster}.points")
        self._write("points_file", target, lambda: self.points_written.emit(str(raster)))

    def sensed_file(self) -> Path:
        """Returns the file of the sensed raster.

        Raises:
            InputProblem: it is part of a file, so that no .points file can stand beside it.
        """
        layer = QgsProject.instance().mapLayer(self._workflow.session.pair.sensed_layer)
        path = Path(raster_input(layer).path)
        if not path.is_file():
            raise InputProblem(tr("'{name}' is no file of its own; export it as GeoTIFF first.").format(name=path.name))
        return path

    def warp(self, path: Path) -> None:
        """Writes the sensed raster on the reference's grid, and adds it to the project."""

        def add() -> None:
            layer = QgsRasterLayer(str(path), path.stem)
            QgsProject.instance().addMapLayer(layer)
            self.said.emit(tr("Written and added: {path}").format(path=path), False)

        self._write("warped", path, add)

    def save_all(self, folder: Path) -> None:
        """Writes all files of a registration, record and report included, into a folder."""
        edit = self._workflow.edit_job(folder, {"warp": True, "report": True, "overwrite": False})

        def done(answer: dict[str, Any]) -> None:
            notes = " ".join(answer.get("notes") or [])
            self.said.emit(" ".join([tr("Written to {folder}.").format(folder=folder), notes]).strip(), bool(notes))

        self._ask(edit, done)

    def _write(self, output: str, target: Path, done: Callable[[], None]) -> None:
        """Has one output written in a temporary folder and moved to its place."""
        folder = self._workflow.new_folder() / "out"
        edit = self._workflow.edit_job(folder, {"warp": output == "warped", "report": False, "overwrite": False})

        def deliver(answer: dict[str, Any]) -> None:
            source = answer["outputs"].get(output)
            if source is None:
                reasons = answer.get("notes") or answer.get("reasons") or []
                self.said.emit(" ".join([*reasons, *self._advice(output)]), True)
                return
            delivery = Delivery({Path(source): target})
            try:
                delivery.stage()
                delivery.commit()
            except EngineError as error:
                self.said.emit(str(error), True)
                return
            finally:
                delivery.drop()
            done()

        self._ask(edit, deliver)

    @staticmethod
    def _advice(output: str) -> list[str]:
        if output != "points_file":
            return []
        return [tr("Or run 'Export GCP file for the Georeferencer', which can copy the raster without geotransform.")]

    def _ask(self, edit: dict[str, Any], done: Callable[[dict[str, Any]], None]) -> None:
        def problem(text: str) -> None:
            self.said.emit(text or tr("Cancelled."), bool(text))

        self._workflow.runner.ask(Request("write_edited", edit, tr("writing"), done, problem))
