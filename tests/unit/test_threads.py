"""How many threads the programs of the package give to NumPy's linear algebra."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or len(os.sched_getaffinity(0)) < 2, reason="counts threads in /proc"
)

_COUNT = """
import os, sys
from ltcore.{module} import main
{before}
try:
    main()
except SystemExit:
    pass
import numpy
numpy.ones((400, 400)) @ numpy.ones((400, 400))
sys.stderr.write(str(len(os.listdir("/proc/self/task"))))
"""


def _threads(module: str, before: str, **environment: str) -> int:
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    program = _COUNT.format(module=module, before=before)
    done = subprocess.run(
        [sys.executable, "-c", program, "--version"],
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return int(done.stderr)


def test_one_thread_unless_the_environment_says_otherwise() -> None:
    assert _threads("cli", "") == 1
    assert _threads("cli", "", OPENBLAS_NUM_THREADS="2") == 2


def test_the_worker_too() -> None:
    # serve() waits for requests; os._exit() ends the worker: both are left out, the rest is its own beginning
    before = "import ltcore.worker as worker\nworker.serve = lambda *streams: None\nworker.os._exit = sys.exit"
    assert _threads("worker", before) == 1
