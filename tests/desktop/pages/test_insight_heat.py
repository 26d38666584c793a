"""The heat map's toggle: asked for once, laid where it belongs, and honest about waiting and about failing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background
from desktop.models.heat_maps import HeatMaps, HeatSubject
from desktop.pages.insight_heat import HeatToggle
from desktop.viewers.label_view import LabelView
from engine.errors import UserError
from tests.desktop.heat_stand_in import Explaining

WAIT_MS = 30_000


class Shown:
    """A view of a gray picture, with its toggle."""

    def __init__(self, qtbot: QtBot, tmp_path: Path) -> None:
        self.files = [tmp_path / f"{number}.png" for number in range(2)]
        for file in self.files:
            Image.new("RGB", (40, 20), (128, 128, 128)).save(file)
        self.oracle = Explaining(tmp_path)
        self.background = Background()
        self.view = LabelView("Image")
        self.toggle = HeatToggle([self.view], HeatMaps(self.oracle, self.background))
        self._tmp_path = tmp_path
        self.told: list[str] = []
        self.toggle.told.connect(self.told.append)
        for widget in (self.view, self.toggle):
            qtbot.addWidget(widget)
            widget.show()
        self.view.resize(400, 200)
        self._qtbot = qtbot
        self.look_at(0)

    def subject(self, number: int) -> HeatSubject:
        return HeatSubject(self._tmp_path / "best", self.files[number])

    def look_at(self, number: int) -> None:
        with self._qtbot.waitSignal(self.view.loaded, timeout=WAIT_MS):
            self.view.show_file(self.files[number])
        self.toggle.show_subject(self.subject(number))


@pytest.fixture
def shown(qtbot: QtBot, tmp_path: Path) -> Shown:
    return Shown(qtbot, tmp_path)


def test_that_the_key_lays_the_map_where_the_model_looked(qtbot: QtBot, shown: Shown) -> None:
    before = shown.view.grab().toImage()
    shown.toggle.opacity.setValue(100)

    qtbot.keyClick(shown.view, Qt.Key.Key_H)
    qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)

    after = shown.view.grab().toImage()
    ratio = before.width() / shown.view.width()

    def is_changed(x: int) -> bool:
        place = (round(x * ratio), round(100 * ratio))
        return before.pixelColor(*place) != after.pixelColor(*place)

    # The area begins at pixel 10 of 40, its hot half ends at 20; the view shows ten screen pixels for each.
    assert [is_changed(x) for x in (50, 140, 285, 350)] == [False, True, False, False]
    assert "What speaks for star" in shown.toggle.chip.toolTip()
    assert "heat map of star" in shown.view.accessibleDescription()

    qtbot.keyClick(shown.view, Qt.Key.Key_H)

    assert shown.view.heat is None
    assert shown.view.grab().toImage() == before


def test_that_waiting_is_told_and_an_answer_about_another_image_is_dropped(
    qtbot: QtBot, shown: Shown
) -> None:
    shown.oracle.is_slow = True
    shown.toggle.toggle()
    assert shown.toggle.chip.text() == "Computing…"

    shown.look_at(1)
    assert shown.oracle.forgotten == [1]
    shown.oracle.go_on()
    qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)

    assert [Path(str(asked["file"])).name for asked in shown.oracle.asked] == ["0.png", "1.png"]


def test_that_a_map_is_asked_for_once(qtbot: QtBot, shown: Shown) -> None:
    shown.toggle.toggle()
    qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)

    for number in (1, 0, 1):
        shown.look_at(number)
        qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)
    assert len(shown.oracle.asked) == 2

    shown.toggle.forget()
    shown.toggle.show_subject(shown.subject(1))
    qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)
    assert len(shown.oracle.asked) == 3


def test_that_a_refusal_switches_it_off_and_says_why(qtbot: QtBot, shown: Shown) -> None:
    shown.oracle.error = UserError("explanation_unavailable", "This model cannot say where it looks.")

    shown.toggle.toggle()

    assert not shown.toggle.chip.isChecked()
    assert shown.told == ["This model cannot say where it looks."]
    assert shown.view.heat is None


def test_that_the_button_is_off_with_its_reason(qtbot: QtBot, shown: Shown) -> None:
    shown.toggle.show_subject(None, "The boxes of a detector say where it looks.")

    qtbot.keyClick(shown.view, Qt.Key.Key_H)

    assert not shown.toggle.chip.isEnabled()
    assert not shown.toggle.chip.isChecked()
    assert "boxes of a detector" in shown.toggle.chip.toolTip()
    assert shown.oracle.asked == []


def test_that_a_map_that_is_gone_is_told(qtbot: QtBot, shown: Shown) -> None:
    shown.oracle.map.unlink()

    shown.toggle.toggle()
    qtbot.waitUntil(lambda: not shown.toggle.chip.isChecked(), timeout=WAIT_MS)

    assert "cannot be read" in shown.told[0]


def test_that_another_class_may_be_explained(qtbot: QtBot, shown: Shown) -> None:
    shown.toggle.offer_classes(("ring", "star"))
    shown.toggle.toggle()
    qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)

    shown.toggle.classes.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "What speaks for ring" in shown.toggle.chip.toolTip(), timeout=WAIT_MS)

    assert [asked["class"] for asked in shown.oracle.asked] == ["", "ring"]


def test_that_it_says_whose_map_it_is_where_there_are_several_models(qtbot: QtBot, shown: Shown) -> None:
    shown.toggle.toggle()
    qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)

    shown.toggle.name("A")
    assert shown.toggle.chip.text() == "Heat map of A"
    assert "What speaks for star" in shown.toggle.chip.toolTip()

    shown.toggle.toggle()
    assert shown.toggle.chip.text() == "Heat map of A"
    shown.toggle.name("")
    assert shown.toggle.chip.text() == "Heat map"


def test_that_the_name_of_the_class_is_seen_where_there_is_room(qtbot: QtBot, shown: Shown) -> None:
    shown.toggle.offer_classes(["star", "cross"])
    shown.toggle.toggle()
    qtbot.waitUntil(lambda: shown.view.heat is not None, timeout=WAIT_MS)

    shown.toggle.resize(shown.toggle.sizeHint())
    qtbot.waitUntil(lambda: shown.toggle.classes.shown_text() == shown.toggle.classes.currentText())
    assert shown.toggle.minimumSizeHint().width() < shown.toggle.sizeHint().width()
