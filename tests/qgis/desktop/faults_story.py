"""Story: a user cancels, the engine is killed, ten runs follow one another, and QGIS is closed while one runs."""

from __future__ import annotations

import os
import sys
import time

sys.path.insert(0, os.environ["STORIES"])

from dock_user import DockUser, held, kill_workers
from player import Player, Pulse, click, install

RUNS = int(os.environ.get("RUNS", "10"))


def story(seen):
    install(os.environ["ZIP"])
    user = DockUser(os.environ["REFERENCE"], os.environ["SENSED"])
    yield user.dock.isVisible
    yield from user.start()
    pressed_s = time.monotonic()
    click(user.inputs.cancel_button)
    yield user.is_idle
    seen["cancel_ms"], seen["said_after_cancel"] = (time.monotonic() - pressed_s) * 1000, user.message()
    yield from user.run()
    seen["after_cancel"] = user.numbers()["verdict"]

    yield from user.start()
    kill_workers()
    yield user.is_idle
    seen["said_after_kill"] = user.message()
    yield from user.run()
    seen["after_kill"] = user.numbers()["verdict"]

    seen["held_before"], pulse = held(), Pulse()
    for _ in range(RUNS):
        yield from user.run()
    seen["held_after"], seen["longest_freeze_ms"] = held(), pulse.longest_ms
    yield from user.start()  # and QGIS is closed now


player = Player(story)
