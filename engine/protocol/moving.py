"""A run's wish to go on elsewhere, kept in its folder until it has been released where it is."""

from __future__ import annotations

from engine.errors import UserError
from engine.protocol.job import Frozen
from engine.protocol.run_folder import RunFolder, read_record, write_record

INTENT = "move.json"


class MoveIntent(Frozen):
    """RUN/move.json: where the run shall go on when the attempt has been released."""

    attempt: int
    place: str


def ask_to_move(folder: RunFolder, attempt: int, place: str) -> None:
    """Let the run go on at a place once this attempt is released."""
    write_record(folder.path / INTENT, MoveIntent(attempt=attempt, place=place))


def wanted_place(folder: RunFolder, attempt: int) -> str | None:
    """Where an attempt shall go on once it is released; None when it shall not move."""
    path = folder.path / INTENT
    if not path.exists():
        return None
    try:
        intent = read_record(path, MoveIntent)
    except UserError:
        return None
    return intent.place if intent.attempt == attempt else None
