"""Preparing a host: an environment of its own with the torch that fits its GPU, and our engine, made by a job there.

The job outlives the connection; asked again, it is followed from where it is. Nothing needs root.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from engine.errors import RemoteError
from engine.executors.ssh.engine_wheel import EXTRA
from engine.executors.ssh.environment import (
    Plan,
    desktop_mark,
    facts_of,
    list_environments,
    look_up,
    plan_for,
)
from engine.executors.ssh.pace import Sent
from engine.executors.ssh.pip_wheel import pip_wheel
from engine.executors.ssh.preparation_faults import cancelled_fault, too_little_space
from engine.executors.ssh.preparation_job import Job, Watch
from engine.executors.ssh.probing import OwnEnvironment, Probe, ask_for, probe_host
from engine.executors.ssh.wheel_folder import send_wheels, wheels_in
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, HostRecord

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink
    from engine.executors.ssh.connection import Connection

CPU_BYTES: Final = 3 << 30
CUDA_BYTES: Final = 10 << 30
"""What an environment takes while it is made, without and with CUDA's libraries."""
UNPACKED: Final = 4
"""Wheels take about so many times their size: sent, unpacked, and once more while that is done."""
PUT_S: Final = 120.0
SELF_TEST_S: Final = 660.0


def prepare(
    connection: Connection, home: Home, watch: Watch | None = None, *, again: bool = False
) -> EnvironmentFacts:
    """Bring a host to where it can train: made when missing, replaced when outdated, else left as it is.

    Args:
        connection: open. When it is cut while the job works, it is opened again.
        home: the user's folder, by which the host knows whose environment it is.
        watch: who is told.
        again: make it anew also when it is ready.

    Raises:
        UserError: `prepare_cancelled`, `wheels_missing`, `engine_not_installed`, `pip_missing`.
        RemoteError: `host_unreachable`, `host_python_missing`, and the codes of `preparation_faults`.
    """
    host, watch = connection.host, watch or Watch()
    link = connection.start_agent()
    job: Job | None = None
    try:
        watch.progress(0, 0, f"Looking at {host.name}")
        if host.environment:
            return check_own_environment(link)
        key, facts = look_up(link, host)
        if facts.state == "ready" and not again:
            _drop_others(link, home, key)
            return facts
        probe = probe_host(link)
        plan = plan_for(host, probe)
        watch.log(f"{host.name}: {probe.system}; Python {plan.python.version}. {plan.choice.reason}")
        if plan.choice.advice:
            watch.log(plan.choice.advice)
        need = _need_bytes(host, plan)
        if probe.disk.free < need:
            raise too_little_space(host, probe.disk.free, need)
        parts = _send_parts(link, plan, watch)
        if watch.cancelled():
            raise cancelled_fault(host)
        job = Job(connection, link, plan.key, watch)
        mark = job.run(_specification(plan, parts, probe, home), need, again=again)
        _drop_others(job.link, home, plan.key)
        return facts_of(mark)
    finally:
        (job.link if job is not None else link).close()


def check_own_environment(link: AgentLink) -> EnvironmentFacts:
    """Test the Python that the user has named for a host.

    Raises:
        RemoteError: `host_environment_broken`, `host_environment_differs`.
    """
    host = link.host
    told = ask_for(link, "try_environment", OwnEnvironment, SELF_TEST_S, python=host.environment)
    if not told.ok:
        raise RemoteError(
            "host_environment_broken",
            f"{host.name}: {host.environment} does not run Lensmith's engine. {' '.join(told.said)[-400:]}",
            "Install the engine into it, or let Lensmith make an environment: "
            f"lensmith hosts edit {host.name} --environment ''",
        )
    ours = _release()
    if told.engine.partition("+")[0] != ours:
        raise RemoteError(
            "host_environment_differs",
            f"{host.name}: {host.environment} holds Lensmith {told.engine}; here is {ours}.",
            "Install the same version there, or let Lensmith make an environment: "
            f"lensmith hosts edit {host.name} --environment ''",
        )
    return EnvironmentFacts(
        state="own",
        engine=told.engine,
        torch=told.torch,
        torch_build=told.torch_build,
        device_ok=told.device_ok,
    )


def _release() -> str:
    from importlib.metadata import version

    from engine.executors.ssh.engine_wheel import DISTRIBUTION

    return version(DISTRIBUTION).partition("+")[0]


def _need_bytes(host: HostRecord, plan: Plan) -> int:
    if host.wheels:
        return UNPACKED * sum(path.stat().st_size for path in wheels_in(host.wheels))
    return CPU_BYTES if plan.choice.builds[0].name == "cpu" else CUDA_BYTES


def _send_parts(link: AgentLink, plan: Plan, watch: Watch) -> dict[str, object]:
    """Send our wheel, and the user's, and pip if it is missing there; gives their places below Lensmith's folder."""
    wheel = plan.wanted.wheel
    parts: dict[str, object] = {"wheel": _put_wheel(link, f"wheels/engine/{wheel.file_name}", wheel.content)}
    if link.host.wheels:

        def tell(sent: Sent) -> None:
            watch.progress(sent.done_bytes, sent.total_bytes, "Sending the wheels")

        parts["links"] = send_wheels(link, link.host.wheels, tell, watch.cancelled)
    if not plan.python.ensurepip:
        pip = pip_wheel()
        parts["pip_wheel"] = _put_wheel(link, f"wheels/pip/{pip.file_name}", pip.content)
    return parts


def _put_wheel(link: AgentLink, path: str, content: bytes) -> str:
    link.ask("put", content, timeout_s=PUT_S, path=path)
    return path


def _specification(plan: Plan, parts: dict[str, object], probe: Probe, home: Home) -> bytes:
    """What the job on the host reads."""
    builds = [{"name": build.name, "arguments": list(build.arguments)} for build in plan.choice.builds]
    if "links" in parts:
        # The folder decides which build it is: pip sees nothing else.
        builds = [{"name": "of the folder", "arguments": ["torch", "torchvision"]}]
    return json.dumps(
        {
            **parts,
            "python": plan.python.path,
            "builds": builds,
            "extra": EXTRA,
            "constraints": plan.wanted.constraints,
            "base": plan.base,
            "has_gpu": bool(probe.gpus),
            "marks": {
                "engine_sha": plan.wanted.wheel.sha256,
                "asked": plan.wanted.asked,
                "desktop": desktop_mark(home),
            },
        }
    ).encode()


def _drop_others(link: AgentLink, home: Home, key: str) -> None:
    """Remove this desktop's older environments that no run uses, and what was left half made."""
    for one in list_environments(link):
        is_old = one.ready is None or one.ready.desktop == desktop_mark(home)
        is_over_it = one.ready is not None and one.ready.overlay_of == key
        if one.key != key and not is_over_it and is_old and not one.building and not one.used_by:
            try:
                link.ask("drop_environment", b"", timeout_s=PUT_S, key=one.key)
            except RemoteError as error:
                if error.code != "environment_in_use":  # a run has begun with it just now
                    raise
