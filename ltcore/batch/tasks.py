"""What runs on a worker: one pair a call. A worker keeps the network between pairs and hears when to stop."""

from __future__ import annotations

import functools
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from .. import __version__
from ..errors import DeviceLostError, InputError, LtcoreError
from ..ltformer.describe import make_describer
from ..outputs import check_out_dir, write_outputs
from ..pipeline import register
from ..progress import CancelledError, SubProgress, checkpoint
from ..record import read_record
from .finished import finished_record
from .manifest import Pair
from .outcome import Outcome, error_outcome, outcome_of_record
from .thumbnail import write_thumbnail

_logger = logging.getLogger(__name__)

_describer_for = functools.lru_cache(maxsize=2)(make_describer)  # the networks of this worker, loaded once
_stopped: set[str] = set()  # runs that the user cancelled


@dataclass(frozen=True)
class _RunProgress:
    """Progress that nobody sees; cancelled where the run is."""

    run_id: str

    def report(self, fraction: float, message: str = "") -> None:
        """Does nothing: the batch counts pairs."""

    def is_cancelled(self) -> bool:
        return self.run_id in _stopped


def run_pair(pair: Pair, run_id: str, resume: bool) -> Outcome | None:
    """Registers a pair, writes its folder and returns what became of it; None where the run was cancelled.

    No exception of a pair leaves this function: whoever has a result to tell tells it. The work is done in a thread of
    its own: Dask's profiler holds the frames of the threads it knows for a while, and in them datasets of GDAL, which
    would then be closed after their files were published.

    Args:
        pair: the pair.
        run_id: of the run, see stop_run.
        resume: whether a finished record is taken for the result.
    """
    with ThreadPoolExecutor(1, "ltcore-pair") as own_thread:
        return own_thread.submit(_run_pair, pair, run_id, resume).result()


def _run_pair(pair: Pair, run_id: str, resume: bool) -> Outcome | None:
    start, progress = time.perf_counter(), _RunProgress(run_id)
    try:
        checkpoint(progress)
        if resume:
            record = finished_record(pair.job, _describer_for)
            if record is not None:
                return outcome_of_record(pair.id, record, sum(record["seconds"].values()), resumed=True)
        _register(pair, progress)
        record = read_record(pair.job.out_dir / "record.json")
        return outcome_of_record(pair.id, record, time.perf_counter() - start, resumed=False)
    except CancelledError:
        return None
    except DeviceLostError:
        _logger.exception("pair %s", pair.id)
        os._exit(1)  # Dask starts another process, which may use the device again, and gives it this pair
    except LtcoreError as error:
        return error_outcome(pair.id, str(error), time.perf_counter() - start)
    except Exception as error:  # the boundary: a fault of one pair is not one of the batch
        _logger.exception("pair %s failed", pair.id)
        reason = f"Something unexpected happened ({type(error).__name__}: {error})."
        return error_outcome(pair.id, reason, time.perf_counter() - start)


def _register(pair: Pair, progress: _RunProgress) -> None:
    if pair.job.out_dir.is_symlink():
        raise InputError(f"The folder '{pair.job.out_dir}' is a link to another place.", "", "Remove the link.")
    check_out_dir(pair.job)
    result = register(pair.job, SubProgress(progress, 0.0, 0.8), _describer_for)
    write_outputs(result, SubProgress(progress, 0.8, 1.0))
    with suppress(LtcoreError):  # a picture for the summary, not a result
        write_thumbnail(pair.job.out_dir, result, progress)


def stop_run(run_id: str) -> None:
    """Stops the pairs of a run on this worker within about a second, and those that would follow at once."""
    _stopped.add(run_id)


def software() -> str:
    """Returns the version of this worker's ltcore."""
    return __version__
