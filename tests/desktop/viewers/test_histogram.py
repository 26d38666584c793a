from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.theme.theme import theme
from desktop.viewers.histogram import Histogram
from desktop.viewers.label_legend import LabelLegend


@pytest.fixture
def bars(qtbot: QtBot) -> Histogram:
    made = Histogram("Images by number of objects", "images")
    qtbot.addWidget(made)
    made.resize(300, 140)
    made.show()
    made.show_bins(("0", "1-5", "6-10"), (0, 30, 10))
    return made


def test_that_counts_are_told_to_screen_readers(bars: Histogram) -> None:
    assert bars.accessibleDescription() == "1-5: 30 images (75%); 6-10: 10 images (25%)"
    bars.show_bins((), ())
    assert bars.accessibleDescription() == "Nothing to show."


def test_that_the_largest_bar_is_the_highest(bars: Histogram) -> None:
    image = bars.grab().toImage()
    color = theme.color("s1")
    heights = [sum(image.pixelColor(x, y) == color for y in range(image.height())) for x in (50, 115, 215)]
    assert heights[0] == 0
    assert heights[1] > 2 * heights[2] > 0


def test_that_the_bar_under_the_pointer_stands_out(bars: Histogram) -> None:
    before = bars.grab().toImage()
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(150, 90), bars.mapToGlobal(QPointF(150, 90)), Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(bars, event)
    assert bars._hovered == 1
    assert bars.grab().toImage() != before


def test_that_a_legend_hides_classes_and_keeps_those_of_other_images_hidden(qtbot: QtBot) -> None:
    legend = LabelLegend()
    qtbot.addWidget(legend)
    legend.set_hidden(frozenset({4}))
    legend.show_classes(("cat", "dog"), {1: "3", 0: "1"})
    with qtbot.waitSignal(legend.hidden_changed) as told:
        legend._rows[1].click()
    assert told.args == [frozenset({1, 4})]
    legend.show_classes(("cat", "dog"), dict.fromkeys(range(30), "1"))
    assert len(legend._rows) == 24
