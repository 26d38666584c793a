"""Heat maps are kept as long as the model that they are of is the same."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background
from desktop.models.heat_maps import HeatMaps, HeatSubject
from tests.desktop.heat_stand_in import Explaining

WAIT_MS = 30_000


def test_that_what_is_just_read_is_forgotten_with_all_else(qtbot: QtBot, tmp_path: Path) -> None:
    oracle, background = Explaining(tmp_path), Background()
    maps = HeatMaps(oracle, background)
    subject = HeatSubject(tmp_path / "best", tmp_path / "1.png")

    maps.want(subject)  # the answer is there at once, and its picture is read in a thread
    maps.forget()  # the checkpoint was written anew
    background.wait(WAIT_MS)
    qtbot.wait(50)
    with qtbot.waitSignal(maps.came, timeout=WAIT_MS):
        maps.want(subject)

    assert len(oracle.asked) == 2
