"""Peers that have packages of their own, in .venv-bench (script/bench --peers): AROSICS, XFeat, ALIKED+LightGlue."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import cv2
import numpy as np

from ltcore.types import FloatArray

from .methods import Answer, nothing
from .opencv_peers import Grey, magsac_answer, read_greys
from .pairs import Pair
from .warps import NODATA

PYTHON = Path(__file__).resolve().parents[2] / ".venv-bench" / "bin" / "python"
_WORKER = Path(__file__).with_name("peer_worker.py")
_NAMES = {
    "arosics_global": "AROSICS COREG",
    "arosics_local": "AROSICS COREG_LOCAL",
    "xfeat": "XFeat + MAGSAC",
    "aliked_lightglue": "ALIKED + LightGlue + MAGSAC",
}
_NOT_INSTALLED = "not installed (script/bench --peers)"


class Worker:
    """The process of .venv-bench, started at the first question and kept, so that peers are warm."""

    def __init__(self) -> None:
        self._process: Optional[subprocess.Popen[str]] = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Returns the worker's answer; an error where it died, after which it starts anew."""
        if self._process is None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self._process = subprocess.Popen([PYTHON, _WORKER], text=True, **pipes)  # noqa: S603
        process = self._process
        try:
            print(json.dumps(request), file=process.stdin, flush=True)
            line = process.stdout.readline() if process.stdout else ""
        except BrokenPipeError:
            line = ""
        if not line:
            self._process = None
            return {"error": f"the process of the peers ended with code {process.wait()}"}
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass(frozen=True)
class PackagedPeer:
    """One of the peers.

    Attributes:
        key: as the worker calls it.
        worker: shared by all.
    """

    key: str
    worker: Worker

    @property
    def name(self) -> str:
        """As in tables."""
        return _NAMES[self.key]

    def __call__(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        """Returns its answer; AROSICS rests on the georeference and answers nothing without."""
        return self._arosics(pair, sensed_xy) if self.key.startswith("arosics") else self._matcher(pair, sensed_xy)

    def _arosics(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        if not pair.georeferenced:
            return nothing("needs a georeference")
        request = {"method": self.key, "reference": str(pair.reference), "sensed": str(pair.sensed), "nodata": NODATA}
        found = self.worker.ask({**request, "points": sensed_xy.tolist() or [[0.0, 0.0]]})
        if "points" not in found:
            return Answer(None, "NONE", found["error"], facts=_times(found))
        model = "shift" if self.key == "arosics_global" else "tps"
        return Answer(np.array(found["points"])[: len(sensed_xy)], "RETURNED", "", model, _times(found))

    def _matcher(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        greys = dict(zip(("sensed", "reference"), read_greys(pair)))
        with tempfile.TemporaryDirectory() as folder:
            paths = {side: str(Path(folder) / f"{side}.png") for side in greys}
            for side, grey in greys.items():
                cv2.imwrite(paths[side], grey.values)
            found = self.worker.ask({"method": self.key, **paths})
        if "matches" not in found:
            return Answer(None, "NONE", found["error"], facts=_times(found))
        matches = np.array(found["matches"], float).reshape(-1, 4)
        seen = _on_data(greys["sensed"], matches[:, :2]) & _on_data(greys["reference"], matches[:, 2:])
        kept = magsac_answer(matches[seen, :2], matches[seen, 2:], sensed_xy, pair)
        return Answer(kept.reference_xy, kept.verdict, kept.reason, kept.model, {**kept.facts, **_times(found)})


def _on_data(grey: Grey, xy: FloatArray) -> Any:
    column, row = np.clip(xy.astype(int), 0, np.array(grey.mask.shape[::-1]) - 1).T
    return grey.mask[row, column] > 0


def _times(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("seconds", "cpu_seconds") if name in found}


def packaged_peers() -> tuple[list[PackagedPeer], dict[str, str], dict[str, str]]:
    """Returns the peers that can run, why the others cannot (by name), and the versions of their packages."""
    if not PYTHON.exists():
        return [], dict.fromkeys(_NAMES.values(), _NOT_INSTALLED), {}
    worker = Worker()
    found = worker.ask({"method": "available"})
    missing = found.get("missing", dict.fromkeys(_NAMES, found.get("error", "")))
    peers = [PackagedPeer(key, worker) for key in _NAMES if key not in missing]
    return peers, {_NAMES[key]: reason for key, reason in missing.items()}, found.get("versions", {})
