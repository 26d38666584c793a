"""The store anew from the run folders, which hold the truth. Queue order, tags and notes are not in them."""

from __future__ import annotations

import heapq
import sqlite3
from pathlib import Path

from engine.errors import UserError
from engine.protocol.events import MAX_LINE_BYTES, Event, Source, parse_event
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.operating_system import replace_file
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store

BATCH = 2000


def rebuild(home: Home) -> dict[str, int]:
    """Replace the store by one made from the run folders, and count runs, events and folders left out.

    A usable old store is kept beside the new one as `store.db.before-rebuild`; waiting runs are queued again.
    """
    draft = home.store_path.with_name("store.db.rebuilding")
    _remove(draft)
    counts = {"runs": 0, "events": 0, "damaged": 0}
    with Store.open(draft) as store:
        for entry in sorted(home.runs.iterdir()) if home.runs.is_dir() else []:
            folder = RunFolder(entry)
            if entry.name.startswith(".") or not folder.job_path.is_file():
                continue
            try:
                counts["events"] += _take(store, folder)
                counts["runs"] += 1
            except UserError:
                counts["damaged"] += 1
    if home.store_path.exists():
        _fold_log(home.store_path)
        replace_file(home.store_path, home.store_path.with_name("store.db.before-rebuild"))
    _remove_log(home.store_path)
    replace_file(draft, home.store_path)
    _remove_log(draft)
    return counts


def _take(store: Store, folder: RunFolder) -> int:
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
    _queue_again(store, folder)
    return taken


def _queue_again(store: Store, folder: RunFolder) -> None:
    """Put a run that waited back in the queue, and give one that is at work its device back."""
    state = store.run(folder.run).state
    attempt = folder.latest_attempt()
    resource = attempt.spec().placement.resource if attempt.spec_path.exists() else None
    if state == "queued":
        store.enqueue(folder.run, attempt.number, resource)
    elif state in ACTIVE_STATES and resource is not None:
        store.lease(folder.run, resource)


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


def _fold_log(path: Path) -> None:
    """Bring what is still in the write-ahead log into the file, where that is readable at all."""
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return  # a damaged store is kept as it is


def _remove_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_log(path)
