from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background
from desktop.bridge.dataset_shelf import DatasetShelf
from desktop.forms.chooser_list import ChooserItem
from desktop.forms.dataset_chooser import FOLDER_KEY, DatasetChooser
from desktop.forms.model_chooser import ModelChooser
from engine.config.schema import ConfigSchema
from engine.datasets.library import Library
from engine.protocol.catalog import ModelMetadata, PluginEntry, PluginProblem
from engine.protocol.home import Home


def entry(name: str, *, task: str = "classification", framework: str = "pytorch", **more: Any) -> PluginEntry:
    about = ModelMetadata(
        name=name, task_type=task, framework=framework, licence="MIT", tags=["tag-" + name], **more
    )
    return PluginEntry(
        id=name, model=name, folder=f"/plugins/{name}", metadata=about, config_schema=ConfigSchema(fields=[])
    )


BROKEN = PluginEntry(
    id="broken", folder="/plugins/broken",
    problems=[PluginProblem(code="import_failed", message="model.py does not import: line 4.")],
)  # fmt: skip
ENTRIES = [
    entry("alpha"),
    BROKEN,
    entry("beta", framework="timm", recommended=True, description="A good beginning."),
    entry("gamma", task="detection"),
]


class Catalogue(QObject):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.entries = list(ENTRIES)


class Window:
    """As much of the window's context as a chooser needs."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.gone: list[tuple[str, dict[str, object]]] = []

    def go(self, page: str, **target: object) -> None:
        self.gone.append((page, target))


@pytest.fixture
def window(qapp: object) -> Window:
    return Window()


def open_models(qtbot: QtBot, window: Any, **more: Any) -> ModelChooser:
    chooser = ModelChooser(window, **more)
    qtbot.addWidget(chooser)
    chooser.show()
    qtbot.waitExposed(chooser)
    return chooser


def titles(chooser: ModelChooser | DatasetChooser) -> list[str]:
    items = [chooser.view.items.item(row) for row in range(chooser.view.items.rowCount())]
    return [item.title for item in items if item is not None]


def item_named(chooser: ModelChooser | DatasetChooser, title: str) -> ChooserItem:
    found = chooser.view.items.item(titles(chooser).index(title))
    assert found is not None
    return found


def test_that_the_recommended_model_comes_first_and_broken_ones_last(qtbot: QtBot, window: Window) -> None:
    chooser = open_models(qtbot, window)
    assert titles(chooser) == ["beta", "alpha", "gamma", "broken"]
    assert item_named(chooser, "beta").badge == "Recommended"


def test_that_typing_arrows_and_enter_choose_a_model(qtbot: QtBot, window: Window) -> None:
    chooser = open_models(qtbot, window)
    qtbot.keyClicks(chooser.search, "a")
    qtbot.keyClick(chooser.search, Qt.Key.Key_Down)
    with qtbot.waitSignal(chooser.chosen) as told:
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
    assert told.args == [ENTRIES[0]]
    assert chooser.result() == QDialog.DialogCode.Accepted


def test_that_the_model_that_holds_is_marked(qtbot: QtBot, window: Window) -> None:
    chooser = open_models(qtbot, window, current=ENTRIES[0])
    marked = chooser.view.current()
    assert marked is not None
    assert marked.title == "alpha"


def test_that_models_of_the_datasets_task_are_shown_and_broken_ones_are_not_lost(
    qtbot: QtBot, window: Window
) -> None:
    chooser = open_models(qtbot, window, task="classification")
    assert titles(chooser) == ["beta", "alpha", "broken"]
    chooser.boxes["task"].setCurrentIndex(0)
    assert titles(chooser) == ["beta", "alpha", "gamma", "broken"]
    assert item_named(chooser, "gamma").problem == "For detection; your dataset is for classification."
    assert item_named(chooser, "alpha").problem == ""


@pytest.mark.parametrize(
    ("box", "value", "found"),
    [("framework", "timm", ["beta", "broken"]), ("tag", "tag-gamma", ["gamma", "broken"])],
)
def test_that_models_are_filtered(
    qtbot: QtBot, window: Window, box: str, value: str, found: list[str]
) -> None:
    chooser = open_models(qtbot, window)
    chooser.boxes[box].setCurrentIndex(chooser.boxes[box].findData(value))
    assert titles(chooser) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [("beginning", ["beta"]), ("mit tag-alpha", ["alpha"]), ("line 4", ["broken"]), ("cow", [])],
)
def test_that_models_are_searched_in_all_their_words(
    qtbot: QtBot, window: Window, words: str, found: list[str]
) -> None:
    chooser = open_models(qtbot, window)
    chooser.search.setText(words)
    assert titles(chooser) == found
    assert chooser.nothing.isVisibleTo(chooser) == (not found)
    assert chooser.ok.isEnabled() == (bool(found) and found != ["broken"])


def test_that_a_broken_plugin_cannot_be_chosen_and_says_why(qtbot: QtBot, window: Window) -> None:
    chooser = open_models(qtbot, window)
    chooser.search.setText("broken")
    assert item_named(chooser, "broken").problem == "model.py does not import: line 4."
    assert "line 4" in chooser.details.text()
    with qtbot.assertNotEmitted(chooser.chosen, wait=50):
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
    assert chooser.isVisible()
    chooser.plugins.click()
    assert window.gone == [("plugins", {"plugin": "broken"})]
    assert not chooser.isVisible()


def test_that_a_plugin_without_its_packages_names_them(qtbot: QtBot, window: Window) -> None:
    window.catalogue.entries = [ENTRIES[0].model_copy(update={"missing_requirements": ["wings"]})]
    chooser = open_models(qtbot, window)
    assert item_named(chooser, "alpha").problem == "Needs packages that are not installed: wings."


def test_that_an_open_chooser_follows_the_catalogue(qtbot: QtBot, window: Window) -> None:
    chooser = open_models(qtbot, window, current=ENTRIES[3])
    window.catalogue.entries = [*ENTRIES, entry("delta", framework="own")]
    window.catalogue.changed.emit()
    assert "delta" in titles(chooser)
    assert chooser.boxes["framework"].findData("own") > 0
    marked = chooser.view.current()
    assert marked is not None
    assert marked.title == "gamma"


def test_that_a_chooser_without_models_says_why(qtbot: QtBot, window: Window) -> None:
    window.catalogue.entries = []
    chooser = open_models(qtbot, window)
    assert "There are no models yet" in chooser.nothing.text()
    assert not chooser.ok.isEnabled()


def test_that_items_are_read_aloud_whole(qtbot: QtBot, window: Window) -> None:
    chooser = open_models(qtbot, window)
    model = chooser.view.items
    spoken = [str(model.data(model.index(row), Qt.ItemDataRole.AccessibleTextRole)) for row in range(4)]
    assert "Recommended" in spoken[0]
    assert "model.py does not import" in spoken[3]


class Shelf:
    """A window with real datasets."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.background = Background()
        self.datasets = DatasetShelf(home, self.background)


