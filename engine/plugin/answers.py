"""What the process that imports plugins says about each of them, one JSON line at a time, and how such a line ends."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.plugin.discovery import PluginSource
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.protocol.job import Frozen

TIMEOUT_MARK = "Timeout ("
"""What faulthandler writes before the stacks when the time is over."""
STACK_MARKS = (TIMEOUT_MARK, "Fatal Python error")
"""What its stacks, innermost frame first, begin with."""
_MOST_LOG_LINES = 400
"""Enough for the stacks of several threads."""
_SHOWN_LINES = 30
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)


class Ending(Frozen):
    """How the process that imported a plugin ended."""

    timed_out: bool = False
    exit_code: int = 0
    """Negative for a signal, as in `subprocess`."""
    log: str = ""
    """The end of what it wrote to its output and errors."""


class Answer(Frozen):
    """One line about one plugin: described, then (when asked for) tried out, then ended."""

    path: str
    kind: Literal["described", "tried", "ended"]
    entries: list[PluginEntry] = Field(default_factory=list)
    problems: list[PluginProblem] = Field(default_factory=list)
    """Of trying it out."""
    missing_module: str | None = None
    """The package whose absence broke the import: once it is there, the description is out of date."""
    ending: Ending | None = None


def import_ending_problem(source: PluginSource, ending: Ending, limit_s: float) -> PluginProblem:
    """Say that a plugin's import never came back, or took its process with it."""
    if ending.timed_out:
        return _located(
            source,
            ending,
            code="plugin_import_endless",
            message=f"Importing {source.file} did not end within {limit_s:g} seconds.",
            hint="Only define things at the top level of the file; load and compute in `__init__` or `build`. "
            "Then describe it anew: lensmith plugins list --refresh",
        )
    return _located(
        source,
        ending,
        code="plugin_import_crashed",
        message=f"Importing {source.file} ended the process ({exit_words(ending.exit_code)}).",
        hint="Look for calls that end the process, such as os._exit, and for packages that crash when imported.",
    )


def trial_ending_problem(source: PluginSource, ending: Ending, limit_s: float) -> PluginProblem:
    """Say that trying a plugin out never came back, or took its process with it."""
    if ending.timed_out:
        return _located(
            source,
            ending,
            code="trial_endless",
            message=f"Trying {source.file} out did not end within {limit_s:g} seconds.",
            hint="Two training steps on tiny images should take seconds; look at the place where it waited.",
        )
    return _located(
        source,
        ending,
        code="trial_crashed",
        message=f"Trying {source.file} out ended the process ({exit_words(ending.exit_code)}).",
        hint="Look for calls that end the process, and for memory that runs out.",
    )


def exit_words(exit_code: int) -> str:
    """Say an exit code in words: `exit code 3`, `SIGSEGV`."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def log_end(text: str) -> str:
    """Keep the last lines of a process's output, stacks included."""
    return "\n".join(text.splitlines()[-_MOST_LOG_LINES:])


def shown_part(log: str) -> str:
    """Keep what a person can act on: the last words, and the innermost frames where there are stacks."""
    lines = log.splitlines()
    stacks = next((n for n, line in enumerate(lines) if line.startswith(STACK_MARKS)), None)
    if stacks is None:
        return "\n".join(lines[-_SHOWN_LINES:])
    return "\n".join(lines[max(0, stacks - _SHOWN_LINES // 2) : stacks + _SHOWN_LINES])


def _located(source: PluginSource, ending: Ending, code: str, message: str, hint: str) -> PluginProblem:
    file, line = _place_in(source, ending.log)
    shown = shown_part(ending.log)
    return PluginProblem(code=code, message=message, file=file, line=line, hint=hint, traceback=shown)


def _place_in(source: PluginSource, log: str) -> tuple[str, int | None]:
    """Find the innermost frame inside the plugin in faulthandler's stacks, which begin with the innermost."""
    for frame in _FRAME.finditer(log):
        if Path(frame["file"]).is_relative_to(source.path):
            return frame["file"], int(frame["line"])
    return str(source.model_path), None
