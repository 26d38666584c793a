"""Testing a host: each thing that a run there needs is looked at, and what is not right is told with its remedy."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from engine.errors import RemoteError, UserError
from engine.executors.ssh import host_checks
from engine.executors.ssh.clock import measure_clock
from engine.executors.ssh.environment import choose_python, look_up
from engine.executors.ssh.preparation import check_own_environment
from engine.executors.ssh.probing import Glance, NetworkFacts, Probe, ask_for, glance_at, probe_host
from engine.executors.ssh.torch_build import WHEEL_INDEX
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, GpuFacts, HostBook, HostCheck, HostFacts, HostRecord

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink
    from engine.executors.ssh.connection import Connection

ASKING: Final = ("host_key_unknown", "host_passphrase_needed", "host_passphrase_wrong")
"""Faults that end a test: the user is asked something, then it begins anew."""
TOLD_AS: Final = {
    "host_key_changed": "key",
    "host_key_differs": "key",
    "host_without_python": "python",
    "host_not_writable": "folder",
    "host_disk_full": "disk",
}
"""The check that a fault of the connection or of the agent's start belongs to; all others are of the login."""
ORDER: Final = (
    *("key", "login", "python", "folder", "disk", "gpu", "clock", "sleep", "network", "environment", "speed"),
)
"""In which the checks are shown."""
LOOKS: Final = 5
SMALL_BYTES: Final = 1 << 18
LARGE_BYTES: Final = 1 << 22
QUICK_S: Final = 0.5
"""When the small parcel takes no longer, a large one tells the speed better."""
NETWORK_S: Final = 60.0
TRIED_PACKAGE: Final = "packaging"
"""One of our own requirements, and a small one."""


@dataclass(slots=True)
class _Findings:
    """What has been found so far."""

    host: HostRecord
    home: Home
    facts: HostFacts
    checks: list[HostCheck] = field(default_factory=list[HostCheck])

    def learn(self, **values: object) -> None:
        self.facts = self.facts.model_copy(update=values)

    def whole(self) -> HostFacts:
        checks = tuple(sorted(self.checks, key=lambda check: ORDER.index(check.name)))
        return self.facts.model_copy(update={"checks": checks, "checked": time.time()})


def _ignore(_done: int, _total: int, _phase: str) -> None:
    """Nobody watches."""


def check_host(
    connection: Connection, home: Home, progress: Callable[[int, int, str], None] = _ignore
) -> HostFacts:
    """Test a host from its key to the speed of the line.

    Args:
        connection: opened here if it is not yet.
        home: the user's folder.
        progress: told done, total and what is looked at.

    Returns:
        What was found. What could not be looked at this time is as it was found before.

    Raises:
        RemoteError: `host_key_unknown`, `host_passphrase_needed`, `host_passphrase_wrong`: the user is asked first.
    """
    host = connection.host
    found = _Findings(host, home, HostBook(home).facts(host.name) or HostFacts())
    progress(0, 5, "Connecting")
    try:
        if not connection.is_open:
            connection.open()
        found.checks.append(host_checks.key_ok())
        link = connection.start_agent()
    except RemoteError as error:
        if error.code in ASKING:
            raise
        _note(found, error)
        return found.whole()
    found.checks.append(host_checks.login_ok(host))
    try:
        _look_at_all(link, found, progress)
    except RemoteError as error:
        _note(found, error)  # gone in the middle
    finally:
        link.close()
    return found.whole()


def check_now(link: AgentLink, home: Home) -> HostFacts:
    """Ask a host for what changes from minute to minute, on top of what was found before.

    Raises:
        RemoteError: it cannot be asked.
    """
    found = _Findings(link.host, home, HostBook(home).facts(link.host.name) or HostFacts())
    _learn_glance(found, glance_at(link))
    if not link.host.environment:
        _, environment = look_up(link, link.host)
        found.learn(environment=environment)
    checks = _let_in(found.facts.checks, link.host)
    return found.facts.model_copy(update={"checked": time.time(), "checks": checks})


def _let_in(checks: tuple[HostCheck, ...], host: HostRecord) -> tuple[HostCheck, ...]:
    """The checks of before, without a fault of the way there: it has let us in since."""
    fine = {"key": host_checks.key_ok(), "login": host_checks.login_ok(host)}
    return tuple(fine.get(check.name, check) for check in checks)


def with_environment(facts: HostFacts, host: HostRecord, environment: EnvironmentFacts) -> HostFacts:
    """The facts after the environment was prepared."""
    check = host_checks.environment(host, environment, has_gpu=bool(facts.gpus))
    others = tuple(one for one in _let_in(facts.checks, host) if one.name != check.name)
    return facts.model_copy(update={"environment": environment, "checks": (*others, check)})


