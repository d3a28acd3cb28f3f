"""Clean QGIS profiles with the plugin in them, and qgis_process and QGIS Desktop as users run them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Debian 12's /usr/bin/qgis_process passes an option that its own binary refuses.
QGIS_PROCESS = "/usr/bin/qgis_process.bin" if Path("/usr/bin/qgis_process.bin").exists() else "qgis_process"
NOISE = ("DeprecationWarning", "ERROR 1: Unable to compute a transformation")  # Qt's and GDAL's, for plain rasters

BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "cv2", "scipy", "shapely", "pydantic", "safetensors"):
            raise ModuleNotFoundError(name + " is blocked in this test", name=name)

sys.meta_path.insert(0, Blocker())
"""


def bare_python(folder: Path) -> Path:
    """Returns a Python that finds neither torch nor OpenCV nor the rest, whatever the system has.

    With the `blocked` folder beside it on PYTHONPATH, QGIS's own Python does not either.
    """
    blocked = folder / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(BLOCKER)
    python = folder / "python-bare"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{blocked}:$PYTHONPATH" exec /usr/bin/python3 "$@"\n')
    python.chmod(0o755)
    return python


class Profile:
    """A QGIS profile in a folder of its own; the engine's Python is the one that runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plugins = folder / "profiles/default/python/plugins"
        self.plugins.mkdir(parents=True)
        (folder / "xdg").mkdir(mode=0o700)
        (folder / "tmp").mkdir()

    def enable(self, plugin: str = "ltformer") -> None:
        """Enables a plugin as QGIS's plugin manager does."""
        ini = self.folder / "profiles/default/QGIS/QGIS3.ini"
        ini.parent.mkdir(parents=True, exist_ok=True)
        ini.write_text(f"[PythonPlugins]\n{plugin}=true\n", encoding="utf-8")

    def link_working_tree(self) -> None:
        """Puts the repository itself in the place of the installed plugin."""
        (self.plugins / "ltformer").symlink_to(ROOT)
        self.enable()

    def environment(self, **changes: str | None) -> dict[str, str]:
        """Returns the variables of a QGIS process on this profile; None takes one away."""
        values = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_RUNTIME_DIR": str(self.folder / "xdg"),
            "QGIS_CUSTOM_CONFIG_PATH": str(self.folder),
            "PATH": "/usr/bin:/bin",  # a pyenv first on PATH would become QGIS's Python
            "TMPDIR": str(self.folder / "tmp"),
            "LTFORMER_PYTHON": sys.executable,
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    def start(self, *arguments: str, **changes: str | None) -> subprocess.Popen[str]:
        """Starts qgis_process."""
        pipe = subprocess.PIPE
        command = [QGIS_PROCESS, *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment(**changes), stdout=pipe, stderr=pipe, text=True)

    def run(self, *arguments: str, **changes: str | None) -> tuple[int, str, list[str]]:
        """Runs qgis_process; returns its exit code, its output and its error lines without known noise."""
        with self.start(*arguments, **changes) as process:
            out, err = process.communicate(timeout=180)
        lines = [line.strip() for line in err.splitlines() if line.strip() and not any(n in line for n in NOISE)]
        return process.returncode, out, lines

    def desktop(self, script: Path, timeout_s: float = 120, **changes: str | None) -> dict[str, Any]:
        """Runs QGIS Desktop on a virtual screen with a start script; returns the JSON that it left in $ANSWER.

        `exit_code` in it tells how QGIS itself ended.
        """
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        ini = self.folder / "profiles/default/QGIS/QGIS3.ini"
        ini.parent.mkdir(parents=True, exist_ok=True)
        with ini.open("a", encoding="utf-8") as settings:
            settings.write("[qgis]\ncheckVersion=false\n[Plugin-Installer]\ncheckOnStart=false\n")
        # QT_QPA_PLATFORM: the Desktop needs a screen.
        variables = self.environment(
            QT_QPA_PLATFORM=None, QGIS_CUSTOM_CONFIG_PATH=None, LIBGL_ALWAYS_SOFTWARE="1",
            **{"ANSWER": str(answer), **changes},
        )  # fmt: skip
        command = [
            "xvfb-run", "-a", "-s", "-screen 0 1400x900x24", "/usr/bin/qgis", "--nologo", "--profiles-path",
            str(self.folder), "--profile", "default", "--code", str(script),
        ]  # fmt: skip
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, env=variables, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        ) as process:
            try:
                _, errors = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # xvfb-run alone would leave QGIS and the screen behind
                raise
        if not answer.is_file():
            raise AssertionError(f"QGIS ended with {process.returncode} and no answer: {errors[-2000:]}")
        if process.returncode:
            print(errors[-2000:])  # pytest shows it where the test fails
        return {**json.loads(answer.read_text(encoding="utf-8")), "exit_code": process.returncode}

    def worker_pids(self) -> set[int]:
        """Returns the processes that run the engine for this profile."""
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command, variables = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            except OSError:  # it ended
                continue
            if b"ltcore.worker" in command and str(self.folder).encode() in variables:
                found.add(int(folder.name))
        return found

    def leftovers(self) -> list[str]:
        """Returns what the plugin left in the temporary folder, except empty folders."""
        temporary = self.folder / "tmp"
        return sorted(
            str(path.relative_to(temporary))
            for path in temporary.rglob("*")
            if path.is_file() and any("ltformer" in part for part in path.parts[len(temporary.parts) :])
        )


def has_desktop() -> bool:
    """Whether the real QGIS Desktop can run under a virtual screen."""
    return bool(shutil.which("qgis", path="/usr/bin") and shutil.which("xvfb-run"))
