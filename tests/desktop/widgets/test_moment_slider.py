"""The slider over moments: keys, mouse, words, and what it does not tell."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from pytestqt.qtbot import QtBot

from desktop.widgets.moment_slider import Moments, MomentSlider

TITLES = tuple(f"Epoch {number}" for number in range(1, 31))


@pytest.fixture
def slider(qtbot: QtBot) -> MomentSlider:
    made = MomentSlider("Validation shown")
    qtbot.addWidget(made)
    made.resize(600, made.height())
    made.show_moments(Moments(TITLES, {4: "numbers only"}, 11, frozenset({4}), [0.1, None, 0.5]), 29)
    made.show()
    return made


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (Qt.Key.Key_Left, 14),
        (Qt.Key.Key_Right, 16),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_End, 29),
        (Qt.Key.Key_PageDown, 12),
        (Qt.Key.Key_PageUp, 18),
    ],
)
def test_that_keys_go_to_another_moment_and_tell(
    qtbot: QtBot, slider: MomentSlider, key: Qt.Key, place: int
) -> None:
    slider.stand_on(15)

    with qtbot.waitSignal(slider.moved_to) as told:
        qtbot.keyClick(slider, key)

    assert told.args == [place]
    assert slider.accessibleDescription().startswith(f"Epoch {place + 1}")


def test_that_a_click_goes_there_at_once_and_dragging_follows(qtbot: QtBot, slider: MomentSlider) -> None:
    told: list[int] = []
    slider.moved_to.connect(told.append)

    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=slider.place_on_screen(11))
    qtbot.mouseMove(slider, slider.place_on_screen(12))
    qtbot.mouseMove(slider, QPoint(-50, 10))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton)
    qtbot.mouseMove(slider, slider.place_on_screen(20))

    assert told == [11, 12, 0]


def test_that_what_the_program_sets_is_not_told(slider: MomentSlider) -> None:
    told: list[int] = []
    slider.moved_to.connect(told.append)

    slider.stand_on(3)
    slider.show_moments(Moments(TITLES[:2]), 1)

    assert told == []
    assert slider.maximum() == 1


def test_that_the_best_and_the_incomplete_moments_are_named(slider: MomentSlider) -> None:
    assert slider.title(11) == "Epoch 12 · best"
    assert slider.title(4) == "Epoch 5 · numbers only"
    assert slider.title(99) == ""


def test_that_from_something_else_the_nearest_moment_can_be_clicked(
    qtbot: QtBot, slider: MomentSlider
) -> None:
    slider.stand_on(-1)
    assert slider.accessibleDescription() == "None of these is shown."

    with qtbot.waitSignal(slider.moved_to) as told:
        qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=slider.place_on_screen(0))

    assert told.args == [0]


def test_that_it_is_read_aloud_as_a_slider(slider: MomentSlider) -> None:
    spoken = QAccessible.queryAccessibleInterface(slider)

    assert spoken.role() == QAccessible.Role.Slider
    assert spoken.text(QAccessible.Text.Name) == "Validation shown"
    assert "30 of 30" in spoken.text(QAccessible.Text.Description)


def test_that_it_is_painted_with_one_moment_and_with_three_hundred(slider: MomentSlider) -> None:
    for count in (1, 300):
        titles = [f"Epoch {n}" for n in range(count)]
        slider.show_moments(Moments(titles, {}, 0, frozenset({0}), [0.5] * count), count - 1)
        assert not slider.grab().toImage().isNull()
