"""Start a run again: resume, retry with or without a remedy, extend. Each is a new attempt of the same run."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta, list_checkpoints, read_meta
from engine.protocol.disk import write_error
from engine.protocol.events import Event, StateChanged
from engine.protocol.home import Home
from engine.protocol.hosts import place_name
from engine.protocol.job import AttemptReason, AttemptSpec, Failure, Placement
from engine.protocol.operating_system import wait_for_lock
from engine.protocol.run_folder import AttemptFolder, RunFolder, write_record
from engine.runner.devices import host_resources, machine_resources
from engine.runner.queue import tick
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.runs import RunRow

RESUMABLE = ("paused", "stopped", "failed", "lost")
_LOCK_NAME = ".attempts.lock"


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """How the next attempt of a run begins."""

    reason: AttemptReason
    from_checkpoint: str | None = None
    """`checkpoints/last`; None starts afresh."""
    overrides: Mapping[str, object] = field(default_factory=dict[str, object])
    automatic: bool = False
    place: str | None = None
    """`local` or `ssh:NAME`; None stays where the attempt before was."""


def resume_run(run: str, home: Home, checkpoint: str | None = None) -> None:
    """Go on with an ended run from its last checkpoint, or from the one named.

    Raises:
        UserError: `run_not_resumable`, `checkpoint_unknown`.
    """
    folder = _resumable(_row(run, home), home)
    if checkpoint is not None and checkpoint not in checkpoint_names(folder):
        raise UserError(
            "checkpoint_unknown",
            f"Run {run} has no checkpoint {checkpoint!r}.",
            f"It has: {', '.join(checkpoint_names(folder)) or 'none'}.",
        )
    start = f"checkpoints/{checkpoint}" if checkpoint is not None else last_checkpoint(folder)
    enqueue_attempt(folder, home, NewAttempt("resume", start))


def retry_run(run: str, home: Home, *, remedy: bool = False) -> None:
    """Start a failed run again from its last good checkpoint; with the remedy of its failure's cause if asked.

    Raises:
        UserError: `run_not_resumable`, `remedy_unknown`.
    """
    row = _row(run, home)
    folder = _resumable(row, home)
    failure = row.failure
    if not remedy:
        enqueue_attempt(folder, home, NewAttempt("retry", last_checkpoint(folder)))
        return
    overrides = remedy_for(failure, folder.effective_config())
    start = _last_good(folder) if failure is not None and failure.cause == "nan" else last_checkpoint(folder)
    enqueue_attempt(folder, home, NewAttempt("retry", start, overrides))


def remedy_for(failure: Failure | None, config: Mapping[str, object]) -> dict[str, object]:
    """Give the settings that answer a failure: half the batch for memory, a tenth of the rate for NaN.

    Raises:
        UserError: `remedy_unknown` when the cause has none.
    """
    cause = failure.cause if failure is not None else None
    batch = config.get("batch_size")
    if cause == "oom" and isinstance(batch, int) and batch > 1:
        steps = config.get("accumulate_steps")
        doubled = {"accumulate_steps": 2 * steps} if isinstance(steps, int) else {}
        return {"batch_size": batch // 2, **doubled}
    if cause == "nan":
        for name in ("optimizer.lr", "learning_rate", "lr"):
            rate = config.get(name)
            if isinstance(rate, int | float):
                return {name: rate / 10}
    raise UserError(
        "remedy_unknown",
        f"There is no ready remedy for this failure ({cause or 'the run did not fail'}).",
        "Change the settings and start a new run, or retry without --remedy.",
    )


def extend_run(
    run: str, home: Home, *, epochs: int, schedule: Literal["continue", "flat", "restart"] = "continue"
) -> None:
    """Train an ended run for more epochs.

    Args:
        run: id of the run.
        home: the user's folder.
        epochs: the new total.
        schedule: how the learning rate goes on.

    Raises:
        UserError: `run_not_extendable`, `epochs_not_more`, `checkpoint_unknown`.
    """
    row = _row(run, home)
    folder = RunFolder(home.runs / row.run)
    if row.kind != "train" or row.state not in ("completed", *RESUMABLE):
        raise UserError(
            "run_not_extendable",
            f"Run {run} ({row.kind}) is {row.state} and cannot be extended.",
            "Only a training run that has ended and was not discarded can.",
        )
    _refuse_owned(row, home)
    start = last_checkpoint(folder)
    if start is None:
        raise UserError(
            "checkpoint_unknown", f"Run {run} has no checkpoint to go on from.", "Start a new run."
        )
    planned = folder.effective_config().get("epochs")
    done = read_meta(folder.path / start).epoch
    if not isinstance(planned, int) or epochs <= max(done, planned if row.state == "completed" else done):
        raise UserError(
            "epochs_not_more",
            f"Run {run} has done {done} of {planned} epochs; {epochs} is not more.",
            "--epochs is the new total.",
        )
    overrides: dict[str, object] = {"epochs": epochs}
    if schedule != "continue":
        overrides |= {"extension.from_epoch": done, "extension.schedule": schedule}
    enqueue_attempt(folder, home, NewAttempt("extend", start, overrides))


def enqueue_attempt(folder: RunFolder, home: Home, new: NewAttempt) -> None:
    """Write the next attempt, queue it, and tick.

    Raises:
        UserError: `attempt_exists` when another process did so at the same instant, or one of `write_attempt`.
    """
    with attempts_locked(folder):
        state = _row(folder.run, home).state
        if state not in ("completed", *RESUMABLE):
            raise UserError(
                "attempt_exists",
                f"Run {folder.run} is being started again already: it is {state}.",
                f"See it with `lensmith runs show {folder.run}`.",
            )
        spec, told = write_attempt(folder, home, new)
        try:
            with Store.open(home.store_path) as store, store.transaction():
                store.ingest(folder.run, spec.attempt, "supervision", told)
                store.enqueue(folder.run, spec.attempt, device_for(spec.placement, home))
        except BaseException:
            shutil.rmtree(folder.attempt(spec.attempt).path, ignore_errors=True)  # nobody knows of it
            raise
    tick(home)


@contextlib.contextmanager
def attempts_locked(folder: RunFolder) -> Generator[None]:
    """Let one process at a time write the run's next attempt."""
    lock = wait_for_lock(folder.path / _LOCK_NAME)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def write_attempt(
    folder: RunFolder, home: Home, new: NewAttempt, *events: Event
) -> tuple[AttemptSpec, list[Event]]:
    """Write the next attempt's folder with its first supervision events: queued, then `events`. All of it or nothing.

    The dataset is looked up anew, so that one that was moved and relocated is found. The caller holds the lock.

    Raises:
        UserError: `dataset_unknown`, `dataset_unreachable`, `disk_full` or `folder_read_only`.
    """
    before = folder.latest_attempt().spec()
    number = before.attempt + 1
    placement = before.placement
    if new.place is not None and new.place != placement.executor:
        placement = placement.model_copy(update={"executor": new.place, "resource": "cpu"})
    job = folder.job()
    dataset = job.dataset
    # A folder that nobody has labelled is where it was, and in no library.
    if dataset is not None and job.task_options.get("labelled") is not False:
        # By itself a run goes on as it was: a share that is away may be back by the time of the first image.
        with contextlib.suppress(*((UserError,) if new.automatic else ())):
            # Imported here: a runner that begins has no use for it, and a first step waits for a runner.
            from engine.datasets.library import Library

            root = str(Library(home).root(dataset.name, dataset.version))
            placement = placement.model_copy(update={"dataset_root": root})
    spec = AttemptSpec(
        attempt=number,
        reason=new.reason,
        placement=placement,
        interpreter=before.interpreter,
        from_checkpoint=new.from_checkpoint,
        overrides=dict(new.overrides),
        automatic=new.automatic,
    )
    target = folder.attempt(number).path
    draft = AttemptFolder(target.with_name(f".draft-{os.getpid()}-{target.name}"))
    try:
        write_record(draft.spec_path, spec)
        told = add_supervision(draft, StateChanged(state="queued", attempt=number), *events)
        draft.path.rename(target)
    except OSError as error:
        raise write_error(error, target) from error
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)
    return spec, told


