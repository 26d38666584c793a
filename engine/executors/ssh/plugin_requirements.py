"""What a plugin requires beyond our engine: asked after on the host, and installed there only when the user has agreed.

It goes into an environment of its own that lies over the prepared one, so that no plugin changes what others run with.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import Field

from engine.errors import RemoteError
from engine.executors.ssh.environment import (
    desktop_mark,
    environment_python,
    facts_of,
    list_environments,
    look_up,
    ready_environment,
)
from engine.executors.ssh.preparation import prepare
from engine.executors.ssh.preparation_faults import cancelled_fault
from engine.executors.ssh.preparation_job import Job, Watch
from engine.executors.ssh.probing import Word
from engine.executors.ssh.under_way import answer_invalid
from engine.executors.ssh.wheel_folder import send_wheels
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, HostRecord
from engine.protocol.job import Frozen

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink
    from engine.executors.ssh.connection import Connection

FILE: Final = "requirements.txt"
NEED_BYTES: Final = 1 << 30
ASK_S: Final = 90.0


class _Missing(Frozen):
    missing: tuple[Word, ...] = Field(default=(), max_length=1000)


def requirement_lines(folder: Path) -> tuple[str, ...]:
    """Read a plugin's requirements.txt: packages alone, in order; pip's options and what is no package are left out."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    found: list[str] = []
    for line in text.splitlines():
        try:
            found.append(str(Requirement(line.split(" #")[0].strip())))
        except InvalidRequirement:
            continue
    return tuple(found)


def python_for(link: AgentLink, host: HostRecord, lines: tuple[str, ...]) -> str:
    """Give the Python there that meets a plugin's requirements: the host's environment, or one that lies over it.

    Raises:
        RemoteError: `host_not_prepared`, `host_requirements_missing`.
    """
    python, _ = ready_environment(link, host)
    if not lines:
        return python
    if not host.environment:
        key, _ = look_up(link, host)
        over = _overlay_key(key, lines)
        if any(one.key == over and one.ready and not one.building for one in list_environments(link)):
            return environment_python(link, over)
    missing = missing_on(link, python, lines)
    if not missing:
        return python
    where = f"Install them into {host.environment} there" if host.environment else "Install them"
    how = "" if host.environment else f": lensmith hosts install {host.name} --plugin PLUGIN"
    raise RemoteError(
        "host_requirements_missing",
        f"{host.name} lacks packages that the plugin requires: {', '.join(missing)}.",
        f"{where}{how}. They are programs of others; nothing is installed unasked.",
    )


def missing_on(link: AgentLink, python: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    """Say which requirements a Python there does not meet."""
    answer = link.ask("missing_requirements", json.dumps(lines).encode(), timeout_s=ASK_S, python=python)
    told = answer.data.get("missing")
    if not isinstance(told, list):
        raise answer_invalid(link)
    return _Missing.model_validate({"missing": told}).missing


def install_requirements(
    connection: Connection, home: Home, lines: tuple[str, ...], watch: Watch | None = None
) -> EnvironmentFacts:
    """Install what a plugin requires, over the host's environment. Call it only when the user has agreed.

    Raises:
        UserError: `prepare_cancelled`.
        RemoteError: as `prepare` does.
    """
    host, watch = connection.host, watch or Watch()
    prepare(connection, home, watch)
    link = connection.start_agent()
    job: Job | None = None
    try:
        key, _ = look_up(link, host)
        specification: dict[str, object] = {
            "overlay_of": key,
            "requirements": list(lines),
            "base": "",
            "marks": {"overlay_of": key, "desktop": desktop_mark(home)},
        }
        if host.wheels:
            specification["links"] = send_wheels(link, host.wheels, lambda _: None, watch.cancelled)
        if watch.cancelled():
            raise cancelled_fault(host)
        job = Job(connection, link, _overlay_key(key, lines), watch)
        return facts_of(job.run(json.dumps(specification).encode(), NEED_BYTES, again=False))
    finally:
        (job.link if job is not None else link).close()


def _overlay_key(key: str, lines: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps([key, *sorted(lines)]).encode()).hexdigest()[:16]
