"""The Train page: what can be started, what is said instead, and what a run shows in each of its states."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages.train import TrainPage
from engine.config.schema import ConfigSchema
from engine.config.train import TrainConfig
from engine.datasets.library import Library
from engine.protocol.catalog import ModelMetadata, PluginEntry, PluginProblem
from engine.protocol.events import CheckpointSaved, MetricsLogged, Progress, RunEnded, StateChanged
from engine.protocol.job import Failure, RunState
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from tests.desktop.measured_runs import MeasuredRun, import_pictures


def entry(tmp_path: Path, **changes: object) -> PluginEntry:
    folder = tmp_path / "tiny"
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text("", encoding="utf-8")
    schema = ConfigSchema.from_pydantic(TrainConfig, presets={"easy": {"epochs": 3}})
    about = ModelMetadata(name="Tiny", task_type="classification", framework="pytorch", recommended=True)
    made = PluginEntry(id="tiny", model="Tiny", folder=str(folder), metadata=about, config_schema=schema)
    return made.model_copy(update=changes)


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
    return made


def measured(context: Context, state: RunState = "completed", failure: Failure | None = None) -> str:
    """A run of two epochs that the store knows."""
    run = MeasuredRun(context.home, "run-1", context.datasets.list()[0]).create()
    said = [
        StateChanged(state="running"),
        MetricsLogged(scope="step", epoch=1, step=5, values={"train/loss": 1.0}),
        MetricsLogged(scope="validation", epoch=1, step=5, values={"val/accuracy": 0.5, "val/loss": 1.0}),
        MetricsLogged(scope="validation", epoch=2, step=10, values={"val/accuracy": 0.75, "val/loss": 0.5}),
        CheckpointSaved(name="best", kind="best", epoch=2, step=10, size_bytes=1_500_000),
        Progress(epoch=2, epochs=2, step=10, steps_total=10),
        RunEnded(state=state, failure=failure),
    ]
    with Store.open(context.home.store_path) as store:
        store.add_run(run.folder.job())
        begun: list[RunState] = ["preparing", "starting"]
        before = [StateChanged(seq=seq, state=word) for seq, word in enumerate(begun)]
        store.ingest(run.run, 1, "supervision", before)
        store.ingest(
            run.run, 1, "worker", [event.model_copy(update={"seq": n}) for n, event in enumerate(said)]
        )
    context.runs.refresh()
    return run.run


def test_that_the_recommended_model_of_the_datasets_task_is_suggested(page: TrainPage) -> None:
    assert page.setup.entry is not None
    assert page.setup.entry.id == "tiny"
    assert page.setup.start.isEnabled()


def test_that_start_puts_exactly_the_settings_of_the_form_in_the_queue(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    assert page.setup.state is not None
    page.setup.state.set("optimizer.lr", 0.004)
    page.setup.name.setText("first try")
    page.setup.start.click()
    qtbot.waitUntil(lambda: bool(context.runs.rows()))
    (row,) = context.runs.rows()
    assert (row.name, row.state, row.dataset, row.preset) == ("first try", "queued", "pictures", "easy")
    config = RunFolder(context.home.runs / row.run).job().config
    assert config["optimizer.lr"] == 0.004
    assert config["epochs"] == 3
    qtbot.waitUntil(lambda: page.live.run.run == row.run)


def test_that_a_value_out_of_bounds_keeps_start_off_and_is_counted(page: TrainPage) -> None:
    assert page.setup.state is not None
    page.setup.state.set("epochs", 0)
    assert not page.setup.start.isEnabled()
    assert page.setup.hint.text() == "1 setting to fix before training."
    page.setup.state.reset("epochs")
    assert page.setup.start.isEnabled()


def test_that_a_plugin_broken_while_its_form_is_open_says_so_and_keeps_the_page(
    page: TrainPage, context: Context, tmp_path: Path
) -> None:
    problem = PluginProblem(code="plugin_import", message="It does not import.")
    context.catalogue.entries = [entry(tmp_path, metadata=None, config_schema=None, problems=[problem])]
    context.catalogue.changed.emit()
    assert not page.setup.start.isEnabled()
    context.catalogue.entries = [entry(tmp_path)]
    context.catalogue.changed.emit()
    assert page.setup.start.isEnabled()


def test_that_a_plugin_edited_while_its_form_is_open_keeps_what_was_set(
    page: TrainPage, context: Context, tmp_path: Path
) -> None:
    assert page.setup.state is not None
    page.setup.state.set("batch_size", 7)
    context.catalogue.entries = [entry(tmp_path, source_hash="changed")]
    context.catalogue.changed.emit()
    assert page.setup.state is not None
    assert page.setup.state.value("batch_size") == 7


def test_that_a_finished_run_shows_its_values_and_its_checkpoints(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    run = measured(context)
    page.show_run(run)
    qtbot.waitUntil(lambda: page.live.run.is_loaded)
    assert page.live.run.last("val/accuracy") == 0.75
    assert page.live.header.pill.text() == "Finished"
    page.live.show_view("checkpoints")
    assert page.live.checkpoints.table.rowCount() == 1
    assert page.live.checkpoints.total.text() == "1 checkpoint, 1.5 MB"
    assert "val/accuracy" in page.live.curves.second.keys()  # noqa: SIM118  # a chart is no dict


def test_that_a_failed_run_says_why_and_offers_the_remedy(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    failure = Failure(cause="nan", code="loss_not_finite", message="The loss is NaN.", hint="Lower the rate.")
    run = measured(context, state="failed", failure=failure)
    page.show_run(run)
    qtbot.waitUntil(lambda: page.live.run.is_loaded)
    page.live.run.config["optimizer.lr"] = 0.01
    page.live.failure.refresh()
    assert not page.live.failure.isHidden()
    assert page.live.failure.banner.accessibleDescription() == "The loss is NaN. Lower the rate."


def test_that_a_run_folder_removed_under_a_live_page_is_said(
    page: TrainPage, context: Context, qtbot: QtBot
) -> None:
    run = measured(context)
    page.show_run(run)
    qtbot.waitUntil(lambda: page.live.run.is_loaded)
    shutil.rmtree(context.home.runs / run)
    page.live.run.reload()
    qtbot.waitUntil(lambda: not page.live.gone.isHidden())
    assert "is not there any more" in page.live.gone.accessibleName()


def test_that_the_settings_of_a_run_can_be_taken_over(
    page: TrainPage, context: Context, qtbot: QtBot, told: list[Told]
) -> None:
    run = measured(context)
    qtbot.waitUntil(lambda: context.runs.row(run) is not None)
    page.open(fork=run)
    qtbot.waitUntil(lambda: any("settings of" in message.title for message in told))
    assert page.setup.state is not None
    assert page.setup.state.value("epochs") == 9


def test_that_a_dataset_is_taken_as_soon_as_it_is_known(
    page: TrainPage, context: Context, qtbot: QtBot, pets: Path
) -> None:
    page.open(dataset="pets")
    Library(context.home).import_dataset(pets)
    context.datasets.refresh()
    qtbot.waitUntil(lambda: page.setup.dataset is not None and page.setup.dataset.name == "pets")
