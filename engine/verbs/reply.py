"""What a verb gives back: one JSON document for programs and one renderable for people; and what it is given."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from engine.protocol.home import Home
from engine.protocol.times import PROGRESS_LINE_S


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a verb.

    Attributes:
        data: printed as one JSON document with `--json`.
        text: shown otherwise: a sentence, or anything rich can render.
        exit_code: 0 ok, 2 when the world was at fault though an answer could be given.
    """

    data: object
    text: object = ""
    exit_code: int = 0


@dataclass(slots=True)
class Session:
    """What every verb works with: the user's folder, and where to show progress (stderr, never stdout)."""

    home: Home
    as_json: bool = False
    errors: Console = field(default_factory=lambda: Console(stderr=True))

    def tell(self, lines: Sequence[str]) -> None:
        """Show lines on stderr, beside the bar if there is one; nothing with `--json`."""
        if not self.as_json:
            for line in lines:
                self.errors.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int, str], None]]:
        """Show a bar on a terminal while the block runs; the yielded function takes done, total, phase.

        With `--json` and no terminal, progress comes as JSON lines on stderr: a program is watching.
        """
        if self.as_json and not sys.stderr.isatty():
            yield ProgressLines()
            return
        if self.as_json or not sys.stderr.isatty():
            yield _no_progress
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.errors, transient=True) as bar:
            task = bar.add_task(title, total=None)

            def show(done: int, total: int, phase: str) -> None:
                bar.update(task, completed=done, total=total or None, description=phase or title)

            yield show


class ProgressLines:
    """Writes progress as JSON lines on stderr, ten a second at most; the last one of a phase is never left out."""

    def __init__(self) -> None:
        self._last = -math.inf

    def __call__(self, done: int, total: int, phase: str) -> None:
        now = time.monotonic()
        if now - self._last < PROGRESS_LINE_S and not (total and done >= total):
            return
        self._last = now
        line = json.dumps({"progress": {"done": done, "total": total, "phase": phase}})
        with contextlib.suppress(OSError):  # nobody reads any more: the work goes on
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _no_progress(_done: int, _total: int, _phase: str) -> None:
    """Progress that nobody watches."""


Verb = Callable[[Session, argparse.Namespace], Reply]
Parsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def failed(data: dict[str, object], code: str, message: str, hint: str) -> dict[str, object]:
    """Add to an answer that comes with exit code 2 what every such answer has: the error."""
    return {**data, "error": {"code": code, "message": message, "hint": hint}}


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Lay rows out under headings; None shows as a dash."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        # The first column names the row: it is what people copy, so it is never broken.
        shown.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        shown.add_row(*("–" if cell is None else str(cell) for cell in row))
    return shown


def percent(value: float | None) -> str | None:
    """Show a share of one as a percentage with one decimal."""
    return None if value is None else f"{100 * value:.1f} %"
