"""What the dock does: runs a match, compares images, snaps points, loads results. It knows no widget."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from qgis.core import QgsProcessingUtils, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..core import TiePoints
from ..layers import InputProblem, check_band, check_pair, raster_input
from ..texts import tr
from .judge import Judge
from .results import model_or, pair_of, session_of_record
from .runner import Request, Runner
from .session import Pair, Session, State
from .tables import PointTable, table_from

_UNMEASURED_VARIANCE = 1.0  # px^2 of a point set by eye


class Workflow(QObject):
    """Speaks to the engine on behalf of a session.

    Signals:
        said: a sentence for the user, and whether it is bad news.
        device_known: the engine's sentence on the device it uses.
    """

    said = pyqtSignal(str, bool)
    device_known = pyqtSignal(str)

    def __init__(self, session: Session, runner: Runner) -> None:
        super().__init__(session)
        self.session, self.runner = session, runner
        self._folders: list[Path] = []
        session.must_examine.connect(self.examine)

    def new_folder(self) -> Path:
        """Returns a fresh temporary folder, gone when the dock is closed."""
        folder = Path(QgsProcessingUtils.tempFolder()) / f"ltformer_dock_{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        self._folders.append(folder)
        return folder

    def close(self) -> None:
        """Ends what runs and removes temporary files."""
        self.runner.close()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def ask_for_device(self) -> None:
        """Asks the engine which device it uses; the answer comes by `device_known`."""
        self._ask("info", {}, tr("device"), lambda answer: self.device_known.emit(answer["device"]["reason"]))

    # A run

    def run(
        self, layers: tuple[QgsRasterLayer, QgsRasterLayer], bands: tuple[Any, Any], config: dict[str, Any]
    ) -> None:
        """Registers two layers; the session is theirs when it is done.

        Raises:
            InputProblem: the layers cannot be registered.
        """
        folder = self.new_folder()
        job = {**_checked_job(layers, bands, config), "out_dir": str(folder / "out")}
        pair_of(*layers, job)  # refuses, before any work, what cannot be shown

        def done(summary: dict[str, Any]) -> None:
            if summary["verdict"] == "FAIL":  # else the session's own verdict says it all
                self.said.emit(" ".join(summary.get("reasons") or []), True)
            self.load_record(folder / "out" / "record.json")

        self._ask("register", job, tr("matching"), done)

    def load_record(self, path: Path) -> None:
        """Loads a run by its record; what is wrong with it comes by `said`."""
        try:
            self.session.load(*session_of_record(path))
        except InputProblem as problem:
            self.said.emit(str(problem), True)

    def import_points(
        self, path: Path, layers: tuple[QgsRasterLayer, QgsRasterLayer], bands: tuple[Any, Any], config: dict[str, Any]
    ) -> None:
        """Loads tie points of another program, or of ours without a record, for two layers.

        The engine chooses model and inliers as a registration does, from the points that the file calls good.

        Raises:
            InputProblem: the layers cannot be used.
        """
        job = _checked_job(layers, bands, config)
        pair = pair_of(*layers, job)
        params = {"reference": job["reference"]["path"], "sensed": job["sensed"]["path"], "tie_points": str(path)}

        def examined(table: PointTable, answer: dict[str, Any]) -> None:
            enabled = table.enabled if answer["enabled"] is None else np.array(answer["enabled"])
            state = State(replace(table, enabled=enabled), model_or(answer["model"]))
            self.session.load(pair, state, Judge(answer))

        def read(answer: dict[str, Any]) -> None:
            points = TiePoints(*(answer[name] for name in TiePoints.__annotations__))
            table = table_from(points, np.array(answer["enabled"]))
            edit = self._edit_job(pair, table, "auto", Path("unused"), {})
            self._ask("examine", edit, tr("comparing the images"), lambda found: examined(table, found))

        self._ask("import_points", params, tr("reading the tie points"), read)

    # Edited points

    def edit_job(self, out_dir: Path, output: dict[str, Any]) -> dict[str, Any]:
        """Returns ltcore's EditJob of the present points; their file is written into a fresh folder."""
        session = self.session
        return self._edit_job(session.pair, session.table, session.state.model, out_dir, output)

    def _edit_job(
        self, pair: Pair, table: PointTable, model: str, out_dir: Path, output: dict[str, Any]
    ) -> dict[str, Any]:
        folder = self.new_folder()
        table.save(folder / "points.npz")
        config = pair.job.get("config", {})
        changed = {**config, "output": {**config.get("output", {}), **output}}
        return {
            "job": {**pair.job, "out_dir": str(out_dir), "config": changed},
            "points": str(folder / "points.npz"),
            "model": model,
            "deleted": table.deleted,
            "record": pair.record if pair.record and Path(pair.record).is_file() else None,
        }

    def examine(self) -> None:
        """Has the images compared under the present fit; the session judges itself when the answer comes."""
        pair = self.session.pair

        def done(answer: dict[str, Any]) -> None:
            if self.session.pair is pair:
                self.session.use(Judge(answer))

        if pair is not None:
            self._ask("examine", self.edit_job(Path("unused"), {}), tr("comparing the images"), done, replaces=True)

    def snap(self, reference_xy: np.ndarray, sensed_xy: np.ndarray) -> None:
        """Adds a tie point near two places, found by the engine to a fraction of a pixel; else where it was clicked."""
        pair = self.session.pair
        matrix = self._matrix_through(reference_xy, sensed_xy)
        params = {"job": {**pair.job, "out_dir": "unused"}, "reference_xy": reference_xy.tolist(), "matrix": matrix}

        def done(answer: dict[str, Any]) -> None:
            if self.session.pair is not pair:
                return
            if answer["clear"]:
                places = (answer[name] for name in ("reference_xy", "sensed_xy", "score", "covariance_px2"))
                point = TiePoints(*([value] for value in places))
            else:
                point = TiePoints([reference_xy], [sensed_xy], [0.0], [np.eye(2) * _UNMEASURED_VARIANCE])
                self.said.emit(
                    tr("The point was set where you clicked; it could not be measured: {why}.").format(
                        why=answer["why"]
                    ),
                    True,
                )
            self.session.select([self.session.add(point)])

        self._ask("snap", params, tr("finding the point"), done)

    def _matrix_through(self, reference_xy: np.ndarray, sensed_xy: np.ndarray) -> list[list[float]]:
        """Returns the affine map sensed px -> reference px that leads one place to the other, turned as the fit is."""
        transform, step = self.session.transform, 50.0
        linear = np.eye(2) if self.session.judge is None else self.session.judge.prior[:2, :2]
        if transform is not None:
            around = transform(sensed_xy + step * np.array([[0, 0], [1, 0], [0, 1]]))
            if np.isfinite(around).all():
                linear = (around[1:] - around[0]).T / step
        offset = reference_xy - linear @ sensed_xy
        return [[*linear[0].tolist(), float(offset[0])], [*linear[1].tolist(), float(offset[1])], [0.0, 0.0, 1.0]]

    def _ask(self, method: str, params: dict[str, Any], name: str, done: Any, *, replaces: bool = False) -> None:
        def problem(text: str) -> None:
            self.said.emit(text or tr("Cancelled."), bool(text))

        self.runner.ask(Request(method, params, name, done, problem, replaces))


def _checked_job(
    layers: tuple[QgsRasterLayer, QgsRasterLayer], bands: tuple[Any, Any], config: dict[str, Any]
) -> dict[str, Any]:
    """Returns ltcore's RegistrationJob of two layers, but for its folder. Raises InputProblem where one is no good."""
    rasters = tuple(raster_input(layer) for layer in layers)
    for raster, band in zip(rasters, bands):
        check_band(raster, band)
    check_pair(*rasters, bands, layers[0].transformContext())
    return {
        "reference": {"path": rasters[0].path, "band": bands[0]},
        "sensed": {"path": rasters[1].path, "band": bands[1]},
        "config": {**config, "output": {"warp": False, "report": False}},
    }
