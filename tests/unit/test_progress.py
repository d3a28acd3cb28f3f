import pytest

from ltcore.progress import CancelledError, NullProgress, SubProgress, checkpoint


class Recorder:
    def __init__(self):
        self.fractions, self.cancelled = [], False

    def report(self, fraction, message=""):
        self.fractions.append(fraction)

    def is_cancelled(self):
        return self.cancelled


def test_a_part_is_scaled_into_the_whole():
    recorder = Recorder()
    part = SubProgress(SubProgress(recorder, 0.5, 1.0), 0.0, 0.5)
    for fraction in (0, 0.5, 1, 7, -1):
        part.report(fraction)
    assert recorder.fractions == [0.5, 0.625, 0.75, 0.75, 0.5]


def test_cancelling_the_whole_stops_a_part():
    recorder = Recorder()
    part = SubProgress(recorder, 0, 1)
    checkpoint(part)
    recorder.cancelled = True
    with pytest.raises(CancelledError):
        checkpoint(part)


def test_nobody_cancels_nothing():
    checkpoint(NullProgress())
