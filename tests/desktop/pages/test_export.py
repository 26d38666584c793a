"""The Export page: formats with their options, what becomes of exports, and how their files are used."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models import exports_formats
from desktop.pages.export import ExportPage
from desktop.pages.export_formats import FormatPanel
from engine.config.features import FeatureStatus
from engine.errors import UserError
from engine.protocol.events import ExportWritten
from tests.desktop.measured_runs import MeasuredRun

WAIT_MS = 30_000


def export_of(run: MeasuredRun, number: int, parent: str | None = None) -> MeasuredRun:
    made = MeasuredRun(
        run.home, f"20260102-00{number:02}00-eeee", run.manifest, kind="export", parent=parent or run.run
    ).create()
    path = made.folder.exports / "model.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"0" * 4_000_000)
    made.said.append(
        ExportWritten(
            path="exports/model.onnx", format="onnx", verified=True, max_error=2e-7, size_bytes=4_000_000
        )
    )
    return made.tell()


def open_page(qtbot: QtBot, context: Context, **target: object) -> ExportPage:
    page = ExportPage(context)
    qtbot.addWidget(page)
    page.resize(1368, 848)
    page.show()
    page.open(**target)
    return page


def with_model(qtbot: QtBot, context: Context, **target: object) -> ExportPage:
    page = open_page(qtbot, context, **target)
    qtbot.waitUntil(lambda: page.formats.start.isEnabled(), timeout=WAIT_MS)
    return page


def test_that_without_a_model_the_page_says_how_to_get_one(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)

    qtbot.waitUntil(lambda: page.states.currentWidget() is page.empty, timeout=WAIT_MS)
    assert "No trained model yet" in page.empty.title.text()


def test_that_the_button_asks_for_the_chosen_checkpoint_and_options(
    qtbot: QtBot, context: Context, run: MeasuredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(context.actions, "export", lambda *given, then, failed: asked.append(given))
    page = with_model(qtbot, context, run=run.run, checkpoint="last")

    page.formats.set_option("opset", 20)
    page.formats.start.click()

    options = {"opset": 20, "include_preprocessing": True, "include_postprocessing": True}
    assert asked == [(run.run, "last", {"format": "onnx", "options": options})]


def test_that_an_option_out_of_bounds_keeps_the_button_off_and_names_the_bound(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = with_model(qtbot, context)

    page.formats.set_option("opset", 99)

    assert not page.formats.start.isEnabled()
    labels = page.formats.findChildren(QLabel)
    qtbot.waitUntil(
        lambda: any("21" in label.text() for label in labels if label.isVisible()), timeout=WAIT_MS
    )
    page.formats.set_option("opset", 17)
    assert page.formats.start.isEnabled()


def test_that_a_refused_export_says_why(
    qtbot: QtBot, context: Context, run: MeasuredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = UserError("disk_full", "The disk is full.", "Free some space.")
    monkeypatch.setattr(context.actions, "export", lambda *_, then, failed: failed(error))
    page = with_model(qtbot, context)

    page.formats.start.click()

    assert page.banner.isVisible()
    assert page.banner.accessibleName() == "The disk is full."


def test_that_the_newest_export_is_selected_and_can_be_used(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    export_of(run, 1)
    newest = export_of(run, 2)
    page = with_model(qtbot, context)

    qtbot.waitUntil(lambda: page.exports.selected() is not None, timeout=WAIT_MS)

    selected = page.exports.selected()
    assert selected is not None
    assert selected.run == newest.run
    assert page.exports.pill.text() == "✓ Verified"
    page.exports.copy.click()
    assert str(newest.folder.exports / "model.onnx") in QGuiApplication.clipboard().text()
    with qtbot.waitSignal(context.asked_to_go) as gone:
        page.exports.log.click()
    assert gone.args == ["jobs", {"run": newest.run}]


def test_that_the_list_can_be_narrowed_to_the_chosen_model(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    export_of(run, 1)
    export_of(run, 2, parent="another-run")
    page = with_model(qtbot, context)
    qtbot.waitUntil(lambda: len(page.exports.model.facts) == 2, timeout=WAIT_MS)

    page.exports.scope.choose("model")
    page.exports.scope.changed.emit("model")

    assert [fact.row.parent for fact in page.exports.model.facts] == [run.run]


def test_that_an_export_that_was_asked_for_appears_and_is_selected(
    qtbot: QtBot, context: Context, run: MeasuredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_of(run, 1)

    def export(*_: object, then: object, failed: object) -> None:
        assert callable(then)
        then(export_of(run, 5).run)

    monkeypatch.setattr(context.actions, "export", export)
    page = with_model(qtbot, context)
    qtbot.waitUntil(lambda: len(page.exports.model.facts) == 1, timeout=WAIT_MS)

    page.formats.start.click()

    qtbot.waitUntil(lambda: len(page.exports.model.facts) == 2, timeout=WAIT_MS)
    selected = page.exports.selected()
    assert selected is not None
    assert selected.run == "20260102-000500-eeee"


def test_that_a_format_whose_packages_are_missing_says_how_to_install_them(qtbot: QtBot) -> None:
    panel = FormatPanel()
    qtbot.addWidget(panel)
    status = FeatureStatus(
        available=False, reason="Export to ONNX: off.", install="pip install 'lensmith[export]'"
    )
    panel.offer([exports_formats.FormatOffer(exports_formats.FORMATS[0], status)])
    panel.allow(True, "")
    panel.show()

    shown = [label.text() for label in panel.cards[0].findChildren(QLabel)]

    assert "Export to ONNX: off." in shown
    assert "pip install 'lensmith[export]'" in shown
    assert not panel.start.isEnabled()
    next(button for button in panel.cards[0].findChildren(QAbstractButton)).click()
    assert QGuiApplication.clipboard().text() == "pip install 'lensmith[export]'"


def test_that_every_control_has_a_name(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    export_of(run, 1)
    page = with_model(qtbot, context)

    nameless = [
        type(widget).__name__
        for widget in page.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QComboBox)
        and widget.isVisible()
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]

    assert nameless == []
