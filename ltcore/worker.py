"""Out-of-process worker (`python -m ltcore.worker`): one JSON object a line on stdin and stdout.

    request   {"id": 1, "method": "register", "params": {...}}
    event     {"id": 1, "progress": 0.4, "message": "Matching tile 3 of 9"}   any number of these, then one of
    answer    {"id": 1, "result": {...}}
              {"id": 1, "error": {"kind": "input", "what": "...", "why": "...", "fix": "..."}}

The methods and their params are those of ltcore.worker_methods, and `cancel` (params {"id": of the request to stop}).
Error kinds: cancelled, input, failed, request, unexpected, and lost, after which the worker ends: its GPU is gone, and
only another process can use it again. Requests run one after the other; `cancel` is heard while
one runs. The worker ends when stdin does, after the requests it has already read; when nobody reads its stdout any
more it stops at the next event. Stdout carries the protocol alone: whatever else prints goes to stderr.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Union

from .errors import IMPOSSIBLE_NAMES, DeviceLostError, FileNameError, InputError, LtcoreError
from .progress import CancelledError, Progress
from .threads import use_one_blas_thread
from .worker_methods import METHODS

MAX_LINE_BYTES = 1 << 20
_PROGRESS_INTERVAL_S = 0.1

_logger = logging.getLogger(__name__)

RequestId = Union[int, str]


class RequestError(LtcoreError):
    """A line that is not a request of this protocol."""


@dataclass(frozen=True)
class Request:
    """One request: `id` names it in every answer, `method` and `params` say what to do."""

    id: RequestId
    method: str
    params: dict[str, Any]


class Channel:
    """The way back to the caller; safe to use from several threads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, threading.Lock()
        self.is_broken = False

    def send(self, message: dict[str, Any]) -> None:
        """Writes one line; if nobody reads any more it only notes that in `is_broken`."""
        line = json.dumps(message, allow_nan=False, default=str).encode() + b"\n"
        with self._lock:
            try:
                self._stream.write(line)
                self._stream.flush()
            except (OSError, ValueError):  # ValueError: the stream is closed
                self.is_broken = True


@dataclass
class Inbox:
    """Requests read and not yet answered, and those among them that should stop.

    Attributes:
        waiting: requests in order; None after the last.
    """

    waiting: queue.SimpleQueue[Request | None] = field(default_factory=queue.SimpleQueue)
    open_ids: set[RequestId] = field(default_factory=set)
    cancelled_ids: set[RequestId] = field(default_factory=set)

    def put(self, request: Request) -> None:
        """Queues a request."""
        self.open_ids.add(request.id)
        self.waiting.put(request)

    def cancel(self, request_id: Any) -> bool:
        """Marks a queued or running request as cancelled; tells whether there is such a one."""
        found = isinstance(request_id, (int, str)) and request_id in self.open_ids
        if found:
            self.cancelled_ids.add(request_id)
        return found

    def close(self, request: Request) -> None:
        """Forgets an answered request."""
        self.open_ids.discard(request.id)
        self.cancelled_ids.discard(request.id)


class RequestProgress:
    """Progress of one request, sent as events: one for each new message, else at most ten a second."""

    def __init__(self, request: Request, inbox: Inbox, channel: Channel) -> None:
        self._id, self._inbox, self._channel = request.id, inbox, channel
        self._message, self._sent_s = "", 0.0

    def report(self, fraction: float, message: str = "") -> None:
        """Sends an event if the message changed or the last one is old enough."""
        now = time.monotonic()
        changed = bool(message) and message != self._message
        if not changed and now - self._sent_s < _PROGRESS_INTERVAL_S:
            return
        self._message, self._sent_s = message or self._message, now
        clipped = min(1.0, max(0.0, float(fraction)))
        self._channel.send({"id": self._id, "progress": round(clipped, 4), "message": self._message})

    def is_cancelled(self) -> bool:
        """Tells whether the caller cancelled or is gone."""
        return self._id in self._inbox.cancelled_ids or self._channel.is_broken


def parse_request(line: bytes) -> Request:
    """Returns the request a line holds.

    Raises:
        RequestError: the line is no JSON object with an id, a method and, where given, an object of params.
    """
    unread = "A request could not be read."
    try:
        values = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise RequestError(unread, f"It is not one line of JSON ({error}).") from error
    if not isinstance(values, dict):
        raise RequestError(unread, "It is not a JSON object.")
    request_id, method, params = values.get("id"), values.get("method"), values.get("params") or {}
    if isinstance(request_id, bool) or not isinstance(request_id, (int, str)):
        raise RequestError(unread, f"Its id is {request_id!r}; it must be a number or text.")
    if not isinstance(method, str) or not isinstance(params, dict):
        raise RequestError(unread, "Its method must be text and its params an object.")
    return Request(request_id, method, params)


