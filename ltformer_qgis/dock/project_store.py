"""The session in the project file: written after every edit and before saving, put back when the project is opened."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..core import TiePoints
from ..texts import tr
from .judge import Judge
from .pixel_frame import PixelFrame
from .results import model_or
from .session import Pair, Session, State
from .tables import PointTable

SCOPE, KEY = "ltformer", "/session"
_VERSION = 1
_DELAY_MS = 200  # several edits in a row are written once
_MAX_BYTES = 64 * 2**20  # of unpacked points; 100 000 take 7 MiB
_ARRAYS = ("reference_xy", "sensed_xy", "score", "covariance_px2")


class ProjectStore(QObject):
    """Keeps the session of the open project.

    Signals:
        failed: a sentence on why a session could not be put back.
    """

    failed = pyqtSignal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session, self._is_reading = session, False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self.write)
        session.changed.connect(self._note_change)
        project = QgsProject.instance()
        project.writeProject.connect(self._write_what_waits)
        project.readProject.connect(self.read)
        project.cleared.connect(self._forget)
        project.layersWillBeRemoved.connect(self._drop_layers)

    def close(self) -> None:
        """Lets go of the project; what waits is written."""
        self._write_what_waits()
        project = QgsProject.instance()
        project.writeProject.disconnect(self._write_what_waits)
        project.readProject.disconnect(self.read)
        project.cleared.disconnect(self._forget)
        project.layersWillBeRemoved.disconnect(self._drop_layers)

    def _note_change(self) -> None:
        if not self._is_reading:
            self._timer.start()

    def _write_what_waits(self, *_: object) -> None:
        if self._timer.isActive():
            self.write()

    def write(self) -> None:
        """Writes the session into the project; QGIS then asks to save it."""
        self._timer.stop()
        project = QgsProject.instance()
        if self._session.pair is None:
            project.removeEntry(SCOPE, KEY)
        else:
            project.writeEntry(SCOPE, KEY, to_text(self._session))

    def read(self, *_: object) -> None:
        """Puts the project's session back, if it has one."""
        text, found = QgsProject.instance().readEntry(SCOPE, KEY, "")
        if not found or not text:
            return
        self._is_reading = True
        try:
            pair, state, judge = from_text(text)
            layers = QgsProject.instance().mapLayers()
            if pair.reference_layer in layers and pair.sensed_layer in layers:
                self._session.load(pair, state, judge)
        except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError, BadZipFile) as error:
            self.failed.emit(tr("The tie points in this project cannot be read ({error}).").format(error=error))
        finally:
            self._is_reading = False

    def _forget(self) -> None:
        """The project was closed: its session ends, and nothing of it is written into the next one."""
        self._is_reading = True
        self._session.clear()
        self._is_reading = False
        self._timer.stop()

    def _drop_layers(self, ids: list[str]) -> None:
        pair = self._session.pair
        if pair is not None and {pair.reference_layer, pair.sensed_layer} & set(ids):
            self._session.clear()


def to_text(session: Session) -> str:
    """Returns a session as text for a project file."""
    table, pair = session.table, session.pair
    memory = io.BytesIO()
    arrays = {name: getattr(table.points, name) for name in _ARRAYS}
    np.savez_compressed(memory, ids=table.ids, enabled=table.enabled, **arrays)
    values = {
        "version": _VERSION,
        "pair": asdict(pair),
        "model": session.state.model,
        "deleted": table.deleted,
        "next_id": table.next_id,
        "points": base64.b64encode(memory.getvalue()).decode(),
        "examined": None if session.judge is None else session.judge.answer,
    }
    return json.dumps(values)


def from_text(text: str) -> tuple[Pair, State, Judge | None]:
    """Returns what `to_text` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError, BadZipFile: it is something else.
    """
    values: dict[str, Any] = json.loads(text)
    if values["version"] != _VERSION:
        raise ValueError(f"version {values['version']}")
    known = dict(values["pair"])
    for name in ("reference", "sensed"):
        size = known[name]
        place = size["geotransform"]
        known[name] = PixelFrame(size["width"], size["height"], None if place is None else tuple(place))
    packed = io.BytesIO(base64.b64decode(values["points"]))
    with ZipFile(packed) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
            raise ValueError("it is too large")
    with np.load(packed, allow_pickle=False) as arrays:
        points = TiePoints(*(arrays[name] for name in _ARRAYS))
        table = PointTable(arrays["ids"], points, arrays["enabled"], values["deleted"], values["next_id"])
    if not len(table.ids) == len(points) == len(table.enabled):
        raise ValueError("its arrays differ in length")
    if not np.isfinite(np.hstack([points.reference_xy, points.sensed_xy])).all():
        raise ValueError("a point has no finite position")
    examined = values["examined"]
    return Pair(**known), State(table, model_or(values["model"])), None if examined is None else Judge(examined)