def device_for(placement: Placement, home: Home) -> str | None:
    """What the next attempt asks the queue for: the GPUs of the one before where its machine has them, else any."""
    host = place_name(placement.executor)
    there = host_resources(home) if host else machine_resources()
    parts = [f"{placement.executor}/{part}" if host else part for part in placement.resource.split(",")]
    if placement.resource != "cpu" and all(part in there for part in parts):
        return placement.lease
    return placement.executor if host else None


def checkpoint_names(folder: RunFolder) -> list[str]:
    return [name for name, _ in list_checkpoints(folder.checkpoints)]


def last_checkpoint(folder: RunFolder) -> str | None:
    """How far the run has come, relative to its folder; None when it has no checkpoint.

    That is the checkpoint with the most steps (`last` among equals) of the newest attempt that saved one; an attempt
    that has saved none yet stands where it began. What a run that was taken back has left behind does not count.
    """
    found = list_checkpoints(folder.checkpoints)
    names = {f"checkpoints/{name}" for name, _ in found}
    for attempt in reversed(folder.attempts()):
        own = [pair for pair in found if pair[1].attempt == attempt.number]
        if own:
            return _furthest(own)
        start = attempt.spec().from_checkpoint
        if start in names:
            return start
    return _furthest(found) if found else None


def _furthest(checkpoints: list[tuple[str, CheckpointMeta]]) -> str:
    name, _ = max(checkpoints, key=lambda pair: (pair[1].step, pair[0] == "last"))
    return f"checkpoints/{name}"


def _last_good(folder: RunFolder) -> str | None:
    names = checkpoint_names(folder)
    return "checkpoints/best" if "best" in names else last_checkpoint(folder)


def _row(run: str, home: Home) -> RunRow:
    with Store.open(home.store_path) as store:
        return store.run(run)


def _resumable(row: RunRow, home: Home) -> RunFolder:
    run, state = row.run, row.state
    if state not in RESUMABLE:
        hint = {
            "completed": f"Train it for longer with `lensmith runs extend {run} --epochs N`.",
            "cancelled": "A cancelled run is discarded. Start a new one.",
            "queued": "It will start by itself; see `lensmith queue list`.",
        }.get(state, f"See it with `lensmith runs show {run}`.")
        raise UserError("run_not_resumable", f"Run {run} is {state}.", hint)
    _refuse_owned(row, home)
    return RunFolder(home.runs / run)


def _refuse_owned(row: RunRow, home: Home) -> None:
    """Two workers in one run folder would spoil it: a run that only seems dead is not started again."""
    with Store.open(home.store_path) as store:
        is_unsettled = row.run in store.leases()
    if row.state == "lost" and is_unsettled:
        raise UserError(
            "run_not_resumable",
            f"Run {row.run} does not answer, but its process may still live; Lensmith goes on watching it.",
            f"Wait for it, or end it with `lensmith runs cancel {row.run}`.",
        )
