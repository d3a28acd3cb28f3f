"""Requests to the engine, one after the other, in background tasks: QGIS stays responsive."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Callable

from qgis.core import QgsApplication, QgsTask
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .. import engine
from ..errors import EngineCancelled, EngineError
from ..texts import tr

_STOP_LIMIT_MS = 3000


@dataclass(frozen=True)
class Request:
    """One request: ltcore.worker's method and params, its name for people, and who wants the answer.

    Attributes:
        on_answer: called in the main thread with the result.
        on_problem: called in the main thread with the text of what went wrong; '' when it was cancelled.
        replaces: a queued request of this method is dropped in favour of this one.
    """

    method: str
    params: dict[str, Any]
    name: str
    on_answer: Callable[[dict[str, Any]], None]
    on_problem: Callable[[str], None]
    replaces: bool = False


class _Task(QgsTask):
    """Runs one request in a thread; holds plain data only."""

    told = pyqtSignal(float, str)
    ended = pyqtSignal()

    def __init__(self, request: Request) -> None:
        super().__init__(tr("LTFormer: {name}").format(name=request.name), QgsTask.Flag.CanCancel)
        self.request, self.answer, self.problem = request, None, ""

    def run(self) -> bool:
        try:
            self.answer = engine.run(self.request.method, self.request.params, self)
        except EngineCancelled:
            pass
        except EngineError as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - an escaping exception would crash QGIS
            self.problem = tr("Something unexpected happened ({error}).").format(error=repr(error))
        return self.answer is not None

    def finished(self, _succeeded: bool) -> None:
        self.ended.emit()

    def report(self, fraction: float, message: str = "") -> None:
        """Takes the engine's progress."""
        self.setProgress(100 * min(1.0, max(0.0, fraction)))
        self.told.emit(fraction, message)

    def is_cancelled(self) -> bool:
        """Tells the engine whether the user cancelled."""
        return self.isCanceled()


class Runner(QObject):
    """Runs requests one after the other.

    Signals:
        progressed: fraction (0 to 1) and message of the request that runs.
        busy_changed: a request began or all have ended.
    """

    progressed = pyqtSignal(float, str)
    busy_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Request] = deque()
        self._task: _Task | None = None  # kept here: QGIS does not keep Python's part of a task alive
        self._is_closed = False

    @property
    def current(self) -> str:
        """Method of the request that runs, or ''."""
        return "" if self._task is None else self._task.request.method

    def ask(self, request: Request) -> None:
        """Queues a request."""
        if self._is_closed:
            return
        if request.replaces:
            self._waiting = deque(other for other in self._waiting if other.method != request.method)
        self._waiting.append(request)
        self._next()

    def cancel(self) -> None:
        """Stops the request that runs and forgets those that wait."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Stops everything for good; returns when nothing runs any more."""
        self._is_closed = True
        self.cancel()
        if self._task is not None:
            self._task.ended.disconnect()
            self._task.waitForFinished(_STOP_LIMIT_MS)
            self._task = None

    def _next(self) -> None:
        if self._task is not None or not self._waiting:
            return
        task = _Task(self._waiting.popleft())
        self._task = task
        task.told.connect(self.progressed)
        task.ended.connect(self._end)
        QgsApplication.taskManager().addTask(task)
        self.busy_changed.emit()

    def _end(self) -> None:
        task, self._task = self._task, None
        if task.answer is not None and not task.isCanceled():
            task.request.on_answer(task.answer)
        else:
            task.request.on_problem(task.problem)
        self._next()
        self.busy_changed.emit()
