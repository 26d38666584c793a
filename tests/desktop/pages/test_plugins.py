from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.plugins import PluginsPage
from desktop.pages.plugins_new import NewPluginSheet
from desktop.pages.plugins_problems import ProblemView
from desktop.theme.theme import theme
from engine.protocol.catalog import ModelMetadata, PluginEntry, PluginProblem
from tests.engine.plugin.texts import plugin_text, write_plugin

ENGINE_MS = 60_000
"""How long a child process of the engine may take on a busy machine."""
TRACE = 'Traceback (most recent call last):\n  File "model.py", line 3\nKeyError: <b>depth</b>'


class OpenedUrls(QObject):
    """Stands in for the system's programs: notes what shall be opened."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[Path] = []

    @Slot(QUrl)
    def note(self, url: QUrl) -> None:
        self.paths.append(Path(url.toLocalFile()))


@pytest.fixture
def opened() -> Iterator[OpenedUrls]:
    noted = OpenedUrls()
    # The stubs ask for bytes, Qt's binding takes text only.
    QDesktopServices.setUrlHandler("file", noted, "note")  # pyright: ignore[reportArgumentType]
    yield noted
    QDesktopServices.unsetUrlHandler("file")


@pytest.fixture(autouse=True)
def dark(qtbot: QtBot) -> None:
    theme.choose("dark")


@pytest.fixture
def page(context: Context, qtbot: QtBot) -> PluginsPage:
    made = PluginsPage(context)
    qtbot.addWidget(made)
    made.resize(1300, 800)
    return made


def entry(name: str, folder: Path, **facts: object) -> PluginEntry:
    metadata = ModelMetadata(
        name=name,
        author="Ada",
        framework="timm",
        task_type="classification",
        tags=["small"],
        licence="AGPL-3.0",
    )
    return PluginEntry(id=name, model=name, folder=str(folder / name), metadata=metadata).model_copy(
        update=facts
    )


def broken(name: str, folder: Path) -> PluginEntry:
    file = folder / name / "model.py"
    file.parent.mkdir(parents=True)
    file.write_text("x = = 1", encoding="utf-8")
    problem = PluginProblem(
        code="plugin_import_failed",
        message="Importing model.py failed: KeyError.",
        file=str(file),
        line=3,
        hint="Correct the line.",
        traceback=TRACE,
    )
    return PluginEntry(id=name, folder=str(file.parent), problems=[problem])


def tell(context: Context, entries: Sequence[PluginEntry]) -> None:
    """Let the catalogue be these entries, as if the engine had described them."""
    context.catalogue.entries = list(entries)
    context.catalogue.is_loaded = True
    context.catalogue.changed.emit()


def texts_of(widget: QObject) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel)]


def test_that_a_broken_plugin_is_a_card_with_the_last_line_of_its_traceback(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    tell(context, [broken("wreck", tmp_path), entry("sound", tmp_path)])

    wreck = next(card for key, card in page.cards.items() if key[0].endswith("wreck"))
    assert "1 problem" in texts_of(wreck)
    assert any("KeyError: <b>depth</b>" in text.replace("\u200b", "") for text in texts_of(wreck))
    assert all(
        label.textFormat() == Qt.TextFormat.PlainText for label in wreck.findChildren(QLabel) if label.text()
    )
    sound = next(card for key, card in page.cards.items() if key[1] == "sound")
    assert {"Ready", "AGPL-3.0", "Yours"} <= set(texts_of(sound))


def test_that_cards_are_found_by_words_and_an_empty_result_offers_to_clear(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    tell(context, [entry("ant", tmp_path), entry("bee", tmp_path)])

    page.filter_line.search.setText("bee")
    assert [key[1] for key in page.shown_cards()] == ["bee"]
    page.filter_line.search.setText("wasp")
    assert page.stack.currentWidget() is page.nothing
    page.nothing.acted.emit()
    assert [key[1] for key in page.shown_cards()] == ["ant", "bee"]


def test_that_a_chip_shows_the_plugins_of_one_task(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    bee = entry("bee", tmp_path)
    assert bee.metadata is not None
    boxes = bee.metadata.model_copy(update={"task_type": "detection"})
    tell(context, [entry("ant", tmp_path), bee.model_copy(update={"metadata": boxes})])
    chips = page.filter_line.tasks
    assert chips is not None
    chip = next(made for made in chips.findChildren(QPushButton) if made.text() == "Detection")
    chip.click()
    assert [name for _, name in page.shown_cards()] == ["bee"]
    page.filter_line.clear()
    assert len(page.shown_cards()) == 2


def test_that_a_binding_licence_is_explained_before_the_plugin_is_used(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    tell(context, [entry("bee", tmp_path)])
    page.open_plugin((str(tmp_path / "bee"), "bee"))
    assert any("must give its whole source" in text for text in texts_of(page.detail))


def test_that_enter_on_a_card_opens_its_details_and_train_goes_to_the_train_page(
    page: PluginsPage, context: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    tell(context, [entry("ant", tmp_path)])
    went: list[tuple[str, object]] = []
    context.asked_to_go.connect(lambda name, target: went.append((name, target)))

    qtbot.keyClick(next(iter(page.cards.values())), Qt.Key.Key_Return)

    assert page.crumb == "ant"
    assert page.detail.facts.values["Licence"] == "AGPL-3.0"
    assert page.detail.train_button is not None
    page.detail.train_button.click()
    assert went == [("train", {"plugin": "ant", "model": "ant"})]


def test_that_a_problem_opens_its_file_and_shows_its_traceback_as_plain_text(
    page: PluginsPage, context: Context, opened: OpenedUrls, tmp_path: Path
) -> None:
    tell(context, [broken("wreck", tmp_path)])
    page.open_plugin(next(iter(page.cards)))

    (view,) = page.detail.findChildren(ProblemView)
    assert view.open_button is not None
    assert view.trace_button is not None
    assert view.open_button.text() == "Open model.py:3"
    view.open_button.click()
    view.trace_button.click()

    assert opened.paths == [tmp_path / "wreck" / "model.py"]
    trace = view.findChild(QPlainTextEdit)
    assert trace is not None
    assert not trace.isHidden()
    assert trace.toPlainText() == TRACE
    assert page.detail.train_button is None


def test_that_missing_packages_come_with_a_line_to_copy(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    context.settings.set("engine.interpreter", "/opt/engine/bin/python")
    tell(context, [entry("ant", tmp_path, missing_requirements=["einops>=0.8"])])
    page.open_plugin(next(iter(page.cards)))

    copy = next(
        button for button in page.detail.findChildren(type(page.new_button)) if button.text() == "Copy"
    )
    copy.click()

    line = QGuiApplication.clipboard().text()
    assert line.startswith("/opt/engine/bin/python -m pip install")
    assert "einops>=0.8" in line


def test_that_an_open_card_follows_its_plugin_when_a_file_changes(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    tell(context, [entry("ant", tmp_path)])
    page.open_plugin(next(iter(page.cards)))
    assert page.reloaded.text() == ""

    problem = PluginProblem(code="c", message="It broke.", hint="Mend it.")
    tell(context, [entry("ant", tmp_path, problems=[problem], source_hash="new")])

    assert page.reloaded.text().startswith("Reloaded ")
    assert [view.problem.message for view in page.detail.findChildren(ProblemView)][-1] == "It broke."
    assert page.detail.entry is not None
    assert not page.detail.entry.is_usable


def test_that_the_details_go_away_with_their_plugin(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    tell(context, [entry("ant", tmp_path)])
    page.open_plugin(next(iter(page.cards)))

    tell(context, [])

    assert page.detail.isHidden()
    assert page.crumb == ""


def test_that_a_target_opens_its_plugin_also_when_the_catalogue_comes_later(
    page: PluginsPage, context: Context, tmp_path: Path
) -> None:
    page.open(plugin="bee")
    assert page.detail.isHidden()

    tell(context, [entry("ant", tmp_path), entry("bee", tmp_path)])

    assert page.crumb == "bee"


def test_that_an_edit_on_disk_reaches_the_open_card(
    page: PluginsPage, context: Context, qtbot: QtBot
) -> None:
    folder = context.home.plugins / "mine"
    write_plugin(folder, plugin_text("mine"))
    page.open(plugin="mine")
    context.catalogue.refresh()
    qtbot.waitUntil(lambda: page.crumb == "mine", timeout=ENGINE_MS)

    (folder / "model.py").write_text("x = = 1\n", encoding="utf-8")
    qtbot.waitUntil(
        lambda: page.detail.entry is not None and not page.detail.entry.is_usable, timeout=ENGINE_MS
    )

    assert page.detail.entry is not None
    assert page.detail.entry.problems[0].code == "plugin_syntax_error"
    assert page.reloaded.text().startswith("Reloaded ")


def test_that_a_check_ticks_its_steps_off(page: PluginsPage, context: Context, qtbot: QtBot) -> None:
    write_plugin(context.home.plugins / "mine", "x = = 1\n")
    tell(context, [PluginEntry(id="mine", folder=str(context.home.plugins / "mine"))])
    page.open_plugin(next(iter(page.cards)))

    page.detail.check.start()
    assert page.detail.check.is_running
    qtbot.waitUntil(lambda: not page.detail.check.is_running, timeout=ENGINE_MS)

    assert page.detail.check.step_states["import"] == "failed"
    assert page.detail.check.step_states["training"] == "skipped"
    assert page.detail.check.summary.text() == "The check found 1 problem."


def test_that_a_check_repeats_no_problem_that_the_card_tells(
    page: PluginsPage, context: Context, qtbot: QtBot
) -> None:
    write_plugin(context.home.plugins / "mine", "x = = 1\n")
    context.catalogue.refresh()
    qtbot.waitUntil(lambda: context.catalogue.is_loaded, timeout=ENGINE_MS)
    page.open_plugin(next(key for key in page.cards if key[0].endswith("mine")))

    page.detail.check.start()
    qtbot.waitUntil(lambda: not page.detail.check.is_running, timeout=ENGINE_MS)

    assert page.detail.check.step_states["import"] == "failed"
    assert page.detail.check.findChildren(ProblemView) == []


def test_that_a_check_can_be_cancelled(page: PluginsPage, context: Context) -> None:
    write_plugin(context.home.plugins / "mine", plugin_text("mine"))
    tell(context, [PluginEntry(id="mine", folder=str(context.home.plugins / "mine"))])
    page.open_plugin(next(iter(page.cards)))

    page.detail.check.start()
    page.detail.check.cancel_button.click()

    assert not page.detail.check.is_running
    assert page.detail.check.summary.text() == "The check was cancelled."


def test_that_a_new_plugin_is_written_and_its_folder_opened(
    context: Context, qtbot: QtBot, opened: OpenedUrls
) -> None:
    sheet = NewPluginSheet(None, context.home, [PluginEntry(id="example_minimal", folder="f")])
    qtbot.addWidget(sheet)
    sheet.name.setText("my model")
    sheet.create_button.click()
    qtbot.waitUntil(lambda: "cannot be the name" in sheet.note.text(), timeout=ENGINE_MS)

    sheet.name.setText("my_model")
    with qtbot.waitSignal(sheet.made, timeout=ENGINE_MS) as made:
        sheet.create_button.click()

    folder = context.home.plugins / "my_model"
    assert made.args == [str(folder)]
    assert opened.paths == [folder]
    assert 'name="my_model"' in (folder / "model.py").read_text(encoding="utf-8")


def test_that_an_engine_that_cannot_describe_is_told_on_the_page(
    page: PluginsPage, context: Context, qtbot: QtBot
) -> None:
    context.settings.set("engine.interpreter", "/no/such/python")

    with qtbot.waitSignal(context.catalogue.failed, timeout=ENGINE_MS):
        context.catalogue.refresh()

    assert not page.banner.isHidden()
    assert "/no/such/python" in page.banner.accessibleName()
    assert page.stack.currentWidget() is page.unread
