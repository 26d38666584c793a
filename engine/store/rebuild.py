"""The store anew from the run folders, which hold the truth. Queue order, tags and notes are not in them."""

from __future__ import annotations

import heapq
import sqlite3
from pathlib import Path

from engine.errors import UserError
from engine.protocol.events import MAX_LINE_BYTES, Event, Source, parse_event
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES, ProcessRecord
from engine.protocol.operating_system import is_same_process, replace_file, wait_for_lock
from engine.protocol.run_folder import RunFolder, read_record
from engine.store.database import Store

LOCK_NAME = ".store-rebuild.lock"


def rebuild(home: Home) -> dict[str, int]:
    """Replace the store's content by what the run folders say; count runs, events and folders left out.

    What the old store held is kept beside it as `store.db.before-rebuild`; waiting runs are queued again.

    Raises:
        UserError: `store_in_use` while a run is at work, `store_newer`, or one of the store's.
    """
    lock = wait_for_lock(home.path / LOCK_NAME)
    try:
        _refuse_while_at_work(home)
        draft = home.store_path.with_name("store.db.rebuilding")
        _remove(draft)
        counts = {"runs": 0, "events": 0, "damaged": 0}
        with Store.open(draft) as store:
            for place, trashed in ((home.runs, False), (home.trash, True)):
                _take_all(store, place, counts, trashed=trashed)
        _put_in_place(draft, home.store_path)
        return counts
    finally:
        if lock is not None:
            lock.release()


def take_run(store: Store, folder: RunFolder) -> int:
    """Record one run folder that the store does not know, and count its events.

    Raises:
        UserError: `run_folder_damaged`.
    """
    job = folder.job()
    store.add_run(job)
    taken = 0
    for attempt in folder.attempts():
        sources: list[list[tuple[Source, Event]]] = [
            [("supervision", event) for event in read_events(attempt.supervision_path)],
            [("worker", event) for event in read_events(attempt.events_path)],
        ]
        with store.transaction():
            # Two writers, one story: wall time only decides whose word comes first, never the order of one's own.
            for source, event in heapq.merge(*sources, key=lambda pair: pair[1].time):
                taken += store.ingest(job.run, attempt.number, source, [event])
    return taken


def queue_again(store: Store, folder: RunFolder) -> None:
    """Put a run that waited back in the queue, and give one that is at work its device back."""
    state = store.run(folder.run).state
    if state not in ("queued", "lost", *ACTIVE_STATES):
        return
    attempt = folder.latest_attempt()
    placement = attempt.spec().placement
    if state == "queued":
        is_chosen = placement.lease.startswith(("cuda", "ssh:"))
        store.enqueue(folder.run, attempt.number, placement.lease if is_chosen else None)
    else:
        store.lease(folder.run, placement.lease)


def read_events(path: Path) -> list[Event]:
    """Read the complete lines of an events file; a missing file has none."""
    if not path.is_file():
        return []
    found: list[Event] = []
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES + 1):
            event = parse_event(line) if line.endswith(b"\n") else None
            if event is not None:
                found.append(event)
    return found


def _take_all(store: Store, place: Path, counts: dict[str, int], *, trashed: bool) -> None:
    for entry in sorted(place.iterdir()) if place.is_dir() else []:
        folder = RunFolder(entry)
        if entry.name.startswith(".") or not folder.job_path.is_file():
            continue
        try:
            with store.transaction():
                taken = take_run(store, folder)
                if trashed:
                    store.set_trashed(folder.run, True)
                else:
                    queue_again(store, folder)
            counts["events"] += taken
            counts["runs"] += 1
        except UserError:
            counts["damaged"] += 1


def _refuse_while_at_work(home: Home) -> None:
    """A runner that writes into the old store meanwhile would leave holes in the new one."""
    for entry in sorted(home.runs.iterdir()) if home.runs.is_dir() else []:
        path = RunFolder(entry).runner_path
        try:
            runner = read_record(path, ProcessRecord) if path.exists() else None
        except UserError:  # it is just being removed
            continue
        if runner is not None and is_same_process(runner.pid, runner.start_time):
            raise UserError(
                "store_in_use",
                f"Run {entry.name} is at work and writes into the store.",
                "Wait for its end, or pause it with `lensmith runs pause`; then rebuild.",
            )


def _put_in_place(draft: Path, target: Path) -> None:
    """Copy the new content into the old file, which others may have open; a file that is no store is moved away."""
    kept = target.with_name(f"{target.name}.before-rebuild")
    _remove(kept)
    try:
        with Store.open(target) as old, Store.open(draft) as new:
            old.backup(kept)
            new.backup(target)
    except UserError as error:
        if error.code != "store_damaged":
            raise
        target.replace(kept)
        _remove_log(target)
        _fold_log(draft)
        replace_file(draft, target)
    _remove(draft)


def _fold_log(path: Path) -> None:
    """Bring what is still in the write-ahead log into the file."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _remove_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_log(path)
