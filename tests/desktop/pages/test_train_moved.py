"""A run on another machine as its page shows it: where it is, what is on its way, silence, moves, what is not here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.train_live import LiveView
from desktop.pages.train_place_move import MoveSheet
from desktop.widgets.metric_card import MetricCard
from engine.protocol import events as said
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.commands import read_commands
from engine.protocol.hosts import HostBook
from engine.protocol.run_folder import RunFolder, write_record
from engine.store.database import Store
from tests.desktop.host_stand_in import box_facts, put_box
from tests.desktop.measured_runs import import_pictures
from tests.desktop.places import BACK, GONE, put_moved, sending

WAIT_MS = 30_000


@pytest.fixture
def view(context: Context, qtbot: QtBot) -> LiveView:
    put_box(context.home, box_facts())
    context.hosts.refresh()
    made = LiveView(context)
    qtbot.addWidget(made)
    made.resize(1000, 800)
    made.show()
    qtbot.waitUntil(lambda: bool(context.hosts.hosts()))
    return made


def follow(view: LiveView, context: Context, qtbot: QtBot, run: str) -> None:
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.row(run) is not None)
    view.run.follow(run)
    qtbot.waitUntil(lambda: view.run.is_loaded)


def tell(context: Context, run: str, attempt: int, *events: said.Event) -> None:
    """Let the runner say something, over the socket."""
    with Store.open(context.home.store_path) as store:
        last = store.last_seq(run, attempt, "supervision")
        numbered = [event.model_copy(update={"seq": last + 1 + n}) for n, event in enumerate(events)]
        store.ingest(run, attempt, "supervision", numbered)
    for event in numbered:
        context.live.received.emit(run, attempt, "supervision", event)


def test_that_the_head_names_the_machine_and_its_gpu(view: LiveView, context: Context, qtbot: QtBot) -> None:
    put_moved(context.home, "away", ["ssh:box"])
    follow(view, context, qtbot, "away")
    assert view.header.machine.text() == "box · RTX 4090"
    assert "on GPU 0 of box" in view.header.facts.whole_text()
    view.header.set_narrow(True)
    assert view.header.machine.isVisible()
    qtbot.waitUntil(lambda: view.header.machine.y() > view.header.progress.y())


def test_that_a_run_here_names_its_machine_only_where_there_are_others(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "here", ["local"])
    follow(view, context, qtbot, "here")
    assert view.header.machine.text() == "This machine"
    HostBook(context.home).remove("box")
    context.hosts.refresh()
    qtbot.waitUntil(lambda: not view.header.machine.isVisible())
    assert not view.header.buttons["move"].isVisible()


def test_that_data_on_their_way_are_shown_with_how_much_how_fast_and_how_long(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "away", ["ssh:box"], "preparing", [sending(400)])
    follow(view, context, qtbot, "away")
    assert view.place.transfer.isVisible()
    assert view.place.transfer.title.whole_text() == "Sending the dataset to box"
    assert view.place.transfer.numbers.text() == "400 B of 1.0 kB  ·  100 B/s  ·  6 s left"
    assert view.header.progress_text.text() == "40% sent"
    tell(context, "away", 1, sending(900))
    assert view.place.transfer.bar.value() == 900
    assert "900 B" in view.place.transfer.accessibleDescription()
    tell(context, "away", 1, sending(1_000))
    assert not view.place.isVisible()


def test_that_the_steps_of_preparing_the_machine_are_told(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "away", ["ssh:box"], "preparing")
    follow(view, context, qtbot, "away")
    begun = said.PhaseChanged(name="prepare the machine", edge="begin", message="Installing torch")
    tell(context, "away", 1, begun)
    assert view.place.work.accessibleName() == "Preparing box"
    assert view.place.work.accessibleDescription() == "Installing torch"
    assert view.header.progress_text.text() == "Preparing the machine …"
    tell(context, "away", 1, said.PhaseChanged(name="prepare the machine", edge="end"))
    assert not view.place.isVisible()


def test_that_what_comes_home_is_told_only_where_it_takes_a_while(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "away", ["ssh:box"])
    follow(view, context, qtbot, "away")
    home = sending(400).model_copy(update={"direction": "home", "what": "checkpoint"})
    tell(context, "away", 1, home.model_copy(update={"eta_s": 0.4}))
    assert not view.place.isVisible()
    tell(context, "away", 1, home.model_copy(update={"eta_s": 40.0}))
    assert view.place.transfer.title.whole_text() == "Bringing a checkpoint home from box"


def test_that_silence_is_said_with_the_last_sight_and_that_nothing_is_lost(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "away", ["ssh:box"], told=[GONE])
    follow(view, context, qtbot, "away")
    assert view.place.lost.isVisible()
    assert "box is out of reach, last seen" in view.place.lost.accessibleName()
    assert "The run goes on there; nothing is lost" in view.place.lost.accessibleDescription()
    assert not view.header.buttons["move"].isVisible()
    tell(context, "away", 1, BACK)
    assert not view.place.isVisible()
    assert view.header.buttons["move"].isVisible()


def test_that_a_lost_run_elsewhere_is_said_once(view: LiveView, context: Context, qtbot: QtBot) -> None:
    folder = put_moved(context.home, "away", ["ssh:box"], told=[GONE])
    follow(view, context, qtbot, "away")
    tell(context, folder.run, 1, said.StateChanged(state="lost", attempt=1))
    context.runs.refresh()
    qtbot.waitUntil(lambda: view.run.row is not None and view.run.row.state == "lost")
    assert view.place.lost.isVisible()
    assert not view.failure.isVisible()
    tell(context, folder.run, 1, BACK)
    assert view.failure.isVisible()
    assert view.failure.banner.accessibleName() == "box does not answer"


def test_that_the_curves_are_parted_where_the_machine_changed(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "moved", ["local", "ssh:box", "local"], "completed")
    follow(view, context, qtbot, "moved")
    borders = [mark for mark in view.curves.loss._marks if mark.kind == "border"]
    assert [(mark.x, mark.text) for mark in borders] == [
        (2.0, "This machine → box"),
        (4.0, "box → This machine"),
    ]
    view.curves.loss.redraw()
    told = view.curves.loss.plot.accessibleDescription()
    assert "At epoch 2: This machine → box." in told
    assert len(view.run.series["val/loss"].values) == 6


def test_that_a_border_appears_with_the_first_value_from_another_machine(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "moved", ["local", "ssh:box"], "preparing")
    follow(view, context, qtbot, "moved")
    assert [part.place for part in view.run.where.segments] == ["local"]
    value = said.MetricsLogged(
        seq=0, scope="validation", epoch=3, step=30, values={"val/accuracy": 0.9, "val/loss": 0.1}
    )
    context.live.received.emit("moved", 2, "worker", value)
    parts = [(part.place, part.begins) for part in view.run.where.segments]
    assert parts == [("local", 0.0), ("ssh:box", 2.0)]


def test_that_a_run_at_work_is_asked_to_let_go_and_says_that_it_moves(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    folder = put_moved(context.home, "away", ["ssh:box"])
    follow(view, context, qtbot, "away")
    view.header.buttons["move"].click()
    (sheet,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, MoveSheet) and w.isVisible()]
    assert list(sheet.list.cards) == ["local"]
    sheet.list.cards["local"].go.click()
    qtbot.waitUntil(lambda: view.run.where.moves_to == "local", timeout=WAIT_MS)
    assert view.place.work.accessibleName() == "Moving to this machine"
    assert not view.header.buttons["move"].isVisible()
    assert [command.kind for command in read_commands(folder.commands, 0)] == ["pause"]


def test_that_a_paused_run_goes_on_elsewhere_as_its_next_attempt(
    view: LiveView, context: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    version = import_pictures(context.home, tmp_path).version
    with Store.open(context.home.store_path) as store:
        store.pause_queue()
    folder = put_moved(context.home, "here", ["local"], "paused", version=version)
    follow(view, context, qtbot, "here")
    sheet = MoveSheet(context, view.run, view)
    assert list(sheet.list.cards) == ["ssh:box"]
    sheet.list.cards["ssh:box"].clicked.emit()
    qtbot.waitUntil(lambda: len(folder.attempts()) == 2, timeout=WAIT_MS)
    assert folder.latest_attempt().spec().placement.executor == "ssh:box"
    assert folder.latest_attempt().spec().reason == "move"


def test_that_the_sheet_opens_as_soon_as_the_run_is_read(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "away", ["ssh:box"])
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.row("away") is not None)
    view.run.follow("away")
    view.offer_move()
    qtbot.waitUntil(
        lambda: any(isinstance(w, MoveSheet) for w in QApplication.topLevelWidgets() if w.isVisible())
    )
    for sheet in QApplication.topLevelWidgets():
        if isinstance(sheet, MoveSheet):
            sheet.reject()


def test_that_the_hosts_own_numbers_stand_beside_the_samples(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "away", ["ssh:box"])
    follow(view, context, qtbot, "away")
    sample = said.ResourcesSampled(
        cpu_percent=50.0,
        rss_bytes=1 << 30,
        ram_used_bytes=8 << 30,
        disk_free_bytes=1 << 30,
        gpus=[{"utilisation": 90.0, "memory_bytes": 6 << 30, "memory_total_bytes": 24 << 30}],
    )
    view.run.sampled.emit(sample)
    told = [card.accessibleName() for card in view.resources.findChildren(MetricCard)]
    assert "CPU: 50%, 8 cores" in told
    assert "GPU: 90%, RTX 4090" in told


class Left:
    """A run on another machine, of whose checkpoints one has come home."""

    def __init__(self, context: Context) -> None:
        self.folder = put_moved(context.home, "away", ["ssh:box"], "completed")
        saved = [
            said.CheckpointSaved(name=name, kind="best" if name == "best" else "last", epoch=2, step=20)
            for name in ("best", "last")
        ]
        with Store.open(context.home.store_path) as store:
            last = store.last_seq("away", 1, "worker")
            numbered = [event.model_copy(update={"seq": last + 1 + n}) for n, event in enumerate(saved)]
            store.ingest("away", 1, "worker", numbered)
        for name in ("best", "last"):
            self.put(name, whole=name == "last")

    def put(self, name: str, *, whole: bool) -> None:
        meta = CheckpointMeta(
            kind="best" if name == "best" else "last",
            run="away",
            attempt=1,
            epoch=2,
            step=20,
            plugin="tiny",
            plugin_hash="0" * 64,
            config_hash="0" * 64,
            class_names=("a",),
            metrics={},
            created="2026-01-01T00:00:00+00:00",
            files={"weights.safetensors": "0" * 64},
        )
        target = self.folder.checkpoints / name
        write_record(target / "meta.json", meta)
        if whole:
            (target / "weights.safetensors").write_bytes(b"weights")


def cell(table: QTableWidget, line: int, column: int) -> str:
    item = table.item(line, column)
    assert item is not None
    return item.text()


def test_that_a_checkpoint_that_is_not_here_says_where_it_is_and_is_brought_home(
    view: LiveView, context: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    left = Left(context)
    context.settings.set("engine.interpreter", str(_engine_that_fetches(tmp_path, left.folder)))
    follow(view, context, qtbot, "away")
    view.show_view("checkpoints")
    qtbot.waitUntil(lambda: view.away.names == {"best"}, timeout=WAIT_MS)
    table = view.checkpoints.table
    lines = {cell(table, n, 0): n for n in range(table.rowCount())}
    assert cell(table, lines["best"], 5) == "on box"
    assert table.cellWidget(lines["last"], 6) is None
    bring = table.cellWidget(lines["best"], 6)
    assert isinstance(bring, QPushButton)
    assert bring.text() == "Bring home"
    bring.click()
    qtbot.waitUntil(lambda: not view.away.names, timeout=WAIT_MS)
    assert table.isColumnHidden(6)
    heard = json.loads((tmp_path / "heard.json").read_text(encoding="utf-8"))
    assert heard[heard.index("runs") :] == ["runs", "fetch", "away", "--checkpoint", "best", "--json"]


def test_that_the_menu_of_one_that_is_not_here_offers_nothing_that_would_fail(
    view: LiveView, context: Context, qtbot: QtBot
) -> None:
    Left(context)
    follow(view, context, qtbot, "away")
    qtbot.waitUntil(lambda: view.away.names == {"best"}, timeout=WAIT_MS)
    offered: list[str] = []

    def look() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        offered.extend(action.text() for action in menu.actions() if not action.isSeparator())
        menu.close()

    QTimer.singleShot(0, look)
    view.header.mark_chosen.emit("best", view.mapToGlobal(view.rect().center()))
    assert offered == ["Bring home from box"]


def _engine_that_fetches(folder: Path, run: RunFolder) -> Path:
    """Stands in for the engine's Python: a fetch writes the file that is missing."""
    program = folder / "python"
    program.write_text(
        "#!/bin/sh\n"
        f"echo weights > '{run.checkpoints}/best/weights.safetensors'\n"
        f'{sys.executable} -c "import json, sys; print(json.dumps(sys.argv[1:]))" "$@" > \'{folder}/heard.json\'\n'
        'echo \'{"run": "away", "checkpoints": ["best"]}\'\n',
        encoding="utf-8",
    )
    program.chmod(0o700)
    return program
