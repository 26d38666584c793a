"""Time spent in slots is told apart from time spent in painting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PAINTS_LONGER_THAN_IT_WORKS = """
import json, sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from benchmarks.desktop_turns import TimedApplication

now = 0.0
time.perf_counter = lambda: now

def take(seconds):
    global now
    now += seconds

class Slow(QWidget):
    def paintEvent(self, event):
        take(0.5)

application = TimedApplication(sys.argv[:1])
widget = Slow()
widget.show()
application.processEvents()
application.start_timing()

def work():
    take(0.02)
    widget.repaint()
    widget.update()
    QTimer.singleShot(0, application.quit) if len(application.frames_ms) else QTimer.singleShot(0, work)

QTimer.singleShot(0, work)
application.exec()
print(json.dumps([application.frames_ms, application.slots_ms]))
"""


def test_that_painting_inside_and_outside_a_slot_is_left_out(repository: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PAINTS_LONGER_THAN_IT_WORKS],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    frames_ms, slots_ms = json.loads(ended.stdout)

    assert frames_ms
    assert {round(took) % 20 for took in frames_ms} == {0}
    assert max(round(took) for took in slots_ms) == 20
