"""Resume, retry with a remedy, extend: what is allowed when, and how the next attempt begins."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointKind, CheckpointMeta
from engine.protocol.events import RunEnded, StateChanged
from engine.protocol.home import Home
from engine.protocol.job import END_STATES, Failure, FailureCause, RunState
from engine.protocol.run_folder import RunFolder, read_record, write_record
from engine.runner.attempts import extend_run, last_checkpoint, remedy_for, resume_run, retry_run
from engine.runner.commands import send_command
from engine.runner.run_life import main
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from tests.fixtures.stand_in_runs import FAST, claimed, enqueue, local, quiet_home, row

CONFIG: dict[str, object] = {
    "epochs": 2,
    "steps": 3,
    "batch_size": 16,
    "accumulate_steps": 2,
    "optimizer.lr": 0.1,
}


KINDS: tuple[CheckpointKind, ...] = ("last", "best")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """With a paused queue, so that nothing starts by itself."""
    made = quiet_home(tmp_path / "home")
    with Store.open(made.store_path) as store:
        store.pause_queue()
    return made


def run_in_state(home: Home, state: RunState, cause: FailureCause | None = None) -> RunFolder:
    """A run that said it came to a state; its checkpoints stand at epoch 2."""
    folder = claimed(home, "r", CONFIG)
    for kind in KINDS:
        meta = CheckpointMeta(
            kind=kind, run="r", attempt=1, epoch=2, step=6, plugin="tiny", plugin_hash="0", config_hash="0"
        )
        write_record(folder.checkpoints / kind / "meta.json", meta)
    with Store.open(home.store_path) as store, store.transaction() as connection:
        store.release("r")
        failure = Failure(cause=cause, code=cause, message="It failed.") if cause else None
        connection.execute(
            "UPDATE runs SET state = ?, failure = ? WHERE run = 'r'",
            (state, failure.model_dump_json() if failure else None),
        )
    return folder


@pytest.mark.parametrize("state", ["paused", "stopped", "failed", "lost"])
def test_that_an_ended_run_is_resumed_from_its_last_checkpoint(home: Home, state: RunState) -> None:
    folder = run_in_state(home, state)
    resume_run("r", home)

    spec = folder.attempt(2).spec()
    assert (spec.reason, spec.from_checkpoint, spec.automatic) == ("resume", "checkpoints/last", False)
    assert (row(home, "r").state, row(home, "r").attempt, row(home, "r").failure) == ("queued", 2, None)
    with Store.open(home.store_path) as store:
        assert [(waiting.run, waiting.attempt) for waiting in store.queue()] == [("r", 2)]


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ("completed", "runs extend r --epochs N"),
        ("cancelled", "Start a new one"),
        ("queued", "start by itself"),
        ("running", "runs show r"),
        ("held", "runs show r"),
    ],
)
def test_that_a_run_in_another_state_is_not_resumed(home: Home, state: RunState, hint: str) -> None:
    folder = run_in_state(home, state)
    for start in (resume_run, retry_run):
        with pytest.raises(UserError, match=f"Run r is {state}") as caught:
            start("r", home)
        assert hint in caught.value.hint
    assert len(folder.attempts()) == 1


def test_that_a_lost_run_that_may_still_live_is_not_started_again(home: Home) -> None:
    run_in_state(home, "lost")
    with Store.open(home.store_path) as store:
        store.lease("r", "cpu")

    with pytest.raises(UserError, match="may still live") as caught:
        resume_run("r", home)
    assert "runs cancel r" in caught.value.hint


def test_that_a_run_is_resumed_from_the_checkpoint_that_is_named(home: Home) -> None:
    folder = run_in_state(home, "stopped")
    with pytest.raises(UserError, match="has no checkpoint 'epoch-0009'") as caught:
        resume_run("r", home, checkpoint="epoch-0009")
    assert caught.value.hint == "It has: best, last."

    resume_run("r", home, checkpoint="best")
    assert folder.attempt(2).spec().from_checkpoint == "checkpoints/best"


def test_that_a_run_taken_back_to_an_earlier_checkpoint_never_jumps_to_what_was_left_behind(
    home: Home,
) -> None:
    folder = run_in_state(home, "failed")
    earlier = read_record(folder.checkpoints / "best" / "meta.json", CheckpointMeta)
    write_record(
        folder.checkpoints / "best" / "meta.json", earlier.model_copy(update={"step": 2, "epoch": 1})
    )
    resume_run("r", home, checkpoint="best")
    assert last_checkpoint(folder) == "checkpoints/best", "killed before it has saved anything"

    saved = earlier.model_copy(update={"step": 4, "epoch": 1, "attempt": 2, "kind": "manual"})
    write_record(folder.checkpoints / "manual-00000004" / "meta.json", saved)
    assert last_checkpoint(folder) == "checkpoints/manual-00000004", "`last` is of step 6, but of attempt 1"


def test_that_a_run_without_a_checkpoint_starts_afresh(home: Home) -> None:
    folder = enqueue(home, "r", CONFIG)
    with Store.open(home.store_path) as store:
        store.dequeue("r")
        failed = RunEnded(state="failed", failure=Failure(cause="bug", code="bug", message="It failed."))
        store.ingest("r", 1, "supervision", add_supervision(folder.attempt(1), failed))
    retry_run("r", home)

    assert folder.attempt(2).spec().from_checkpoint is None


def test_that_too_little_memory_halves_the_batch_and_doubles_accumulation(home: Home) -> None:
    folder = run_in_state(home, "failed", "oom")
    retry_run("r", home, remedy=True)

    assert folder.attempt(2).spec().overrides == {"batch_size": 8, "accumulate_steps": 4}
    assert folder.effective_config()["batch_size"] == 8
    assert folder.job().config["batch_size"] == 16


def test_that_a_loss_that_is_no_number_takes_a_tenth_of_the_rate_from_the_best(home: Home) -> None:
    folder = run_in_state(home, "failed", "nan")
    retry_run("r", home, remedy=True)

    spec = folder.attempt(2).spec()
    assert spec.overrides == {"optimizer.lr": pytest.approx(0.01)}
    assert spec.from_checkpoint == "checkpoints/best"


def test_that_a_remedy_is_applied_anew_at_each_retry(home: Home) -> None:
    folder = run_in_state(home, "failed", "oom")
    retry_run("r", home, remedy=True)
    with Store.open(home.store_path) as store:
        store.dequeue("r")
        told = RunEnded(state="failed", failure=Failure(cause="oom", code="oom", message="It failed."))
        store.ingest("r", 2, "supervision", add_supervision(folder.attempt(2), told))
    retry_run("r", home, remedy=True)

    assert folder.attempt(3).spec().overrides == {"batch_size": 4, "accumulate_steps": 8}


@pytest.mark.parametrize("cause", ["plugin", "disk_full", None])
def test_that_a_failure_without_a_remedy_says_so(home: Home, cause: FailureCause | None) -> None:
    folder = run_in_state(home, "failed", cause)

    with pytest.raises(UserError, match="no ready remedy"):
        retry_run("r", home, remedy=True)
    assert len(folder.attempts()) == 1


def test_that_a_batch_of_one_cannot_be_halved() -> None:
    failure = Failure(cause="oom", code="oom", message="Out of memory.")

    with pytest.raises(UserError, match="no ready remedy"):
        remedy_for(failure, {"batch_size": 1})


def test_that_a_finished_run_is_trained_for_longer(home: Home) -> None:
    folder = run_in_state(home, "completed")
    extend_run("r", home, epochs=5, schedule="flat")

    spec = folder.attempt(2).spec()
    assert (spec.reason, spec.from_checkpoint) == ("extend", "checkpoints/last")
    assert spec.overrides == {"epochs": 5, "extension.from_epoch": 2, "extension.schedule": "flat"}
    with Store.open(home.store_path) as store:
        store.dequeue("r")
        store.lease("r", "cpu")
    main(folder.path, local(), FAST)
    assert (row(home, "r").state, row(home, "r").epoch, row(home, "r").step) == ("completed", 5, 15)


def test_that_continuing_the_schedule_needs_no_more_than_the_epochs(home: Home) -> None:
    folder = run_in_state(home, "stopped")
    extend_run("r", home, epochs=9)

    assert folder.attempt(2).spec().overrides == {"epochs": 9}


def test_that_an_extension_must_be_longer(home: Home) -> None:
    run_in_state(home, "completed")

    with pytest.raises(UserError, match="has done 2 of 2 epochs; 2 is not more") as caught:
        extend_run("r", home, epochs=2)
    assert "new total" in caught.value.hint


@pytest.mark.parametrize("state", ["running", "queued", "cancelled"])
def test_that_only_an_ended_training_is_extended(home: Home, state: RunState) -> None:
    run_in_state(home, state)

    with pytest.raises(UserError, match=f"is {state} and cannot be extended"):
        extend_run("r", home, epochs=9)


def test_that_two_who_resume_at_the_same_instant_make_one_attempt(home: Home) -> None:
    folder = run_in_state(home, "paused")
    refused: list[str] = []
    both = threading.Barrier(4)

    def resume() -> None:
        both.wait()
        try:
            resume_run("r", home)
        except UserError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=resume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 3
    assert set(refused) <= {"attempt_exists", "run_not_resumable"}
    assert len(folder.attempts()) == 2


def test_that_a_full_disk_leaves_no_half_attempt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_in_state(home, "paused")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.runner.attempts.add_supervision", full)
    with pytest.raises(UserError, match="disk is full"):
        resume_run("r", home)
    assert len(folder.attempts()) == 1
    assert list((folder.path / "attempts").iterdir()) == [folder.attempt(1).path]
    monkeypatch.undo()

    assert row(home, "r").state == "paused"


@pytest.mark.parametrize("state", sorted(END_STATES))
def test_that_an_ended_run_takes_no_orders(home: Home, state: RunState) -> None:
    folder = run_in_state(home, state)

    with pytest.raises(UserError, match=f"Run r is {state}; no process works on it") as caught:
        send_command(folder, "pause", home)
    assert caught.value.code == "run_not_active"
    assert not folder.commands.exists()


def test_that_a_run_that_was_trained_before_stays_resumable_when_it_is_taken_out(home: Home) -> None:
    folder = run_in_state(home, "paused")
    resume_run("r", home)
    assert send_command(folder, "stop", home) == 0

    assert row(home, "r").state == "stopped"
    assert (folder.checkpoints / "last" / "meta.json").exists()
    resume_run("r", home)
    assert send_command(folder, "cancel", home) == 0
    assert row(home, "r").state == "cancelled"
    assert not folder.checkpoints.exists()


def test_that_a_state_of_an_earlier_attempt_does_not_touch_a_later_one(home: Home) -> None:
    run_in_state(home, "paused")
    resume_run("r", home)
    with Store.open(home.store_path) as store:
        late = StateChanged(seq=50, state="lost")
        store.ingest("r", 1, "supervision", [late])

    assert row(home, "r").state == "queued"
