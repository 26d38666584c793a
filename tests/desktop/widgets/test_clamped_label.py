"""Text that has only a few lines."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop.widgets.clamped_label import ClampedLabel

WORDS = "A U-Net on any of timm's convolutional networks. It begins with weights that come with Lensmith."


@pytest.fixture
def label(qtbot: QtBot) -> ClampedLabel:
    made = ClampedLabel(WORDS, "muted", 2)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_text_without_room_ends_in_dots_and_is_whole_in_the_tooltip(label: ClampedLabel) -> None:
    label.resize(160, 60)
    assert label.text().endswith("…")
    assert WORDS.startswith(label.text().removesuffix("…"))
    assert label.toolTip() == WORDS
    assert label.accessibleName() == WORDS
    assert label.heightForWidth(160) == 2 * label.fontMetrics().lineSpacing()


def test_that_all_is_shown_again_where_there_is_room(label: ClampedLabel) -> None:
    label.resize(160, 60)
    label.resize(900, 60)
    assert label.text() == WORDS
    assert not label.toolTip()
    assert label.heightForWidth(900) == label.fontMetrics().lineSpacing()


def test_that_breaks_of_the_text_count_as_lines(qtbot: QtBot) -> None:
    label = ClampedLabel("one\ntwo\nthree <b>", "mono", 2)
    qtbot.addWidget(label)
    label.show()
    label.resize(300, 60)
    assert label.text().startswith("one\ntwo three <b>")
    assert label.heightForWidth(300) == 2 * label.fontMetrics().lineSpacing()
