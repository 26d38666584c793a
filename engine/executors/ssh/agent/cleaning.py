"""What living runs on this host hold on to, so that nothing is removed from under them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executors.ssh.agent import processes

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Agent, Arguments, Verb


def in_use(agent: Agent, _arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """The runs whose process lives, this desktop's or another's, and the dataset folders they read from."""
    runs: set[str] = set()
    data: set[str] = set()
    root = agent.root.resolve()
    for record in (agent.root / "runs").glob("*/attempts/*/" + processes.PID_FILE):
        if processes.living(record.parent) is None:
            continue
        runs.add(record.parents[2].name)
        try:
            spec: Arguments = json.loads((record.parent / "attempt.json").read_bytes().decode("utf-8"))
            data.add(Path(str(spec["placement"]["dataset_root"])).resolve().relative_to(root).as_posix())
        except (OSError, ValueError, KeyError, TypeError):
            continue  # without a dataset, or with one of the user's own elsewhere
    return {"runs": sorted(runs), "data": sorted(data)}, b""


VERBS: dict[str, Verb] = {"in_use": in_use}
