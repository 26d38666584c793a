"""The store keeps what events say, once; survives two writers; and can be made anew from run folders."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol import events as said
from engine.protocol.events import Event, event_line
from engine.protocol.home import Home
from engine.protocol.job import Failure, JobKind, JobSpec, PluginRef, RunState
from engine.protocol.run_folder import RunFolder, write_record
from engine.store.database import Store
from engine.store.migrations import MIGRATIONS, migrate
from engine.store.rebuild import rebuild


def job(run: str, name: str = "", kind: JobKind = "train") -> JobSpec:
    plugin = PluginRef(id="tiny", model="Tiny", source_hash="0" * 64)
    return JobSpec(
        run=run, name=name, kind=kind, created=f"2026-01-01T00:00:0{len(name) % 10}", plugin=plugin
    )


def numbered(*events: Event) -> list[Event]:
    return [event.model_copy(update={"seq": seq}) for seq, event in enumerate(events)]


def started() -> list[Event]:
    states: list[RunState] = ["queued", "preparing", "starting", "running"]
    return numbered(*(said.StateChanged(state=state) for state in states))


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "store.db") as opened:
        yield opened


def test_that_events_taken_in_twice_count_once(store: Store):
    store.add_run(job("r1"))
    events = numbered(
        said.MetricsLogged(
            scope="epoch", epoch=1, step=5, values={"val/accuracy": 0.5}, per_class={"val/f1": {"cat": 0.25}}
        ),
        said.CheckpointSaved(name="last", kind="last", epoch=1, step=5),
    )

    assert store.ingest("r1", 1, "worker", events) == 2
    assert store.ingest("r1", 1, "worker", events) == 0
    assert [(m.name, m.value) for m in store.metrics("r1")] == [("val/accuracy", 0.5)]
    assert store.metrics("r1", "val/f1", "cat")[0].value == 0.25
    assert [c.name for c in store.checkpoints("r1")] == ["last"]


def test_that_a_later_attempt_wins_where_both_saw_a_step(store: Store):
    store.add_run(job("r1"))
    for attempt, value in ((2, 0.9), (1, 0.1)):
        point = said.MetricsLogged(scope="step", epoch=1, step=7, values={"train/loss": value})
        store.ingest("r1", attempt, "worker", numbered(point))

    assert [m.value for m in store.metrics("r1", "train/loss")] == [0.9]


def test_that_a_state_that_may_not_follow_is_counted_and_not_taken(store: Store):
    store.add_run(job("r1"))
    store.ingest("r1", 1, "worker", numbered(said.StateChanged(state="running")))

    assert store.run("r1").state == "queued"
    assert store.counts("r1")["refused"] == 1


def test_that_an_unknown_event_and_a_gap_are_counted(store: Store):
    store.add_run(job("r1"))
    store.ingest("r1", 1, "worker", [said.UnknownEvent(seq=3, raw={"type": "later"})])

    assert store.counts("r1") == {"unknown": 1, "refused": 0, "gaps": 1}


def test_that_a_failure_is_kept_until_the_next_attempt(store: Store):
    store.add_run(job("r1"))
    failure = Failure(cause="oom", code="oom", message="Out of memory.", hint="Halve the batch.")
    store.ingest("r1", 1, "supervision", [*started(), said.RunEnded(seq=4, state="failed", failure=failure)])
    assert store.run("r1").failure == failure

    store.ingest("r1", 2, "supervision", numbered(said.StateChanged(state="queued")))
    assert (store.run("r1").state, store.run("r1").failure, store.run("r1").attempt) == ("queued", None, 2)


def test_that_a_run_is_found_by_id_beginning_and_name(store: Store):
    store.add_run(job("20260101-aaaa", "first"))
    store.add_run(job("20260101-bbbb", "second one"))

    assert store.run("20260101-a").run == "20260101-aaaa"
    assert store.run("second one").run == "20260101-bbbb"
    with pytest.raises(UserError, match="may mean several"):
        store.run("2026")
    with pytest.raises(UserError, match="no run 'nope'"):
        store.run("nope")
    with pytest.raises(UserError, match="Did you mean 20260101-aaaa"):
        store.run("20260101-aaab")


def test_that_one_device_is_given_to_one_training_at_a_time_in_order(store: Store):
    for number in (1, 2, 3):
        store.add_run(job(f"r{number}"))
        store.enqueue(f"r{number}", 1)
    store.move("r3", 1)

    first = store.claim(["cpu"])
    assert first is not None
    assert (first.run, first.resource) == ("r3", "cpu")
    assert store.claim(["cpu"]) is None
    store.release("r3")
    second = store.claim(["cpu"])
    assert second is not None
    assert second.run == "r1"


def test_that_a_run_that_asks_for_a_device_waits_for_it_and_lets_others_pass(store: Store):
    for run, resource in (("r1", "cuda:1"), ("r2", None)):
        store.add_run(job(run))
        store.enqueue(run, 1, resource)

    claimed = store.claim(["cuda:0"])
    assert claimed is not None
    assert claimed.run == "r2"
    assert [row.run for row in store.queue()] == ["r1"]


def test_that_an_evaluation_runs_beside_a_training_on_the_processor(store: Store):
    store.add_run(job("r1"))
    store.add_run(job("r2", kind="evaluate"))
    store.enqueue("r1", 1)
    store.enqueue("r2", 1)

    assert [row.run for row in (store.claim(["cpu"]), store.claim(["cpu"])) if row] == ["r1", "r2"]


def test_that_a_run_that_asks_for_the_processor_gets_it_beside_gpus(store: Store):
    for run in ("r1", "r2"):
        store.add_run(job(run))
        store.enqueue(run, 1, "cpu")

    claimed = store.claim(["cuda:0"])
    assert claimed is not None
    assert (claimed.run, claimed.resource) == ("r1", "cpu")
    assert store.claim(["cuda:0"]) is None


def test_that_a_run_on_two_devices_waits_for_both(store: Store):
    for run, resource in (("r1", "cuda:0"), ("r2", "cuda:0,cuda:1")):
        store.add_run(job(run))
        store.enqueue(run, 1, resource)
    devices = ["cuda:0", "cuda:1"]

    assert [row.run for row in (store.claim(devices), store.claim(devices)) if row] == ["r1"]
    store.release("r1")
    claimed = store.claim(devices)
    assert claimed is not None
    assert claimed.resource == "cuda:0,cuda:1"


def test_that_only_a_waiting_run_can_be_moved(store: Store):
    store.add_run(job("r1"))
    assert not store.move("r1", 1)
    store.enqueue("r1", 1)

    assert store.is_waiting("r1")
    assert store.move("r1", 99)


def test_that_what_should_be_at_work_is_found_also_in_the_trash(store: Store):
    for run in ("working", "holding", "waiting"):
        store.add_run(job(run))
    store.ingest("working", 1, "supervision", started())
    store.lease("holding", "cuda:0")
    store.set_trashed("holding", True)

    assert sorted(row.run for row in store.unsettled()) == ["holding", "working"]


def test_that_a_cancelled_run_has_no_checkpoints_any_more(store: Store):
    store.add_run(job("r1"))
    store.ingest("r1", 1, "supervision", started())
    said_before = [
        said.CheckpointSaved(name="last", kind="last", epoch=1, step=5),
        said.ResultWritten(folder="0001", split="val", epoch=1, step=5),
        said.RunEnded(state="cancelled"),
    ]
    store.ingest("r1", 1, "worker", numbered(*said_before))

    assert (store.checkpoints("r1"), store.results("r1"), store.run("r1").state) == ([], [], "cancelled")


def test_that_a_paused_queue_gives_nothing(store: Store):
    store.add_run(job("r1"))
    store.enqueue("r1", 1)
    store.pause_queue()
    assert store.claim(["cpu"]) is None

    store.resume_queue()
    assert store.claim(["cpu"]) is not None


def test_that_two_processes_claim_each_run_once(tmp_path: Path):
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        for number in range(40):
            store.add_run(job(f"run-{number:02}"))
            store.enqueue(f"run-{number:02}", 1)
    program = (
        "import sys; from pathlib import Path; from engine.store.database import Store\n"
        "with Store.open(Path(sys.argv[1])) as store:\n"
        "    while (row := store.claim(['cpu'])) is not None or store.queue():\n"
        "        if row is not None:\n"
        "            print(row.run); store.release(row.run)\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    claimed = [line for worker in workers for line in worker.communicate(timeout=60)[0].split()]

    assert sorted(claimed) == [f"run-{number:02}" for number in range(40)]


def test_that_processes_may_create_the_store_at_the_same_instant(tmp_path: Path):
    path = tmp_path / "new" / "store.db"
    program = (
        "import sys; from pathlib import Path; from engine.store.database import Store\n"
        "Store.open(Path(sys.argv[1])).close()"
    )
    makers = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(4)]

    assert [maker.wait(timeout=60) for maker in makers] == [0, 0, 0, 0]


def test_that_a_store_of_a_newer_version_is_refused_untouched(tmp_path: Path):
    path = tmp_path / "store.db"
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()

    with pytest.raises(UserError, match="newer Lensmith") as caught:
        Store.open(path)
    assert caught.value.code == "store_newer"


def test_that_a_migration_keeps_the_data_and_leaves_a_backup(tmp_path: Path):
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        store.add_run(job("r1"))
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path, (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'"))

    assert connection.execute("SELECT run, colour FROM runs").fetchall() == [("r1", "red")]
    backup = sqlite3.connect(path.with_name("store.db.schema-1.backup"))
    assert backup.execute("SELECT run FROM runs").fetchall() == [("r1",)]


def test_that_a_migration_that_fails_changes_nothing(tmp_path: Path):
    path = tmp_path / "store.db"
    Store.open(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, (*MIGRATIONS, "CREATE TABLE half (x); CREATE TABLE half (y)"))

    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []


def test_that_a_damaged_store_is_told_with_the_way_to_rebuild_it(tmp_path: Path):
    path = tmp_path / "store.db"
    path.write_bytes(b"this is no database, " * 100)

    with pytest.raises(UserError, match="damaged") as caught:
        Store.open(path)
    assert "store rebuild" in caught.value.hint


def test_that_the_store_is_rebuilt_from_run_folders(tmp_path: Path):
    home = Home(tmp_path / "home").ensure()
    folder = RunFolder(home.runs / "r1")
    write_record(folder.job_path, job("r1", "my run"))
    attempt = folder.attempt(1)
    attempt.path.mkdir(parents=True)
    spoken = started()
    attempt.supervision_path.write_bytes(b"".join(event_line(e, e.seq) for e in spoken[:3]))
    worker = numbered(
        spoken[3],
        said.MetricsLogged(scope="validation", epoch=1, step=3, values={"val/accuracy": 0.75}),
        said.RunEnded(state="completed"),
    )
    attempt.events_path.write_bytes(b"".join(event_line(e, e.seq) for e in worker) + b'{"seq": 3, "ty')

    assert rebuild(home) == {"runs": 1, "events": 6, "damaged": 0}
    assert rebuild(home)["events"] == 6
    with Store.open(home.store_path) as store:
        assert (store.run("my run").state, store.metrics("r1")[0].value) == ("completed", 0.75)
        store.backup(tmp_path / "copy.db")
    with Store.open(tmp_path / "copy.db") as copy:
        assert copy.run("r1").name == "my run"


@pytest.mark.parametrize("pattern", ["%", "_", "2026%"])
def test_that_a_pattern_is_no_beginning_of_an_id(store: Store, pattern: str):
    store.add_run(job("20260101-aaaa"))

    with pytest.raises(UserError, match="no run"):
        store.run(pattern)
