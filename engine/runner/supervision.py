"""The runner's own voice: supervision.jsonl of an attempt, one writer at a time."""

from __future__ import annotations

import os

from engine.protocol.events import Event, event_line, parse_event
from engine.protocol.operating_system import wait_for_lock
from engine.protocol.run_folder import AttemptFolder


def add_supervision(attempt: AttemptFolder, *events: Event) -> list[Event]:
    """Append events under the next sequence numbers, on disk before this returns; give them with their numbers."""
    attempt.path.mkdir(parents=True, exist_ok=True)
    lock = wait_for_lock(attempt.path / ".supervision.lock")
    try:
        seq = _next_seq(attempt)
        numbered = [event.model_copy(update={"seq": seq + index}) for index, event in enumerate(events)]
        with attempt.supervision_path.open("ab") as file:
            file.write(b"".join(event_line(event, event.seq) for event in numbered))
            file.flush()
            os.fsync(file.fileno())
        return numbered
    finally:
        if lock is not None:
            lock.release()


def _next_seq(attempt: AttemptFolder) -> int:
    """Find the next number, cutting off a last line that a crash left incomplete."""
    path = attempt.supervision_path
    if not path.exists():
        return 0
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end != len(data):
        with path.open("r+b") as file:
            file.truncate(end)
    known = [event.seq for event in map(parse_event, data[:end].splitlines()) if event is not None]
    return max(known, default=-1) + 1
