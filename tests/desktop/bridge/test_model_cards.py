from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.model_cards import ModelCards
from desktop.bridge.settings import Settings
from engine.protocol.catalog import PluginEntry
from engine.protocol.home import Home

ENGINE_MS = 90_000
MINIMAL = PluginEntry(id="example_minimal", model="example-minimal", folder="f", source_hash="1")


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


@pytest.fixture
def cards(home: Home, qtbot: QtBot) -> Iterator[ModelCards]:
    made = ModelCards(home)
    yield made
    made.close()


def test_that_a_model_is_counted_by_the_engine_and_then_remembered(cards: ModelCards, qtbot: QtBot) -> None:
    with qtbot.waitSignal(cards.counted, timeout=ENGINE_MS):
        key = cards.ask(MINIMAL, {"image_size": 64})

    card = cards.known(key)
    assert card is not None
    assert (card.model, card.image_size) == ("example-minimal", 64)
    assert card.parameters is not None
    assert cards.ask(MINIMAL, {"image_size": 64}) == key
    with qtbot.assertNotEmitted(cards.counted, wait=50):
        cards.ask(MINIMAL, {"image_size": 64})


def test_that_only_the_newest_question_waits_for_the_one_under_way(
    home: Home, cards: ModelCards, qtbot: QtBot
) -> None:
    Settings(home).set("engine.interpreter", "/no/such/python")
    told: list[str] = []
    cards.failed.connect(lambda key, _error: told.append(key))

    keys = [cards.ask(MINIMAL, {"image_size": size}) for size in (32, 64, 96)]
    qtbot.waitUntil(lambda: len(told) == 2, timeout=ENGINE_MS)

    assert told == [keys[0], keys[2]]
    failure = cards.failure(keys[0])
    assert failure is not None
    assert failure.code == "engine_missing"
    assert cards.known(keys[1]) is None
