"""Removing from a host what Lensmith keeps there: runs that are all here, datasets, environments; nothing at work."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from engine.errors import RemoteError
from engine.executors.ssh.environment import list_environments
from engine.executors.ssh.probing import Word, ask_for
from engine.protocol.home import Home
from engine.protocol.job import Frozen

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink

PRODUCED: Final = ("checkpoints/", "results/", "exports/", "artifacts/", "profile/")
"""What a run makes on the host. It must be here before it may go there."""
REMOVE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What to remove."""

    runs: bool = False
    data: bool = False
    environment: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed, and what was not and why."""

    removed_bytes: int
    kept: tuple[str, ...]


class _InUse(Frozen):
    runs: tuple[Word, ...] = ()
    data: tuple[Word, ...] = ()


def clean(link: AgentLink, home: Home, parts: Parts) -> Cleaned:
    """Remove from a host what is asked for and nobody needs.

    Raises:
        RemoteError: it cannot be asked, or has something against it.
    """
    used = ask_for(link, "in_use", _InUse, REMOVE_S)
    removed, kept = 0, list[str]()
    if parts.runs:
        removed += _clean_runs(link, home, used.runs, kept)
    if parts.environment:
        removed += _clean_environments(link, kept)
        if any(one.building for one in list_environments(link)):
            kept.append("The wheels: an environment is being prepared from them.")
        else:
            removed += _freed(link, "remove", path="wheels")
    if parts.data or parts.environment:
        # Trees that stay keep their objects; those of removed trees go at once.
        days = 0.0 if parts.data else 36_500.0
        removed += _freed(link, "sweep", days=days, settled_s=0.0, keep=list(used.data))
    if parts.data:
        kept += [f"The dataset {Path(path).name[:12]}: a run reads from it." for path in used.data]
    return Cleaned(removed, tuple(kept))


def _clean_runs(link: AgentLink, home: Home, at_work: tuple[str, ...], kept: list[str]) -> int:
    removed = 0
    for run, files in _runs_there(link).items():
        if run in at_work:
            kept.append(f"The run {run}: it is at work.")
        elif not (home.runs / run).is_dir():
            kept.append(f"The run {run}: it is another desktop's, or was deleted here.")
        elif any(_size(home.runs / run / name) != size for name, size in files.items()):
            kept.append(f"The run {run}: not all of it is here. Fetch it first: lensmith runs fetch {run}")
        else:
            removed += _freed(link, "remove", path=f"runs/{run}")
    return removed


def _runs_there(link: AgentLink) -> dict[str, dict[str, int]]:
    """What each run there has produced: sizes by path inside the run."""
    try:
        rows: object = json.loads(link.ask("list", b"", timeout_s=REMOVE_S, path="runs").payload)
    except ValueError:
        return {}
    found: dict[str, dict[str, int]] = {}
    for row in cast("list[object]", rows) if isinstance(rows, list) else []:
        cells = cast("list[object]", row) if isinstance(row, list) else []
        name, size = (cells[0], cells[1]) if len(cells) >= 2 else ("", 0)
        if isinstance(name, str) and isinstance(size, int) and "/" in name and ".." not in name.split("/"):
            run, _, path = name.partition("/")
            files = found.setdefault(run, {})
            if path.startswith(PRODUCED):
                files[path] = size
    return found


def _clean_environments(link: AgentLink, kept: list[str]) -> int:
    removed = 0
    for one in list_environments(link):
        try:
            removed += _freed(link, "drop_environment", key=one.key)
        except RemoteError as error:
            if error.code != "environment_in_use":
                raise
            kept.append(error.message)
    return removed


def _freed(link: AgentLink, verb: str, **asked: object) -> int:
    answer = link.post(verb, b"", **asked).result(REMOVE_S).data
    freed = answer.get("freed", answer.get("removed_bytes"))
    return freed if isinstance(freed, int) and freed > 0 else 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
