"""One window a user folder: the second start is heard by the first, however quick the answer comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.bridge.single_instance import SingleInstance
from engine.protocol.home import Home

SECOND = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from desktop.bridge.single_instance import SingleInstance
from engine.protocol.home import Home
application = QCoreApplication([])
instance = SingleInstance(Home(Path(sys.argv[1])))
print(instance.is_first(), [instance.raise_first() for _ in range(50)].count(True))
"""


def test_that_every_further_start_is_heard(qtbot: QtBot, lensmith_home: Path, repository: Path) -> None:
    first = SingleInstance(Home(lensmith_home).ensure())
    assert first.is_first()
    raised: list[bool] = []
    first.asked_to_raise.connect(lambda: raised.append(True))
    second = subprocess.Popen(
        [sys.executable, "-c", SECOND, str(lensmith_home)],
        cwd=repository,
        stdout=subprocess.PIPE,
        text=True,
    )
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=60_000)
    assert second.stdout is not None
    assert second.stdout.read().split() == ["False", "50"]
    assert len(raised) == 50
    first.release()


def test_that_the_next_window_is_the_first_when_the_one_before_was_closed(
    qtbot: QtBot, lensmith_home: Path
) -> None:
    _ = qtbot
    home = Home(lensmith_home).ensure()
    before = SingleInstance(home)
    assert before.is_first()
    assert not SingleInstance(home).is_first()
    before.release()
    after = SingleInstance(home)
    assert after.is_first()
    after.release()
