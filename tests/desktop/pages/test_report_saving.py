"""Saving a report from the Validate and the Train page."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages.report_saving import ReportSaving
from desktop.pages.train import TrainPage
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.pages.validate_stage import WAIT_MS, opened


def choose(monkeypatch: pytest.MonkeyPatch, path: str) -> list[str]:
    """Answer the dialog; gives what it proposed."""
    proposed: list[str] = []

    def answer(_parent: object, _title: str, start: str, _kinds: str) -> tuple[str, str]:
        proposed.append(start)
        return path, ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    return proposed


def test_that_the_validate_page_saves_a_report_and_offers_to_open_it(
    qtbot: QtBot,
    context: Context,
    run: MeasuredRun,
    told: list[Told],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = opened(qtbot, context)
    file = tmp_path / "told.html"
    proposed = choose(monkeypatch, str(file))

    page.source.report.click()
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)

    assert Path(proposed[0]).name == f"report-{run.run}.html"
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert (told[0].title, told[0].tone) == ("The report is saved", "ok")
    asked: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: asked.append(url.toLocalFile()) or True)
    assert told[0].action is not None
    told[0].action[1]()
    assert asked == [str(file)]


def test_that_a_dialog_that_was_left_writes_nothing(
    qtbot: QtBot, context: Context, run: MeasuredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    asked: list[str] = []
    saving = ReportSaving(page, context)
    monkeypatch.setattr(saving, "save", lambda run, _path: asked.append(run))
    choose(monkeypatch, "")

    saving.ask(run.run)
    saving.ask("")

    assert asked == []


def test_that_a_report_that_cannot_be_written_is_told(
    qtbot: QtBot, context: Context, run: MeasuredRun, told: list[Told], tmp_path: Path
) -> None:
    page = QWidget()
    qtbot.addWidget(page)

    ReportSaving(page, context).save(run.run, tmp_path / "none" / "told.html")
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)

    assert told[0].tone == "bad"
    assert "no folder" in told[0].title


def test_that_the_menu_of_a_run_on_the_train_page_saves_its_report(
    qtbot: QtBot,
    context: Context,
    run: MeasuredRun,
    told: list[Told],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.is_loaded, timeout=WAIT_MS)
    page = TrainPage(context)
    qtbot.addWidget(page)
    page.open(run=run.run)
    live = page.live
    qtbot.waitUntil(lambda: live.run.run == run.run and live.run.row is not None, timeout=WAIT_MS)
    choose(monkeypatch, str(tmp_path / "told.html"))

    assert ("report", "Save a report…") in live.header._menu_entries()
    live.order("report")

    qtbot.waitUntil(lambda: any(each.title == "The report is saved" for each in told), timeout=WAIT_MS)
    assert (tmp_path / "told.html").is_file()
