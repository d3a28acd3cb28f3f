"""The worker's protocol: answers, cancellation, bad lines, stray prints, a caller that goes away."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time

import pytest

from ltcore import worker
from ltcore.errors import InputError, OutputError
from ltcore.progress import checkpoint


class Session:
    """A worker served in this process over two pipes."""

    def __init__(self):
        request_end, self._requests = os.pipe()
        self._answers, answer_end = os.pipe()
        self.lines = queue.Queue()
        streams = os.fdopen(request_end, "rb"), os.fdopen(answer_end, "wb")
        self.thread = threading.Thread(target=self._serve, args=streams, daemon=True)
        self.thread.start()
        threading.Thread(target=self._read, daemon=True).start()

    def _serve(self, stdin, stdout):
        worker.serve(stdin, stdout)
        stdout.close()

    def _read(self):
        with os.fdopen(self._answers, "rb") as stream:
            for line in stream:
                self.lines.put(json.loads(line))

    def send(self, **values):
        self.send_line(json.dumps(values).encode())

    def send_line(self, line):
        os.write(self._requests, line + b"\n")

    def close(self):
        os.close(self._requests)

    def next(self, timeout_s=5):
        return self.lines.get(timeout=timeout_s)

    def answer(self, timeout_s=5):
        """The next line that is no progress event."""
        while True:
            line = self.next(timeout_s)
            if "progress" not in line:
                return line


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def method(monkeypatch):
    """Puts a function in the place of `register`."""
    return lambda function: monkeypatch.setitem(worker.METHODS, "register", function)


def wait_for_cancel(_params, progress):
    for step in range(10_000):
        progress.report(step / 10_000, "Waiting")
        checkpoint(progress)
        time.sleep(0.001)
    return {}


def test_ping_names_the_version_and_the_python(session):
    session.send(id=1, method="ping")
    assert session.answer()["result"] == {"version": "0.1.0", "python": sys.executable, "pid": os.getpid()}


def test_progress_comes_before_the_result_and_carries_the_id(session, method):
    def work(params, progress):
        progress.report(0.25, "Reading")
        progress.report(0.5, "Matching")
        return {"double": params["number"] * 2}

    method(work)
    session.send(id="a", method="register", params={"number": 21})
    assert session.next() == {"id": "a", "progress": 0.25, "message": "Reading"}
    assert session.next() == {"id": "a", "progress": 0.5, "message": "Matching"}
    assert session.next() == {"id": "a", "result": {"double": 42}}


def test_progress_without_a_new_message_is_thinned(session, method):
    def work(_params, progress):
        for step in range(1000):
            progress.report(step / 1000, "Matching")
        return {}

    method(work)
    session.send(id=1, method="register")
    session.close()
    session.thread.join(5)
    assert session.lines.qsize() < 100


@pytest.mark.parametrize(("error", "kind"), [(InputError, "input"), (OutputError, "failed")])
def test_expected_errors_keep_their_three_sentences(session, method, error, kind):
    def work(_params, _progress):
        raise error("What.", "Why.", "Fix.")

    method(work)
    session.send(id=1, method="register")
    assert session.answer()["error"] == {"kind": kind, "what": "What.", "why": "Why.", "fix": "Fix."}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), "did not expect"),
        (MemoryError(), "out of memory"),
        (ImportError("no", name="cv2"), "'cv2'"),
    ],
)
def test_unexpected_errors_are_sentences_and_the_worker_lives(session, method, error, words):
    def work(_params, _progress):
        raise error

    method(work)
    session.send(id=1, method="register")
    answer = session.answer()["error"]
    assert answer["kind"] == "unexpected"
    assert words in answer["what"]
    assert "Traceback" not in json.dumps(answer)
    session.send(id=2, method="ping")
    assert "result" in session.answer()


def test_a_result_that_is_no_json_is_an_error_not_a_crash(session, method):
    method(lambda _params, _progress: {"rmse_px": float("nan")})
    session.send(id=1, method="register")
    assert session.answer()["error"]["kind"] == "unexpected"
    session.send(id=2, method="ping")
    assert "result" in session.answer()


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"[1]",
        b'"text"',
        b"\xff\xfe",
        b'{"method": "ping"}',
        b'{"id": true, "method": "ping"}',
        b'{"id": 1}',
        b'{"id": 1, "method": "ping", "params": [1]}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_request_is_answered_and_the_worker_lives(session, line):
    session.send_line(line)
    answer = session.answer()
    assert answer["id"] is None
    assert answer["error"]["kind"] == "request"
    session.send(id=2, method="ping")
    assert session.answer()["id"] == 2


def test_a_line_over_the_limit_is_refused_and_the_next_one_read(session, monkeypatch):
    monkeypatch.setattr(worker, "MAX_LINE_BYTES", 1000)
    session.send_line(b'{"id": 1, "method": "' + b"x" * 5000 + b'"}')
    assert "1000 bytes" in session.answer()["error"]["why"]
    session.send(id=2, method="ping")
    assert session.answer()["id"] == 2


def test_unknown_methods_and_unknown_settings_are_named(session):
    session.send(id=1, method="fly")
    assert "'fly'" in session.answer()["error"]["what"]
    session.send(id=2, method="register", params={"reference": {"path": "a.tif"}, "sensd": 1})
    answer = session.answer()
    assert answer["error"]["kind"] == "input"


def test_cancel_stops_the_running_request_within_a_second(session, method):
    method(wait_for_cancel)
    session.send(id=1, method="register")
    assert session.next()["progress"] == 0
    start_s = time.monotonic()
    session.send(id=2, method="cancel", params={"id": 1})
    answers = {line["id"]: line for line in (session.answer(), session.answer())}
    assert time.monotonic() - start_s < 1
    assert answers[2]["result"] == {"cancelled": True}
    assert answers[1]["error"]["kind"] == "cancelled"
    session.send(id=3, method="ping")
    assert "result" in session.answer()


def test_cancel_of_a_queued_request_keeps_it_from_starting(session, method):
    method(wait_for_cancel)
    session.send(id=1, method="register")
    session.send(id=2, method="register")
    session.next()
    session.send(id=3, method="cancel", params={"id": 2})
    assert session.answer()["id"] == 3
    session.send(id=4, method="cancel", params={"id": 1})
    kinds = {line["id"]: line.get("error", {}).get("kind") for line in (session.answer() for _ in range(3))}
    assert kinds == {4: None, 1: "cancelled", 2: "cancelled"}


def test_cancel_of_an_unknown_request_says_so(session):
    session.send(id=1, method="cancel", params={"id": 7})
    assert session.answer()["result"] == {"cancelled": False}
    session.send(id=2, method="cancel", params={"id": [1]})
    assert session.answer()["result"] == {"cancelled": False}


def test_end_of_stdin_ends_the_worker_after_what_was_asked(session):
    session.send(id=1, method="ping")
    session.close()
    session.thread.join(5)
    assert not session.thread.is_alive()
    assert "result" in session.answer()


def test_shutdown_is_answered_and_ends_the_worker(session):
    session.send(id=1, method="shutdown")
    assert session.answer() == {"id": 1, "result": {}}
    session.thread.join(5)
    assert not session.thread.is_alive()


def start_process(code=None):
    """The worker as a process of its own; `code` runs first in it."""
    program = (code or "") + "\nfrom ltcore.worker import main\nmain()"
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, stderr=pipe)


def test_stray_prints_reach_stderr_only():
    code = """
