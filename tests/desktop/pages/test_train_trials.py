"""Rehearsal and profile on the Train page: what is shown, what goes into the form, and what goes into the queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.train import TrainPage
from desktop.pages.train_trials import rehearsal_arguments
from engine.errors import UserError
from engine.protocol.events import RunEnded, StateChanged
from engine.protocol.job import RunState
from engine.protocol.profile import PROFILE_NAME
from engine.protocol.run_folder import RunFolder, write_record
from engine.store.database import Store
from tests.desktop.measured_runs import import_pictures
from tests.desktop.models.test_profile import PROFILE
from tests.desktop.models.test_rehearsal import FOUND
from tests.desktop.pages.test_train import entry


@pytest.fixture
def page(context: Context, qtbot: QtBot, tmp_path: Path) -> TrainPage:
    import_pictures(context.home, tmp_path)
    with Store.open(context.home.store_path) as store:
        store.pause_queue()  # nothing trains here
    context.catalogue.entries = [entry(tmp_path)]
    context.catalogue.is_loaded = True
    context.datasets.refresh()
    context.runs.refresh()
    made = TrainPage(context)
    qtbot.addWidget(made)
    qtbot.waitUntil(lambda: made.setup.dataset is not None and context.runs.is_loaded)
    made.resize(1200, 800)
    made.show()
    return made


def rehearsed(page: TrainPage) -> None:
    """Put figures there as the engine's answer would."""
    trials = page.setup.trials
    trials.model.plan = page.setup.plan()
    trials.model.found = FOUND
    trials.model.changed.emit()
    trials.rehearse_button.click()


def test_that_a_rehearsal_of_these_settings_is_shown_and_timed_in_the_hint(page: TrainPage) -> None:
    rehearsed(page)
    panel = page.setup.trials.rehearsal
    assert page.right.currentWidget() is panel
    assert panel.view is not None
    assert page.setup.hint.text() == "About 22 min, as rehearsed; 1.0 GB of memory."
    assert panel.stale.isHidden()
    panel.close_button.click()
    assert page.right.currentWidget() is page.empty


def test_that_figures_of_other_settings_are_marked(page: TrainPage) -> None:
    rehearsed(page)
    assert page.setup.state is not None
    page.setup.state.set("epochs", 7)
    assert not page.setup.trials.rehearsal.stale.isHidden()
    assert "as rehearsed" not in page.setup.hint.text()
    page.setup.state.set("epochs", 3)
    assert page.setup.trials.rehearsal.stale.isHidden()


def test_that_ticked_proposals_go_into_the_form_and_undo_takes_them_back(page: TrainPage) -> None:
    rehearsed(page)
    form, view = page.setup.form, page.setup.trials.rehearsal.view
    assert form is not None
    assert view is not None
    assert view.proposals is not None
    before = form.state.value("batch_size")
    view.proposals.boxes[0].setChecked(False)
    assert not view.proposals.apply.isEnabled()
    view.proposals.boxes[0].setChecked(True)
    view.proposals.apply.click()
    assert form.state.value("batch_size") == 16
    assert form.header.notice.text() == "1 setting taken from the rehearsal."
    form.header.undo.click()
    assert form.state.value("batch_size") == before


def test_that_an_error_is_told_with_what_to_do(page: TrainPage) -> None:
    model, panel = page.setup.trials.model, page.setup.trials.rehearsal
    model.error = UserError("rehearsal_no_memory", "Not even one image fits.", "Take a smaller model.")
    model.changed.emit()
    assert not panel.failure.isHidden()
    assert panel.failure.accessibleDescription() == "Take a smaller model."


def test_that_the_form_is_rehearsed_as_it_stands(page: TrainPage) -> None:
    assert page.setup.state is not None
    page.setup.state.set("optimizer.lr", 0.004)
    plan = page.setup.plan()
    assert plan is not None
    words = ["--plugin", "Tiny", "--data", "pictures", "--preset", "easy", "--set", "optimizer.lr=0.004"]
    assert rehearsal_arguments(plan) == words


def test_that_nothing_is_tried_out_while_the_form_is_wrong(page: TrainPage) -> None:
    trials = page.setup.trials
    assert trials.rehearse_button.isEnabled()
    assert page.setup.state is not None
    page.setup.state.set("epochs", 0)
    assert not trials.rehearse_button.isEnabled()
    assert not trials.profile_button.isEnabled()
    assert not trials.start_profile()


def test_that_a_profile_is_a_run_whose_table_appears_when_it_has_ended(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    trials = page.setup.trials
    trials.profile_button.click()
    qtbot.waitUntil(lambda: any(row.kind == "profile" for row in context.runs.rows()))
    (row,) = context.runs.rows()
    assert RunFolder(context.home.runs / row.run).job().config["epochs"] == 3
    qtbot.waitUntil(lambda: page.right.currentWidget() is trials.profile)
    assert not trials.profile.work.isHidden()

    write_record(RunFolder(context.home.runs / row.run).profile / PROFILE_NAME, PROFILE)
    states: list[RunState] = ["preparing", "starting"]
    said = [StateChanged(seq=seq, state=state) for seq, state in enumerate(states, start=5)]
    with Store.open(context.home.store_path) as store:
        store.ingest(row.run, 1, "supervision", said)
        store.ingest(row.run, 1, "worker", [RunEnded(seq=0, state="completed")])
    context.runs.refresh()
    qtbot.waitUntil(lambda: trials.profile.view is not None)
    assert trials.profile.work.isHidden()
    assert not trials.profile.trace.isHidden()
    trials.profile.close_button.click()
    page.open(run=row.run)
    assert page.right.currentWidget() is trials.profile
