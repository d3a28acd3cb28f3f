"""Pairs through the workers: a bounded number under way; a pair whose worker was lost runs again, alone.

Which of the pairs that a dead worker held killed it, nobody can tell. Run alone, the innocent ones get their result,
and one that loses its worker each time is at fault.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Callable

from distributed import Client, Future, KilledWorker

from ..errors import LtcoreError
from ..progress import CancelledError
from .cluster import Workers
from .manifest import Pair
from .outcome import Outcome, error_outcome
from .tasks import run_pair, stop_run

_TRIES_ALONE = 2
_WAITING_A_WORKER = 2  # pairs under way for each thread of the workers: the scheduler is never without
_SPARE = 2  # more, so that a cluster that grows on demand sees demand while it has no worker
_TICK_S = 1.0
_STOP_S = 5.0  # for pairs under way to end after Ctrl-C


class BatchRun:
    """One run of a batch.

    Args:
        workers: where it runs.
        resume: whether pairs that are done already are left as they are.
        tell: called with every outcome as it comes.
    """

    def __init__(self, workers: Workers, resume: bool, tell: Callable[[Outcome], None]) -> None:
        self.id = uuid.uuid4().hex
        self._workers, self._resume, self._tell = workers, resume, tell
        self._client: Client = workers.client
        self._running: dict[Any, Pair] = {}  # key of the future -> pair
        self._done: queue.SimpleQueue[Future[Outcome | None]] = queue.SimpleQueue()
        self._losses: dict[str, int] = {}  # id of a pair -> workers that died with it
        self._threads, self._asked_s = 0, -_TICK_S

    def run(self, pairs: Sequence[Pair]) -> None:
        """Runs all pairs and tells the outcome of each, once.

        Raises:
            LtcoreError: the scheduler is gone; the pairs told so far are done.
            KeyboardInterrupt: Ctrl-C; pairs under way have ended, at once or whole, and those that did are told.
        """
        try:
            suspects = [pair for pair, outcome in self._outcomes(pairs, self._room) if outcome is None]
            for pair in suspects:
                self._run_alone(pair)
        except KeyboardInterrupt:
            self._stop()
            raise

    def _run_alone(self, pair: Pair) -> None:
        for _ in range(_TRIES_ALONE):
            if all(outcome is not None for _, outcome in self._outcomes([pair], lambda: 1)):
                return
        count = self._losses[pair.id]
        last = f" The last one: {self._workers.deaths[-1]}." if self._workers.deaths else " See the workers' logs."
        self._tell(error_outcome(pair.id, f"It was given up: {count} workers were lost while they had it.{last}"))

    def _outcomes(self, pairs: Sequence[Pair], room: Callable[[], int]) -> Iterator[tuple[Pair, Outcome | None]]:
        """Runs pairs, at most room() at a time; yields and tells each outcome, None (not told) for a lost worker."""
        waiting = deque(pairs)
        while waiting or self._running:
            while waiting and len(self._running) < room():
                self._submit(waiting.popleft())
            try:
                future = self._done.get(timeout=_TICK_S)
            except queue.Empty:
                self._check_scheduler()
                continue
            pair = self._running.pop(future.key)
            outcome = self._outcome(pair, future)
            future.release()
            if outcome is not None:
                self._tell(outcome)
            yield pair, outcome

    def _submit(self, pair: Pair) -> None:
        wants_gpu = not self._workers.is_local and pair.job.config.features.device.startswith("cuda")
        future = self._client.submit(
            run_pair,
            pair,
            self.id,
            self._resume,
            key=(f"ltcore-{self.id}", pair.id, self._losses.get(pair.id, 0)),
            resources={"GPU": 1} if wants_gpu else None,
            pure=False,
        )
        self._running[future.key] = pair
        future.add_done_callback(self._done.put)

    def _outcome(self, pair: Pair, future: Future[Outcome | None]) -> Outcome | None:
        """Returns the outcome of a future that is done, None if its worker was lost."""
        try:
            outcome: Outcome | None = future.result()
        except KilledWorker as error:
            self._losses[pair.id] = self._losses.get(pair.id, 0) + error.allowed_failures + 1
            return None
        except Exception as error:
            if future.cancelled():
                raise _scheduler_lost() from error
            return error_outcome(pair.id, f"Its worker could not run it ({type(error).__name__}: {error}).")
        if outcome is None:  # somebody else stopped this run
            raise CancelledError
        return outcome

    def _room(self) -> int:
        """Returns how many pairs may be under way; asks the scheduler once a second at most."""
        if time.monotonic() - self._asked_s >= _TICK_S:
            try:
                self._threads = sum(self._client.nthreads().values())
            except OSError as error:
                raise _scheduler_lost() from error
            self._asked_s = time.monotonic()
        return _WAITING_A_WORKER * self._threads + _SPARE

    def _check_scheduler(self) -> None:
        if self._client.status != "running":
            raise _scheduler_lost()

    def _stop(self) -> None:
        """Ends the pairs under way; what is finished meanwhile is told."""
        ask = partial(self._client.run, stop_run, self.id, on_error="ignore")
        threading.Thread(target=ask, daemon=True).start()  # a worker that hangs must not keep the user waiting
        end_s = time.monotonic() + _STOP_S
        while self._running and time.monotonic() < end_s:
            try:
                future = self._done.get(timeout=0.1)
            except queue.Empty:
                continue
            self._running.pop(future.key)
            with suppress(Exception):  # lost with its worker: its record tells --resume
                if (outcome := future.result(timeout=1)) is not None:
                    self._tell(outcome)


def _scheduler_lost() -> LtcoreError:
    return LtcoreError(
        "The Dask scheduler is gone.", "", "Pairs that were done stay done: run the same command with --resume."
    )
