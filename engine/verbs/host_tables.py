"""Hosts as people read them on a terminal. What a host said of itself is shown as it is, never as markup."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.table import Table

from engine.protocol.hosts import EnvironmentFacts, HostFacts, HostRecord
from engine.verbs.reply import table

MARKS = {"ok": "ok", "warning": "!", "failed": "FAILED"}
STATES = {"missing": "not prepared", "outdated": "outdated", "ready": "ready", "own": "your own"}


def host_table(known: Sequence[tuple[HostRecord, HostFacts | None]]) -> Table | str:
    """All hosts, one a line."""
    if not known:
        return "There is no host yet. Add one with `lensmith hosts add NAME --host ADDRESS`."
    rows = [(host.name, _address(host), *_found(facts)) for host, facts in known]
    return table(("Name", "Address", "GPUs", "Environment", "Looked at"), rows)


def fact_lines(host: HostRecord, facts: HostFacts | None) -> str:
    """What was found on a host: a few lines of facts, then each check with its remedy."""
    lines = [f"{host.name}: {_address(host)}, folder {host.folder}"]
    if facts is None:
        return "\n".join([*lines, f"It was not looked at yet: lensmith hosts test {host.name}"])
    if facts.system:
        memory = f"{facts.memory_free_bytes / 1e9:.0f} of {facts.memory_bytes / 1e9:.0f} GB of memory free"
        lines.append(f"{facts.system}; {facts.cpus} processors, {memory}; {facts.queue} runs at work")
    for gpu in facts.gpus:
        holder = f", at work on {gpu.holder}" if gpu.holder else ""
        free = f"{gpu.free_bytes / 1e9:.0f} of {gpu.memory_bytes / 1e9:.0f} GB free"
        lines.append(f"GPU {gpu.index}: {gpu.name}, {free}, {gpu.utilisation:.0f} % busy{holder}")
    for check in facts.checks:
        lines.append(f"{MARKS[check.state]:>6}  {check.name}: {check.message}")
        if check.hint and check.state != "ok":
            lines.append(f"        {check.hint}")
    return "\n".join(lines)


def _found(facts: HostFacts | None) -> tuple[str | None, str | None, str | None]:
    if facts is None or not facts.checked:
        return None, None, None
    gpus = ", ".join(gpu.name for gpu in facts.gpus) or "none"
    return gpus, _state(facts.environment), time.strftime("%Y-%m-%d %H:%M", time.localtime(facts.checked))


def _state(environment: EnvironmentFacts) -> str:
    torch = f", torch {environment.torch}" if environment.torch else ""
    return STATES[environment.state] + torch


def _address(host: HostRecord) -> str:
    user = f"{host.user}@" if host.user else ""
    return f"{user}{host.host}" + (f":{host.port}" if host.port != 22 else "")
