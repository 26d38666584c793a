"""What a run's folder tells of where it was: the machine of each attempt, the last contact and the last transfer."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.protocol.events import Contact, Transfer, parse_event
from engine.protocol.hosts import LOCAL, place_name
from engine.protocol.moving import wanted_place
from engine.protocol.run_folder import AttemptFolder, RunFolder

_TAIL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class PlaceHistory:
    """Where a run has been, and how it stands with the machine that it is on."""

    places: dict[int, str]
    """`local` or `ssh:NAME`, by attempt."""
    contact: Contact | None = None
    """The last that was said; None when the machine was never out of reach."""
    transfer: Transfer | None = None
    """The last that was said."""
    moves_to: str = ""
    """The machine that it goes to as soon as it is released; empty when it stays."""

    @property
    def now(self) -> str:
        return self.places[max(self.places)] if self.places else LOCAL


def read_place_history(folder: RunFolder) -> PlaceHistory:
    """Read all attempts; one that cannot be read is left out."""
    places: dict[int, str] = {}
    attempts = folder.attempts()
    for attempt in attempts:
        with contextlib.suppress(UserError):
            places[attempt.number] = attempt_place(attempt)
    if not attempts:
        return PlaceHistory(places)
    latest = attempts[-1]
    return PlaceHistory(places, *last_words(latest), wanted_place(folder, latest.number) or "")


def was_elsewhere(folder: RunFolder) -> bool:
    """Say whether some attempt was on another machine."""
    return any(place != LOCAL for place in read_place_history(folder).places.values())


def attempt_place(attempt: AttemptFolder) -> str:
    """Give the machine of an attempt: `local`, or `ssh:NAME`.

    Raises:
        UserError: `run_folder_damaged`.
    """
    executor = attempt.spec().placement.executor
    return executor if place_name(executor) else LOCAL


def last_words(attempt: AttemptFolder) -> tuple[Contact | None, Transfer | None]:
    """Give the last contact and the last transfer that the runner has told of in an attempt."""
    contact: Contact | None = None
    transfer: Transfer | None = None
    for line in _tail(attempt.supervision_path).split(b"\n"):
        event = parse_event(line) if b'"contact"' in line or b'"transfer"' in line else None
        if isinstance(event, Contact):
            contact = event
        elif isinstance(event, Transfer):
            transfer = event
    return contact, transfer


def _tail(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            return file.read()
    except OSError:
        return b""
