"""A worker process that tests send anything to: what became of a request, a crash and a hang included."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

QUICK = {"features": {"descriptor": "rootsift"}, "output": {"report": False, "overwrite": True}}


@dataclass(frozen=True)
class Outcome:
    """What became of a request: `kind` is "result", a kind of error of the protocol, "crash" or "hang"."""

    kind: str
    result: Optional[dict[str, Any]] = None
    text: str = ""
    seconds: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether the user got a result or a sentence, and no traceback."""
        return (
            self.kind in ("result", "input", "failed", "lost", "request", "cancelled") and "Traceback" not in self.text
        )


class Engine:
    """`python -m ltcore.worker`, or a program that ends in its main(), started when needed and again after it died."""

    def __init__(self, program: str = "", **environment: str) -> None:
        self._words = ["-c", program] if program else ["-m", "ltcore.worker"]
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        self._process: Optional[subprocess.Popen[bytes]] = None

    def register(self, reference: Path, sensed: Path, out: Path, kill_at: float = 2.0, **more: Any) -> Outcome:
        """Registers a pair by the quickest settings; kills the process at a share of the work from 0 to 1."""
        sources = {"reference": {"path": str(reference)}, "sensed": {"path": str(sensed)}}
        return self.ask("register", {**sources, "out_dir": str(out), "config": QUICK, **more}, kill_at=kill_at)

    def ask(self, method: str, params: dict[str, Any], timeout_s: float = 120, kill_at: float = 2.0) -> Outcome:
        """Returns what became of a request."""
        line = json.dumps({"id": 1, "method": method, "params": params}).encode()
        return self.send(line, timeout_s, kill_at)

    def send(self, line: bytes, timeout_s: float = 120, kill_at: float = 2.0) -> Outcome:
        """Returns what became of one raw line."""
        process, start_s = self._started(), time.monotonic()
        process.stdin.write(line + b"\n")
        process.stdin.flush()
        while True:
            try:
                answer = self._lines.get(timeout=max(0.1, start_s + timeout_s - time.monotonic()))
            except queue.Empty:
                self.close()
                return Outcome("hang", text=f"no answer in {timeout_s:g} s")
            seconds = time.monotonic() - start_s
            if answer is None:
                code, words = process.wait(), self._stderr.read_text(errors="replace")[-500:]
                self.close()
                return Outcome("crash", text=f"exit code {code}: {words}", seconds=seconds)
            if "error" in answer:
                error = answer["error"]
                text = " ".join(error.get(key) or "" for key in ("what", "why", "fix"))
                return Outcome(error["kind"], text=text, seconds=seconds)
            if answer.get("progress", 0) >= kill_at:
                process.kill()
            if "result" in answer:
                return Outcome("result", answer["result"], seconds=seconds)

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._stderr.unlink(missing_ok=True)
        self._process = None

    def exit_code(self, timeout_s: float = 30) -> int:
        """Waits until the process has ended by itself."""
        return self._started().wait(timeout_s)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._started().pid

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            handle, name = tempfile.mkstemp()
            self._stderr, self._lines = Path(name), queue.Queue()
            command = [sys.executable, *self._words]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": handle}
            self._process = subprocess.Popen(command, env=self._environment, **pipes)
            os.close(handle)
            threading.Thread(target=_read, args=(self._process.stdout, self._lines), daemon=True).start()
        return self._process


def _read(stream: Any, lines: queue.Queue) -> None:
    with stream:
        for line in stream:
            lines.put(json.loads(line))
    lines.put(None)
