"""The top line of the Validate page offers what the result allows, and gives words room where there is little."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop.pages.validate_source import SourceBar

NEWS = "Measured so far: Epoch 1 · val · 1,240 of 20,000"


@pytest.fixture
def bar(qtbot: QtBot) -> SourceBar:
    made = SourceBar()
    qtbot.addWidget(made)
    made.resize(920, 40)
    made.show()
    return made


def test_that_without_a_result_there_is_nothing_to_compare_or_map(bar: SourceBar) -> None:
    bar.offer(is_chosen=False, is_open=False)
    assert not bar.compare.isEnabled()
    assert not bar.map.isEnabled()

    bar.offer(is_chosen=True, is_open=False)
    assert bar.compare.isEnabled()
    assert not bar.map.isEnabled(), "it cannot be read"


def test_that_news_take_room_from_a_button_s_words_and_give_it_back(bar: SourceBar) -> None:
    assert bar.compare.text() == "Compare with…"

    bar.tell(NEWS)
    assert bar.note.isVisible()
    assert bar.compare.text() == ""
    assert bar.compare.accessibleName() == "Compare with…"
    assert bar.note.geometry().right() < bar.report.geometry().left()

    bar.tell("")
    assert not bar.note.isVisible()
    assert bar.compare.text() == "Compare with…"