def read_requests(stream: BinaryIO, inbox: Inbox, channel: Channel) -> None:
    """Reads requests until the stream ends; answers `cancel` and unreadable lines itself, queues the rest."""
    while True:
        line = stream.readline(MAX_LINE_BYTES + 1)
        if not line:
            break
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            error = RequestError("A request is too long.", f"The limit is {MAX_LINE_BYTES} bytes a line.")
            channel.send({"id": None, "error": _error_object("request", error)})
        elif line.strip():
            _receive(line, inbox, channel)
    inbox.waiting.put(None)


def _receive(line: bytes, inbox: Inbox, channel: Channel) -> None:
    """Answers or queues one line."""
    try:
        request = parse_request(line)
    except RequestError as error:
        channel.send({"id": None, "error": _error_object("request", error)})
        return
    if request.method == "cancel":
        found = inbox.cancel(request.params.get("id"))
        channel.send({"id": request.id, "result": {"cancelled": found}})
    else:
        inbox.put(request)


def run_requests(inbox: Inbox, channel: Channel) -> None:
    """Answers queued requests in order until the queue ends, a `shutdown` comes, a device is lost or nobody listens."""
    while not channel.is_broken:
        request = inbox.waiting.get()
        if request is None:
            return
        answer = _answer(request, RequestProgress(request, inbox, channel))
        channel.send({"id": request.id, **answer})
        inbox.close(request)
        if request.method == "shutdown" or answer.get("error", {}).get("kind") == "lost":
            return


def _answer(request: Request, progress: Progress) -> dict[str, Any]:
    """Returns {"result": ...} or {"error": ...}; no exception of a request ends the worker."""
    try:
        if progress.is_cancelled():
            raise CancelledError
        method = METHODS.get(request.method)
        if method is None:
            known = ", ".join(sorted([*METHODS, "cancel"]))
            raise RequestError(f"The worker knows no method '{request.method}'.", f"It knows {known}.")
        result = method(request.params, progress)
        json.dumps(result, allow_nan=False, default=str)  # a result that send() cannot write fails here
    except CancelledError:
        return {"error": _error_object("cancelled", LtcoreError("The work was cancelled."))}
    except RequestError as error:
        return {"error": _error_object("request", error)}
    except InputError as error:
        return {"error": _error_object("input", error)}
    except LtcoreError as error:
        return {"error": _error_object("lost" if isinstance(error, DeviceLostError) else "failed", error)}
    except Exception as error:  # the boundary: everything becomes an answer, the traceback a log line
        _logger.exception("request %s (%s) failed", request.id, request.method)
        is_name = isinstance(error, OSError) and error.errno in IMPOSSIBLE_NAMES
        return {"error": _error_object("input" if is_name else "unexpected", _plain_error(error))}
    return {"result": result}


def _plain_error(error: Exception) -> LtcoreError:
    """Returns an unexpected exception in words."""
    if isinstance(error, ImportError):
        return LtcoreError(
            f"The Python of the engine cannot load '{error.name or 'a module'}'.",
            f"{error} ({sys.executable}).",
            "Run 'Check and set up environment', or choose another Python in the settings.",
        )
    if isinstance(error, OSError) and error.errno in IMPOSSIBLE_NAMES:
        return FileNameError(error)
    if isinstance(error, MemoryError):
        return LtcoreError("The computer ran out of memory.", str(error), "Close other programs.")
    text = str(error).strip().splitlines()
    cause = f"{type(error).__name__}: {text[0]}." if text else f"{type(error).__name__}."
    return LtcoreError(
        "The engine met an error it did not expect.",
        cause,
        "Please report it with the text of 'Check and set up environment'.",
    )


def _error_object(kind: str, error: LtcoreError) -> dict[str, str]:
    return {"kind": kind, "what": error.what, "why": error.why, "fix": error.fix}


def serve(stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Speaks the protocol on two binary streams until it ends."""
    inbox, channel = Inbox(), Channel(stdout)
    threading.Thread(target=read_requests, args=(stdin, inbox, channel), daemon=True).start()
    run_requests(inbox, channel)


def main() -> int:
    """Runs the worker on this process's stdin and stdout."""
    use_one_blas_thread()
    # The protocol gets descriptors of its own; print() and libraries that write to descriptor 1 reach stderr.
    protocol_in = os.fdopen(os.dup(0), "rb")
    protocol_out = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    serve(protocol_in, protocol_out)
    # The reader thread may still wait on stdin, and torch's threads at exit are not worth waiting for.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
