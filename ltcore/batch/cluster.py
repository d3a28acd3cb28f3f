"""Where a batch runs: processes of this machine, or a Dask scheduler that somebody else keeps."""

from __future__ import annotations

import importlib.util
import logging
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster

from .. import __version__
from ..errors import InputError, LtcoreError
from .tasks import software

_CONNECT_S = 15
_DASHBOARD = "127.0.0.1:0"  # for this machine alone, at any free port; Dask's own default is open to the network
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://[^\s/]+:\d{1,5}")
_LOCAL_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # a pair whose worker died is told at once; see ltcore.batch.run
    "distributed.scheduler.worker-saturation": 1.0,  # no pair waits behind another that may kill its worker
    "distributed.worker.profile.enabled": False,  # it would look at every process a hundred times a second
    # Dask's value makes malloc give back every array at once: 0.6 times as much CPU time again, in page faults.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}
# One thread a worker: `--workers` is what runs at once. NumPy's and PyTorch's threads are Dask's business already.
_LOCAL_ENVIRONMENT = {"OPENCV_FOR_THREADS_NUM": "1", "GDAL_NUM_THREADS": "1"}


@dataclass
class Workers:
    """A connection to workers.

    Attributes:
        client: Dask's.
        is_local: whether they are this command's own.
        deaths: how this command's own workers ended that were not asked to, in words, oldest first.
    """

    client: Client
    is_local: bool
    deaths: list[str] = field(default_factory=list)

    @property
    def dashboard(self) -> str | None:
        """Address of Dask's dashboard, None where bokeh is missing."""
        return self.client.dashboard_link if importlib.util.find_spec("bokeh") else None


@contextmanager
def local_workers(count: int | None) -> Iterator[Workers]:
    """Gives processes of this machine, `count` or one a core; they end with the block, or when this process dies."""
    deaths = _Deaths()
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(_LOCAL_SETTINGS))
        stack.enter_context(deaths)
        with _interrupt_held_back():  # the threads and processes started here inherit that Ctrl-C is not for them
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=count or CPU_COUNT,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=_DASHBOARD,
                    silence_logs=logging.CRITICAL,
                    env=_LOCAL_ENVIRONMENT,
                )
            )
            client = stack.enter_context(Client(cluster, set_as_default=False))
        yield Workers(client, True, deaths.texts)


@contextmanager
def remote_workers(address: str) -> Iterator[Workers]:
    """Gives the workers of the scheduler at `address`; they go on after the block. For `tls://` the certificates are
    those of Dask's configuration (distributed.comm.tls).

    Raises:
        InputError: this is no address, or its workers cannot be used.
        LtcoreError: nobody answers there.
    """
    if not _ADDRESS.fullmatch(address):
        raise InputError(f"'{address}' is not the address of a scheduler.", "", "Give one such as tcp://10.0.0.1:8786.")
    if address.startswith("tls") and not dask.config.get("distributed.comm.tls.client.cert"):
        raise InputError(
            f"'{address}' asks for certificates, and there are none.",
            "Dask's configuration has no distributed.comm.tls.client.cert.",
            "See docs/batch.md.",
        )
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise LtcoreError(
            f"The scheduler at '{address}' cannot be reached.",
            f"{type(error).__name__}: {error}.",
            "Check the address, that 'dask scheduler' runs there in the same version of Dask, and for tls:// the "
            "certificates in Dask's configuration.",
        ) from error
    with client:
        _check_workers(client)
        yield Workers(client, False)


def _check_workers(client: Client) -> None:
    """Refuses workers of several threads, which die together, and of other software; those that join later are not
    seen here."""
    crowded = {address: threads for address, threads in client.nthreads().items() if threads > 1}
    if crowded:
        address, threads = next(iter(crowded.items()))
        raise InputError(
            f"The worker {address} runs {threads} threads, a pair needs a process of its own.",
            "",
            "Start workers with --nthreads 1 (and --nworkers as many as there are cores).",
        )
    for address, version in client.run(software, on_error="return").items():
        if version != __version__:
            raise InputError(
                f"The worker {address} does not run ltcore {__version__}.", f"It says: {version}.", "Install it there."
            )


@contextmanager
def _interrupt_held_back() -> Iterator[None]:
    """Blocks SIGINT in this thread; what it starts inherits that. One that comes meanwhile is delivered afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: consoles send Ctrl-C to every process
        yield
        return
    resource_tracker.ensure_running()  # it would start with the first process, and lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Deaths(logging.Handler):
    """Collects what Dask's nannies log about workers that died: Dask tells it nowhere else."""

    _LOGGERS = ("distributed.nanny", "distributed.nanny.memory", "distributed.worker.memory")
    _TELLING = ("was killed by", "exited with status", "memory budget")

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a message if it tells of a death."""
        text = record.getMessage()
        if any(words in text for words in self._TELLING):
            self.texts.append(text.rstrip("."))

    def __enter__(self) -> _Deaths:
        for name in self._LOGGERS:
            logger = logging.getLogger(name)
            logger.addHandler(self)
            logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._LOGGERS:
            logging.getLogger(name).removeHandler(self)
