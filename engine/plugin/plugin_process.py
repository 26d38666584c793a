"""The parent's side of describing: starts the processes that import plugins, and reads what they say.

Loads neither torch nor a plugin.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from engine.plugin.answers import (
    TIMEOUT_MARK,
    Answer,
    Ending,
    import_ending_problem,
    log_end,
    trial_ending_problem,
)
from engine.plugin.discovery import PluginSource
from engine.plugin.isolation import GRACE_S, Limits
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.protocol.interpreter import child_environment, engine_command
from engine.protocol.operating_system import can_fork, heeding_termination

FRAMEWORKS_LIMIT_S = 120.0
"""How long the process may take until it has loaded torch; a cold disk is slow."""
_PATIENCE_S = 2.0
"""How long a child that is asked to end is given."""


@dataclass(slots=True)
class Description:
    """All that is known about one plugin after it was imported elsewhere."""

    entries: list[PluginEntry]
    trial_problems: list[PluginProblem] = field(default_factory=list)
    missing_module: str | None = None
    can_be_kept: bool = True
    """False when the describing itself failed, which says nothing about the plugin."""


def describe_apart(sources: Sequence[PluginSource], limits: Limits) -> list[Description]:
    """Import plugins in other processes and give what was found, in the same order.

    Where a process can be doubled, one process loads torch and copies itself for each plugin; elsewhere each
    plugin has a process of its own.
    """
    if not sources:
        return []
    if can_fork():
        said = _ask(sources, limits, in_process=False)
        return [_description(source, said, limits) for source in sources]
    return [_description(source, _ask([source], limits, in_process=True), limits) for source in sources]


@dataclass(frozen=True, slots=True)
class _Said:
    answers: list[Answer]
    ending: Ending
    in_process: bool

    def about(self, source: PluginSource, kind: str) -> Answer | None:
        path = str(source.path)
        return next((one for one in self.answers if one.path == path and one.kind == kind), None)

    def ending_of(self, source: PluginSource) -> Ending | None:
        """Tell how the plugin's own process ended; None when it had none."""
        if self.in_process:
            return self.ending
        ended = self.about(source, "ended")
        return ended.ending if ended is not None else None


def _ask(sources: Sequence[PluginSource], limits: Limits, *, in_process: bool) -> _Said:
    command = engine_command(
        "describe-plugin",
        *(str(source.path) for source in sources),
        f"--limit={limits.import_s}",
        f"--trial-limit={limits.trial_s}",
        *(["--in-process"] if in_process else []),
    )
    longest = FRAMEWORKS_LIMIT_S + len(sources) * (limits.total_s + 2 * GRACE_S)
    with tempfile.TemporaryDirectory(prefix="lensmith-", ignore_cleanup_errors=True) as folder:
        said, log = Path(folder) / "answers.jsonl", Path(folder) / "log.txt"
        with said.open("wb") as output, log.open("wb") as errors:
            exit_code = run_child(command, folder, longest, output, errors)
        text = log.read_text(encoding="utf-8", errors="replace")
        answers = _parsed(said.read_bytes())
    timed_out = exit_code is None or TIMEOUT_MARK in text
    return _Said(
        answers, Ending(timed_out=timed_out, exit_code=exit_code or 0, log=log_end(text)), in_process
    )


def run_child(
    command: Sequence[str], folder: str, limit_s: float, output: IO[bytes], errors: IO[bytes]
) -> int | None:
    """Run a process of the engine and give its exit code; None when it had to be ended because it took too long.

    Where this process is asked to end meanwhile, it ends that one first.
    """
    with heeding_termination():
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a child to end, so that it can end its own; kill it where it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _parsed(said: bytes) -> list[Answer]:
    answers: list[Answer] = []
    for line in said.splitlines():
        with contextlib.suppress(ValidationError):  # cut off in the middle
            answers.append(Answer.model_validate_json(line))
    return answers


def _description(source: PluginSource, said: _Said, limits: Limits) -> Description:
    described, tried = said.about(source, "described"), said.about(source, "tried")
    ending = said.ending_of(source)
    if described is None:
        if ending is None or (ending.exit_code == 0 and not ending.timed_out):
            problem = _unanswered(source, said.ending)
            return Description([broken_entry(source, problem)], can_be_kept=False)
        return Description([broken_entry(source, import_ending_problem(source, ending, limits.import_s))])
    found = Description(described.entries, missing_module=described.missing_module)
    if tried is not None:
        found.trial_problems = tried.problems
    elif limits.trial_s > 0:
        found.trial_problems = [trial_ending_problem(source, ending or said.ending, limits.trial_s)]
    return found


def broken_entry(source: PluginSource, problem: PluginProblem) -> PluginEntry:
    """Make the entry of a plugin that could not say anything."""
    return PluginEntry(
        id=source.id,
        folder=str(source.path),
        builtin=source.builtin,
        source_hash=source.source_hash,
        problems=[problem],
    )


def _unanswered(source: PluginSource, ending: Ending) -> PluginProblem:
    return PluginProblem(
        code="describer_failed",
        message=f"{source.id} could not be described: the process for it ended before its turn.",
        file=str(source.model_path),
        hint="Try again. If it happens again, install the engine's packages anew.",
        traceback=ending.log,
    )
