"""The exports that were asked for: what each wrote, whether it agrees with PyTorch, or why there is no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from desktop.models.run_words import run_title, size_words, state_words
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.job import END_STATES
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.store.measurements import ExportRow
from engine.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class ExportFact:
    """One export, whatever became of it."""

    row: RunRow
    """Of the run that exported."""
    model: str
    """Name of the training that the model comes from."""
    checkpoint: str
    format: str
    options: Mapping[str, object]
    written: ExportRow | None
    """None while it goes on, and when it failed."""
    path: Path | None
    """The file; None when there is none, or none any more."""

    @property
    def run(self) -> str:
        return self.row.run

    @property
    def is_over(self) -> bool:
        return self.row.state in END_STATES

    @property
    def why(self) -> str:
        """Why there is no file, as a sentence; empty where that is not so."""
        failure = self.row.failure
        return "" if failure is None else f"{failure.message} {failure.hint}".strip()


def list_exports(home: Home) -> list[ExportFact]:
    """List all exports that are not in the trash, newest first. Reads the disk: never in the GUI's thread.

    Raises:
        UserError: one of the store's.
    """
    if not home.store_path.exists():
        return []
    with Store.open(home.store_path) as store:
        rows = store.runs("export")
        names = {row.run: run_title(row) for row in store.runs("train")}
        written = {row.run: store.exports(row.run) for row in rows}
    return [_fact(home, row, names.get(row.parent or ""), written[row.run]) for row in rows]


def _fact(home: Home, row: RunRow, model: str | None, written: list[ExportRow]) -> ExportFact:
    folder = RunFolder(home.runs / row.run)
    try:
        asked = folder.job().task_options
    except UserError:  # its folder is gone or damaged: what the store knows is still shown
        asked = {}
    newest = written[-1] if written else None
    path = folder.path / newest.path if newest is not None else None
    options = asked.get("options")
    return ExportFact(
        row=row,
        model=model or row.parent or "a run that is gone",
        checkpoint=str(asked.get("checkpoint", "")),
        format=newest.format if newest is not None else str(asked.get("format", "")),
        options=cast("Mapping[str, object]", options) if isinstance(options, dict) else {},
        written=newest,
        path=path if path is not None and path.is_file() else None,
    )


def verdict(fact: ExportFact) -> tuple[str, str]:
    """Say in words what became of an export, and the words' tone."""
    if fact.written is None:
        return state_words(fact.row) if fact.row.state != "completed" else ("No file", "bad")
    if fact.path is None:
        return "File is gone", "bad"
    if fact.written.max_error is None:
        return "Not compared", "warn"
    return ("✓ Verified", "ok") if fact.written.verified else ("✕ Differs", "bad")


def explanation(fact: ExportFact) -> str:
    """Say in a sentence what the verdict means, and what to do."""
    if fact.written is None:
        return fact.why or ("It is being written." if not fact.is_over else "It wrote no file.")
    if fact.path is None:
        return "The file was moved or deleted. Export the checkpoint again."
    if fact.written.max_error is None:
        return "The file could not be compared with PyTorch. Test it before you use it; its log says why."
    error = error_text(fact)
    if fact.written.verified:
        return f"Its outputs agree with PyTorch's; the largest difference is {error}."
    return f"Its outputs differ from PyTorch's by up to {error}. Do not use it; its log says more."


def error_text(fact: ExportFact) -> str:
    """The largest difference to PyTorch, as it is read."""
    known = fact.written is not None and fact.written.max_error is not None
    return f"{fact.written.max_error:.1e}" if known and fact.written is not None else "–"


def size_text(fact: ExportFact) -> str:
    return size_words(fact.written.size_bytes) if fact.written is not None else "–"
