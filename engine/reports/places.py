"""A sentence without places of somebody's machine: of a path its last name stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_PATH = re.compile(r"(?<![\w.:/\\…])(?:~?/|[A-Za-z]:[\\/]|\\\\)[^\s\"'“”<>|,;]*")
"""Absolute, of whichever system, up to a space: one with spaces is found by its folder."""


def without_places(text: str, folders: Sequence[Path]) -> str:
    """Give the text with `…` for where things lie.

    Args:
        text: what is told to a reader.
        folders: known places, which may have spaces in their names.
    """
    for folder in sorted((str(folder) for folder in folders), key=len, reverse=True):
        if len(folder) > len(Path(folder).anchor):
            text = text.replace(folder, "…")
    return _PATH.sub(_last_name, text)


def _last_name(found: re.Match[str]) -> str:
    path = found[0].rstrip(".")
    name = re.split(r"[\\/]", path.rstrip("\\/"))[-1]
    return ("…/" + name if name else "…") + "." * (len(found[0]) - len(path))