def _note(found: _Findings, error: UserError) -> None:
    """Tell a fault as the check it belongs to."""
    name = TOLD_AS.get(error.code, "login")
    found.checks = [check for check in found.checks if check.name != name]
    if name in ("python", "folder", "disk"):
        found.checks.append(host_checks.login_ok(found.host))
    found.checks.append(host_checks.failed(name, error))


def _look_at_all(link: AgentLink, found: _Findings, progress: Callable[[int, int, str], None]) -> None:
    host = found.host
    progress(1, 5, "Looking at its hardware")
    probe = probe_host(link)
    _learn_glance(found, probe)
    found.learn(system=probe.system, cpus=probe.cpus)
    found.checks += [host_checks.folder(host, str(link.hello.get("root", "")), probe.disk)]
    progress(2, 5, "Looking at its clock and speed")
    _look_at_line(link, found)
    found.checks += [host_checks.gpu(host, probe), host_checks.sleep(host, probe.sleep)]
    progress(3, 5, "Looking at its environment")
    environment = _look_at_python_and_environment(link, found, probe)
    found.checks.append(host_checks.disk(host, probe, environment))
    progress(4, 5, "Looking whether it reaches packages")
    found.checks.append(_look_at_network(link, found, environment))
    progress(5, 5, "Looked at everything")


def _learn_glance(found: _Findings, glance: Glance) -> None:
    found.learn(
        memory_bytes=glance.memory,
        memory_free_bytes=glance.memory_free,
        disk_free_bytes=glance.disk.free,
        gpus=tuple(GpuFacts.model_validate(gpu.model_dump()) for gpu in glance.gpus),
        driver=glance.driver,
        queue=glance.queue,
    )


def _look_at_line(link: AgentLink, found: _Findings) -> None:
    offset, latency = measure_clock(link, LOOKS)
    speed = measure_upload(link)
    found.learn(clock_offset_s=offset, latency_s=latency, upload_bytes_per_s=speed)
    found.checks += [host_checks.clock(offset), host_checks.speed(speed, latency)]


def measure_upload(link: AgentLink) -> float:
    """Give the bytes per second that get there and onto the disk, by a few megabytes of noise."""
    path = f"speed-{os.getpid()}.tmp"
    try:
        took = _send_noise(link, path, SMALL_BYTES)
        if took > QUICK_S:
            return SMALL_BYTES / took
        return LARGE_BYTES / _send_noise(link, path, LARGE_BYTES)
    finally:
        with contextlib.suppress(RemoteError):
            link.ask("remove", b"", path=path)


def _send_noise(link: AgentLink, path: str, size: int) -> float:
    noise = os.urandom(size)
    began = time.perf_counter()
    link.ask("put", noise, timeout_s=NETWORK_S, path=path)
    return max(time.perf_counter() - began, 1e-6)


def _look_at_python_and_environment(link: AgentLink, found: _Findings, probe: Probe) -> EnvironmentFacts:
    host = found.host
    if host.environment:
        return _look_at_own(link, found)
    try:
        python = choose_python(host, probe)
        found.learn(python=f"{python.version} ({python.path})")
        found.checks.append(host_checks.python_ok(python.version, python.path))
    except RemoteError as error:
        found.checks.append(host_checks.failed("python", error))
    _, environment = look_up(link, host)
    found.learn(environment=environment)
    found.checks.append(host_checks.environment(host, environment, has_gpu=bool(probe.gpus)))
    return environment


def _look_at_own(link: AgentLink, found: _Findings) -> EnvironmentFacts:
    host = found.host
    found.learn(python=host.environment)
    try:
        environment = check_own_environment(link)
    except RemoteError as error:
        if error.code == "host_unreachable":
            raise
        found.checks.append(host_checks.failed("environment", error))
        environment = EnvironmentFacts(state="own")
    else:
        has_gpu = bool(found.facts.gpus)
        found.checks.append(host_checks.environment(host, environment, has_gpu=has_gpu))
    found.learn(environment=environment)
    return environment


def _look_at_network(link: AgentLink, found: _Findings, environment: EnvironmentFacts) -> HostCheck:
    host = found.host
    if host.wheels or host.environment:
        return host_checks.network_not_needed(host)
    python = str(link.hello.get("executable", ""))
    told = ask_for(
        link,
        "network",
        NetworkFacts,
        NETWORK_S,
        python=python,
        package=TRIED_PACKAGE,
        address=urlsplit(WHEEL_INDEX).hostname or "",
    )
    return host_checks.network(host, told, is_ready=environment.state == "ready")
