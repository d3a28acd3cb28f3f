"""Speaks to `python -m ltcore.worker`: one warm process, progress, cancel within a second, readable deaths."""

from __future__ import annotations

import atexit
import collections
import contextlib
import itertools
import json
import queue
import signal
import subprocess
import threading
import time
from typing import Any, Protocol

from qgis.core import QgsMessageLog

from . import processes
from .compat import WARNING_LEVEL
from .environment import Candidate, child_environment, find_python
from .errors import EngineCancelled, EngineError
from .texts import ROOT_FOLDER, tr

START_TIMEOUT_S = 60.0
CANCEL_GRACE_S = 0.6  # after that the worker is killed; with the poll it stays under one second
IDLE_LIMIT_S = 600.0  # a warm worker holds some hundred MB
_POLL_S = 0.05
_LOG_TAG = "LTFormer"


class Progress(Protocol):
    """Where progress goes to and cancellation comes from."""

    def report(self, fraction: float, message: str = "") -> None:
        """Takes a fraction (0 to 1) and a message."""

    def is_cancelled(self) -> bool:
        """Tells whether the user cancelled."""


class Worker:
    """One worker process; used by one thread at a time."""

    def __init__(self, python: Candidate) -> None:
        self.python = python
        self._ids = itertools.count(1)
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._last_words: collections.deque[str] = collections.deque(maxlen=40)
        pipe = subprocess.PIPE
        try:
            self._process = processes.start(
                [str(python.path), "-m", "ltcore.worker"],
                child_environment(python),
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                cwd=ROOT_FOLDER,
            )
        except OSError as error:
            raise EngineError(tr("The engine could not be started."), f"{python.path}: {error}.") from error
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Returns the process id."""
        return self._process.pid

    def request(
        self, method: str, params: dict[str, Any], progress: Progress, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Returns the result of one request.

        Raises:
            EngineCancelled: the user cancelled; the worker has stopped working or is dead.
            EngineError: the worker refused, failed, died, or was silent for longer than `timeout_s`.
        """
        request_id = next(self._ids)
        self._send(request_id, method, params)
        cancelled_s: float | None = None
        started_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            if cancelled_s is None and progress.is_cancelled():
                cancelled_s = now_s
                with contextlib.suppress(EngineError):
                    self._send(next(self._ids), "cancel", {"id": request_id})
            if cancelled_s is not None and (now_s - cancelled_s > CANCEL_GRACE_S or not self.is_alive):
                self.kill()
                raise EngineCancelled
            if timeout_s is not None and now_s - started_s > timeout_s:
                self.kill()
                raise EngineError(
                    tr("The engine did not answer within {limit:.0f} s.").format(limit=timeout_s),
                    self._tail(),
                    tr("Run 'Check and set up environment'."),
                )
            with contextlib.suppress(queue.Empty):
                answer = self._answers.get(timeout=_POLL_S)
                if answer is None:
                    raise self._death()
                if answer.get("id") == request_id and not self._is_event(answer, progress):
                    return self._outcome(answer, cancelled=cancelled_s is not None)

    def stop(self) -> None:
        """Lets the worker end by itself, and kills it if it does not at once."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the process at once."""
        processes.kill(self._process)

    def _send(self, request_id: int, method: str, params: dict[str, Any]) -> None:
        line = json.dumps({"id": request_id, "method": method, "params": params}).encode() + b"\n"
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: the pipe is closed
            raise self._death() from error

    @staticmethod
    def _is_event(answer: dict[str, Any], progress: Progress) -> bool:
        """Passes a progress event on; tells whether it was one."""
        if "progress" not in answer:
            return False
        progress.report(float(answer["progress"]), str(answer.get("message", "")))
        return True

    @staticmethod
    def _outcome(answer: dict[str, Any], *, cancelled: bool) -> dict[str, Any]:
        error = answer.get("error")
        if cancelled or (error and error.get("kind") == "cancelled"):
            raise EngineCancelled
        if error:
            raise EngineError(error.get("what", ""), error.get("why", ""), error.get("fix", ""))
        return answer["result"]

    def _death(self) -> EngineError:
        """Returns the worker's end in words; its last lines go to the log."""
        self.kill()
        self._readers[1].join(1)
        QgsMessageLog.logMessage("\n".join(self._last_words), _LOG_TAG, WARNING_LEVEL)
        return EngineError(
            tr("The engine stopped unexpectedly ({how}).").format(how=_how_it_ended(self._process.returncode)),
            self._tail(),
            tr("Run it again; if it stops again, run 'Check and set up environment'."),
        )

    def _tail(self) -> str:
        """Returns the last line the worker printed, or ''."""
        last = next((line for line in reversed(self._last_words) if line.strip()), "")
        return tr("Its last words: {words}").format(words=last.strip()[:300]) if last else ""

    def _read_out(self) -> None:
        with self._process.stdout as stream:
            for line in stream:
                with contextlib.suppress(ValueError):  # not JSON: a library wrote past the worker's guard
                    answer = json.loads(line.decode())
                    if isinstance(answer, dict):
                        self._answers.put(answer)
        self._answers.put(None)

    def _read_err(self) -> None:
        with self._process.stderr as stream:
            for line in stream:
                self._last_words.append(line.decode(errors="replace").rstrip())


def _how_it_ended(code: int) -> str:
    """Returns an exit code in words."""
    if code >= 0:
        return tr("exit code {code}").format(code=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    hint = tr(", perhaps for lack of memory") if name == "SIGKILL" else ""
    return tr("killed by signal {name}{hint}").format(name=name, hint=hint)


_lock = threading.Lock()
_warm: Worker | None = None
_timer: threading.Timer | None = None


def run(method: str, params: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Returns the result of a request to the engine; uses the warm worker, or a further one while that is busy.

    Raises:
        EngineCancelled: the user cancelled.
        EngineError: the engine is not set up, died or refused.
    """
    worker = _take(find_python(progress.is_cancelled), progress)
    try:
        return worker.request(method, params, progress)
    finally:
        _give_back(worker)


def stop_all() -> None:
    """Ends the warm worker."""
    worker = _taken_warm()
    if worker is not None:
        worker.stop()


def _take(python: Candidate, progress: Progress) -> Worker:
    """Returns a worker that answers."""
    worker = _taken_warm()
    if worker is not None and worker.is_alive and worker.python == python:
        return worker
    if worker is not None:
        worker.stop()
    worker = Worker(python)
    worker.request("ping", {}, progress, START_TIMEOUT_S)
    return worker


def _taken_warm() -> Worker | None:
    """Returns the warm worker, if there is one, and takes it out of its place."""
    global _warm, _timer  # noqa: PLW0603 - one warm worker a process is the point
    with _lock:
        worker, _warm = _warm, None
        if _timer is not None:
            _timer.cancel()
            _timer = None
    return worker


def _give_back(worker: Worker) -> None:
    """Keeps a living worker warm for a while; a second one ends."""
    global _warm, _timer  # noqa: PLW0603 - as above
    if not worker.is_alive:
        return
    with _lock:
        if _warm is None:
            _warm = worker
            _timer = threading.Timer(IDLE_LIMIT_S, stop_all)
            _timer.daemon = True
            _timer.start()
            return
    worker.stop()


atexit.register(stop_all)
