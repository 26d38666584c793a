"""Making a run a model version from the window: what the sheet asks, and what becomes of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.models.model_version import made_sentence, register_arguments
from desktop.models.result import ResultKey
from desktop.models.run_table_entry import RunEntry
from desktop.pages.compare import ComparePage
from desktop.pages.jobs_orders import RunOrders
from desktop.pages.model_version_sheet import ModelVersionSheet
from desktop.pages.model_versions import ModelVersions
from engine.errors import UserError
from engine.protocol.checkpoint import WEIGHTS_NAME, CheckpointMeta
from engine.protocol.run_folder import write_record
from tests.desktop.measured_runs import MeasuredRun
from tests.engine.runner.test_model_versions import export_of

WAIT_MS = 30_000


class FakeJob(QObject):
    """Stands in for the child process; the test answers."""

    finished = Signal(object)
    failed = Signal(object)
    ended = Signal()
    made: list[FakeJob]

    def __init__(self, _home: object, arguments: list[str], parent: QObject) -> None:
        super().__init__(parent)
        self.arguments = arguments
        FakeJob.made.append(self)

    def start(self) -> FakeJob:
        return self


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[FakeJob]:
    FakeJob.made = []
    monkeypatch.setattr("desktop.pages.model_versions.EngineJob", FakeJob)
    return FakeJob.made


def opened(
    qtbot: QtBot, context: Context, run: str, checkpoint: str = ""
) -> tuple[ModelVersions, ModelVersionSheet]:
    page = QWidget()
    qtbot.addWidget(page)
    page.show()
    versions = ModelVersions(page, context)
    versions.ask(run, checkpoint)
    qtbot.waitUntil(lambda: versions.sheet is not None, timeout=WAIT_MS)
    assert versions.sheet is not None
    return versions, versions.sheet


def test_that_the_sheet_asks_and_the_registry_is_told_all_of_it(
    qtbot: QtBot, context: Context, run: MeasuredRun, jobs: list[FakeJob], told: list[Told]
) -> None:
    export_of(run, "best")
    versions, sheet = opened(qtbot, context, run.run)
    assert (sheet.name.text(), sheet.checkpoint.currentText()) == ("pictures", "best · epoch 3")

    sheet.name.setText(" pets ")
    sheet.form.choose("onnx")
    sheet.alias.choose("champion")
    sheet.notes.setPlainText("--less noise")
    sheet.start.click()
    assert jobs[0].arguments == [
        "register", run.run, "--name=pets", "--checkpoint=best", "--export=onnx", "--alias=champion",
        "--notes=--less noise",
    ]  # fmt: skip
    assert not sheet.start.isEnabled()
    jobs[0].finished.emit({"name": "pets", "version": 3, "aliases": ["champion"], "moved_from": 2})
    assert told[-1].title == "pets, version 3, is now the champion in place of version 2"
    assert told[-1].action is not None
    qtbot.waitUntil(lambda: versions.sheet is None)


def offered(sheet: ModelVersionSheet) -> list[str]:
    return [button.text() for button in sheet.form.findChildren(QPushButton) if not button.isHidden()]


def test_that_another_checkpoint_offers_its_own_exports(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    export_of(run, "best")
    _, sheet = opened(qtbot, context, run.run, "last")
    assert sheet.told()["checkpoint"] == "last"
    assert offered(sheet) == ["Checkpoint"]

    sheet.checkpoint.setCurrentIndex(0)
    assert offered(sheet) == ["Checkpoint", "ONNX file"]


def test_that_trouble_stands_in_the_sheet_and_can_be_tried_again(
    qtbot: QtBot, context: Context, run: MeasuredRun, jobs: list[FakeJob]
) -> None:
    _, sheet = opened(qtbot, context, run.run)
    sheet.start.click()
    jobs[0].failed.emit(
        UserError("registry_failed", "MLflow's registry did not do it.", "Check the address.")
    )

    assert sheet.banner.accessibleName() == "MLflow's registry did not do it."
    assert sheet.start.isEnabled()
    sheet.start.click()
    assert len(jobs) == 2


def test_that_a_sheet_that_was_closed_meanwhile_leaves_the_answer_to_the_corner(
    qtbot: QtBot, context: Context, run: MeasuredRun, jobs: list[FakeJob], told: list[Told]
) -> None:
    _, sheet = opened(qtbot, context, run.run)
    sheet.start.click()
    sheet.reject()
    jobs[0].failed.emit(UserError("registry_failed", "It did not do it.", "Check the address."))

    assert [message.title for message in told] == ["It did not do it."]


def test_that_a_model_needs_a_name(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    _, sheet = opened(qtbot, context, run.run)
    sheet.name.setText("  ")
    assert not sheet.start.isEnabled()
    sheet.name.setText("pets")
    assert sheet.start.isEnabled()


def test_that_without_tracking_the_settings_are_a_click_away(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    context.home.settings_path.write_text('{"tracking": {"enabled": false}}', encoding="utf-8")
    _, sheet = opened(qtbot, context, run.run)

    assert not sheet.start.isEnabled()
    assert "Tracking with MLflow is off" in sheet.banner.accessibleDescription()
    button = next(each for each in sheet.banner.findChildren(QPushButton) if each.text() == "Open Settings")
    with qtbot.waitSignal(context.asked_to_go) as gone:
        button.click()
    assert gone.args == ["settings", {"section": "tracking"}]


def test_that_a_run_without_a_checkpoint_is_told(
    qtbot: QtBot, context: Context, run: MeasuredRun, told: list[Told]
) -> None:
    bare = MeasuredRun(context.home, "20260104-000000-ffff", run.manifest).create().tell()
    page = QWidget()
    qtbot.addWidget(page)
    ModelVersions(page, context).ask(bare.run)

    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert "has no checkpoint on this machine" in told[0].title


def test_that_the_menu_of_a_run_leads_to_the_sheet(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.row(run.run) is not None, timeout=WAIT_MS)
    page = QWidget()
    qtbot.addWidget(page)
    orders = RunOrders(context, page)
    row = context.runs.row(run.run)
    assert row is not None
    entry = RunEntry(replace(row, epoch=3))
    order = next(order for order in orders.for_entry(entry) if order.key == "register")
    order.act()
    qtbot.waitUntil(lambda: orders.versions.sheet is not None, timeout=WAIT_MS)


def test_that_a_compared_result_can_be_registered(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = ComparePage(context)
    qtbot.addWidget(page)
    page.open(results=[ResultKey(run.run, "0001"), ResultKey(run.run, "0002")])
    qtbot.waitUntil(lambda: page.shown is not None, timeout=WAIT_MS)
    page.head.ordered.emit("register", 0)

    qtbot.waitUntil(lambda: page.versions.sheet is not None, timeout=WAIT_MS)


@pytest.mark.slow
def test_that_a_real_registry_gives_the_number(
    qtbot: QtBot, context: Context, run: MeasuredRun, told: list[Told]
) -> None:
    place: Path = run.folder.checkpoints / "best"
    (place / WEIGHTS_NAME).write_bytes(b"weights")
    meta = CheckpointMeta.model_validate_json((place / "meta.json").read_bytes())
    files = {WEIGHTS_NAME: hashlib.sha256(b"weights").hexdigest()}
    write_record(place / "meta.json", meta.model_copy(update={"files": files}))
    _, sheet = opened(qtbot, context, run.run)
    sheet.start.click()
    qtbot.waitUntil(lambda: bool(told), timeout=240_000)

    assert told[0].title == "pictures, version 1"


def test_that_empty_fields_are_left_out() -> None:
    told = {"name": "a", "checkpoint": "best", "form": "checkpoint", "alias": "", "notes": " "}

    assert register_arguments("r", told) == ["register", "r", "--name=a", "--checkpoint=best"]
    assert made_sentence({"name": "a", "version": 1, "aliases": []}) == "a, version 1"
