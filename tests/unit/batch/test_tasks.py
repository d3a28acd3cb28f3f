"""One pair as a worker runs it."""

import sqlite3
import sys
import threading
import time

import pytest

from ltcore.batch.tasks import run_pair


@pytest.fixture
def sampled():
    """Looks at this thread's frames all the time and keeps each for a while, as Dask's profiler does."""
    thread, stop = threading.get_ident(), threading.Event()

    def sample():
        kept = []
        while not stop.is_set():
            frame = sys._current_frames().get(thread)
            while frame is not None:
                kept.append(frame)
                frame = frame.f_back
            del kept[:-2000]
            time.sleep(0.001)

    sampler = threading.Thread(target=sample)
    sampler.start()
    yield
    stop.set()
    sampler.join()


def schema(folder):
    with sqlite3.connect(folder / "tie_points.gpkg") as database:
        return sorted(database.execute("SELECT type, name FROM sqlite_master"))


def test_files_are_closed_before_they_are_published_though_somebody_holds_frames(pairs_of, sampled):
    first, second = pairs_of("first", "second")
    assert run_pair(first, "run", resume=False).verdict == "PASS"
    before = {path.name: path.read_bytes() for path in first.job.out_dir.iterdir()}
    assert any("trigger_delete_feature_count_no_points" in name for _, name in schema(first.job.out_dir))
    assert run_pair(second, "run", resume=False).verdict == "PASS"
    assert {path.name: path.read_bytes() for path in first.job.out_dir.iterdir()} == before