def make_images(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True)
        for number in range(4):
            pixels = random.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def shelf(qtbot: QtBot, lensmith_home: Path, tmp_path: Path) -> Shelf:
    home = Home(lensmith_home)
    home.ensure()
    for name in ("here", "unplugged"):
        folder = make_images(tmp_path / name)
        Library(home).import_dataset(folder, name=name)
    (tmp_path / "unplugged").rename(tmp_path / "away")
    shelf = Shelf(home)
    with qtbot.waitSignal(shelf.datasets.changed):
        shelf.datasets.refresh()
    return shelf


def open_datasets(qtbot: QtBot, shelf: Shelf, current: str = "") -> DatasetChooser:
    chooser = DatasetChooser(shelf, current)  # type: ignore[arg-type]  # all of the context that it needs
    qtbot.addWidget(chooser)
    chooser.show()
    qtbot.waitUntil(lambda: not item_named(chooser, "unplugged").is_usable)
    return chooser


def test_that_datasets_are_listed_with_their_facts_and_what_is_wrong(qtbot: QtBot, shelf: Shelf) -> None:
    chooser = open_datasets(qtbot, shelf)
    assert titles(chooser) == ["here", "unplugged", "Open a folder…"]
    assert item_named(chooser, "here").facts.startswith("8 images · 2 classes · classification")
    assert item_named(chooser, "here").text == "cats, dogs"
    assert Path(item_named(chooser, "here").picture).is_file()
    assert "not there" in item_named(chooser, "unplugged").problem


def test_that_a_dataset_is_found_by_a_class_and_chosen_by_enter(qtbot: QtBot, shelf: Shelf) -> None:
    chooser = open_datasets(qtbot, shelf)
    qtbot.keyClicks(chooser.search, "here dogs")
    with qtbot.waitSignal(chooser.chosen) as told:
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
    assert told.args == ["here"]


def test_that_an_unplugged_dataset_cannot_be_chosen(qtbot: QtBot, shelf: Shelf) -> None:
    chooser = open_datasets(qtbot, shelf, "unplugged")
    marked = chooser.view.current()
    assert marked is not None
    assert marked.title == "unplugged"
    assert not chooser.ok.isEnabled()
    with qtbot.assertNotEmitted(chooser.chosen, wait=50):
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)


def test_that_a_folder_can_be_opened_instead_even_when_nothing_is_found(qtbot: QtBot, shelf: Shelf) -> None:
    chooser = open_datasets(qtbot, shelf)
    chooser.search.setText("cow")
    assert titles(chooser) == ["Open a folder…"]
    assert chooser.view.items.row_of(FOLDER_KEY) == 0
    with qtbot.waitSignal(chooser.folder_wanted):
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
