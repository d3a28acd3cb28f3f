import contextlib
import os
import signal

import pytest

from ltcore.progress import CancelledError, SubProgress, checkpoint
from ltcore.terminal import TerminalProgress

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_a_callback_swallows_cancels_at_the_next_checkpoint(number):
    with TerminalProgress() as progress:
        checkpoint(progress)
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        with pytest.raises(CancelledError):
            checkpoint(SubProgress(progress, 0.0, 1.0))


def test_signals_are_as_before_afterwards():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with TerminalProgress():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