from ltcore import worker
import os, subprocess, sys
def work(_params, _progress):
    print("from print")
    os.write(1, b"from descriptor 1\\n")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    return {}
worker.METHODS["register"] = work
"""
    with start_process(code) as process:
        out, err = process.communicate(b'{"id": 1, "method": "register"}\n', timeout=20)
    assert json.loads(out) == {"id": 1, "result": {}}
    for words in (b"from print", b"from descriptor 1", b"from a child"):
        assert words in err
    assert process.returncode == 0


def test_a_worker_whose_caller_is_gone_stops_working():
    code = """
from ltcore import worker
import time
def work(_params, progress):
    while not progress.is_cancelled():
        progress.report(0.5, str(time.monotonic()))
        time.sleep(0.01)
    return {}
worker.METHODS["register"] = work
"""
    process = start_process(code)
    process.stdin.write(b'{"id": 1, "method": "register"}\n')
    process.stdin.flush()
    assert b"progress" in process.stdout.readline()
    for stream in (process.stdin, process.stdout):  # what a killed caller leaves behind
        stream.close()
    assert process.wait(timeout=5) == 0
    process.stderr.close()


def test_the_module_runs_and_answers_before_any_heavy_import():
    start_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ltcore.worker"],
        input=b'{"id": 1, "method": "ping"}\n',
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert json.loads(done.stdout)["id"] == 1
    imported = {line.rsplit(b"|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert not imported & {b"torch", b"cv2", b"numpy", b"pydantic", b"osgeo"}
    assert time.monotonic() - start_s < 5
