"""Everything that can be found out about one plugin: described and really tried out, in a process of its own."""

from __future__ import annotations

import re
from pathlib import Path

from engine.plugin.describer import with_clashes, with_requirements
from engine.plugin.discovery import REQUIREMENTS_FILE, PluginSource, source_at
from engine.plugin.isolation import Limits
from engine.plugin.plugin_process import describe_apart
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.protocol.times import DESCRIBE_TIMEOUT_S, TRIAL_TIMEOUT_S

LIMITS = Limits(DESCRIBE_TIMEOUT_S, TRIAL_TIMEOUT_S)


def check(path: Path, limits: Limits = LIMITS) -> list[PluginProblem]:
    """Try a plugin out: methods, metadata, schema, two training steps, checkpoint, infer, trace.

    Args:
        path: its folder, its model.py, or its one file.
        limits: how long its import and its trial may take.

    Raises:
        PluginError: `plugin_not_found` when there is no plugin.
    """
    source = source_at(path)
    (found,) = describe_apart([source], limits)
    entries = with_clashes([with_requirements(source, entry) for entry in found.entries])
    problems = [problem for entry in entries for problem in entry.problems]
    problems += _missing(source, entries[0]) if entries else []
    problems += found.trial_problems
    unique = {(one.code, one.file, one.line, one.message): one for one in problems}
    return list(unique.values())


def _missing(source: PluginSource, entry: PluginEntry) -> list[PluginProblem]:
    path = source.folder / REQUIREMENTS_FILE
    return [
        PluginProblem(
            code="plugin_requirements",
            message=f"The package {requirement} is not installed.",
            file=str(path),
            line=_line_of(path, requirement),
            hint=f"Install it with `pip install '{requirement}'`.",
        )
        for requirement in entry.missing_requirements
    ]


def _line_of(path: Path, requirement: str) -> int | None:
    name = re.split(r"[^A-Za-z0-9._-]", requirement)[0]
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((n for n, line in enumerate(lines, start=1) if line.strip().startswith(name)), None)
