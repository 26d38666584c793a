from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.plugin import model_card as module
from engine.plugin.describer import describe, find_entry
from engine.plugin.model_card import model_card, with_supported_size
from engine.protocol.catalog import ModelMetadata, PluginEntry
from engine.protocol.home import Home
from tests.engine.plugin.texts import write_plugin

PLUGIN = """
from torch import nn
from engine.plugin import ModelMetadata, TorchModel

class Model(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="counted", framework="pytorch", task_type="classification")

    def build(self):
        {before}
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, self.num_classes)]
        return nn.Sequential(nn.Conv2d(3, 8, 3), *head)
"""
CONFIG: dict[str, object] = {"image_size": 32}


def entry_of(home: Home, text: str) -> PluginEntry:
    write_plugin(home.plugins / "counted", text)
    return find_entry(describe(home), "counted")


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


def test_that_parameters_and_operations_are_those_counted_by_hand(home: Home) -> None:
    card = model_card(home, entry_of(home, PLUGIN.format(before="pass")), CONFIG, classes=10)

    assert card.parameters == (3 * 8 * 9 + 8) + (8 * 10 + 10)
    # A multiply-add is two: 30 x 30 places of a 3 x 3 convolution, and one product of the last layer.
    assert card.flops == 2 * (30 * 30 * 8 * 27) + 2 * (8 * 10)
    assert (card.image_size, card.classes, card.why_not) == (32, 10, "")


def test_that_a_card_is_counted_once_and_again_when_source_or_settings_change(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = entry_of(home, PLUGIN.format(before="pass"))
    first = model_card(home, entry, CONFIG, classes=10)
    counted: list[object] = []

    def count(_entry: PluginEntry, settings: dict[str, object]) -> object:
        counted.append(settings["image_size"])
        return first

    monkeypatch.setattr(module, "_measured", count)
    assert model_card(home, entry, CONFIG, classes=10) == first
    assert counted == []
    model_card(home, entry, {"image_size": 64}, classes=10)
    model_card(home, entry.model_copy(update={"source_hash": "other"}), CONFIG, classes=10)
    assert counted == [64, 32]


def test_that_a_cache_that_cannot_be_read_only_costs_time(home: Home) -> None:
    entry = entry_of(home, PLUGIN.format(before="pass"))
    (home.cache / "model_cards.json").write_text("{", encoding="utf-8")

    assert model_card(home, entry, CONFIG).classes == 1000


def test_that_a_plugin_that_prints_is_counted(home: Home) -> None:
    entry = entry_of(home, PLUGIN.format(before="import os; print('{}'); os.write(1, b'loud')"))

    assert model_card(home, entry, CONFIG, classes=10).parameters == 314


def test_that_a_plugin_that_needs_real_memory_is_built_on_the_cpu(home: Home) -> None:
    entry = entry_of(home, PLUGIN.format(before="nn.Linear(2, 2).weight.sum().item()"))

    assert model_card(home, entry, CONFIG, classes=10).parameters == 314


@pytest.mark.parametrize(
    ("before", "code", "words"),
    [
        ("raise ValueError('no such depth')", "model_not_buildable", "ValueError: no such depth"),
        ("import os; os._exit(7)", "card_failed", "exit code 7"),
    ],
)
def test_that_a_model_that_cannot_be_built_is_an_error_with_its_reason(
    home: Home, before: str, code: str, words: str
) -> None:
    entry = entry_of(home, PLUGIN.format(before=before))

    with pytest.raises(UserError) as caught:
        model_card(home, entry, CONFIG)

    assert caught.value.code == code
    assert words in caught.value.message
    assert "plugins check counted" in caught.value.hint


def test_that_a_size_is_counted_that_the_author_supports() -> None:
    metadata = ModelMetadata(name="m", task_type="classification", supported_image_sizes=[32, 64])
    entry = PluginEntry(id="m", folder="m", metadata=metadata)

    assert with_supported_size(entry, {"image_size": 224, "epochs": 2}) == {"image_size": 32, "epochs": 2}
    assert with_supported_size(entry, {"image_size": 64}) == {"image_size": 64}
    assert with_supported_size(entry.model_copy(update={"metadata": None}), {"image_size": 7}) == {
        "image_size": 7
    }
