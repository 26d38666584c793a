"""Which environment a host needs for our engine, which it has, and from which Python one is made."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import Field

from engine.errors import RemoteError
from engine.executors.ssh.engine_wheel import EngineWheel, engine_wheel
from engine.executors.ssh.probing import Probe, PythonFacts, Word, ask_for
from engine.executors.ssh.torch_build import TORCH, TorchChoice, choose_builds
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, HostRecord
from engine.protocol.interpreter import PACKAGE_ROOT, is_checkout
from engine.protocol.job import Frozen

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink

OLDEST_PYTHON: Final = (3, 11)
NEWEST_PYTHON: Final = (3, 14)
_LIKED: Final = ((3, 12), (3, 13), (3, 11), (3, 14))
ENVIRONMENTS_S: Final = 60.0
_NOT_CONSTRAINED: Final = ("torch==", "torchvision==", "nvidia-", "triton==", "cuda")
"""These come with the build of torch that fits the host, which may be another than ours."""


class ReadyMark(Frozen):
    """What `ready.json` says of a finished environment."""

    key: Word = ""
    engine_sha: Word = ""
    asked: Word = ""
    desktop: Word = ""
    overlay_of: Word = ""
    """Of one with a plugin's requirements: the key of the environment that it lies over."""
    engine: Word = ""
    torch: Word = ""
    torch_build: Word = ""
    python: Word = ""
    device_ok: bool | None = None
    fault: Word = ""
    bytes: int = 0
    made: float = 0.0


class FoundEnvironment(Frozen):
    """One environment on a host."""

    key: str = Field(pattern=r"^[0-9a-f]{8,64}$")
    ready: ReadyMark | None = None
    building: bool = False
    used_by: tuple[Word, ...] = ()


class FoundEnvironments(Frozen):
    """All of them."""

    environments: tuple[FoundEnvironment, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an environment must be made of.

    Attributes:
        asked: stands for what the user and the engine's requirements ask for; the wheel not.
        wheel: our engine.
        constraints: versions that were proven together; empty with the user's own wheels.
    """

    asked: str
    wheel: EngineWheel
    constraints: str

    def fits(self, mark: ReadyMark | None) -> bool:
        """Whether a finished environment is the one wanted."""
        return mark is not None and (mark.engine_sha, mark.asked) == (self.wheel.sha256, self.asked)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a missing environment is made.

    Attributes:
        wanted: what it must be made of.
        key: its name on the host.
        base: stands for everything but the engine: an environment with the same is taken over for the most part.
        python: from which it is made.
        choice: builds of torch, in the order in which they are tried.
    """

    wanted: Wanted
    key: str
    base: str
    python: PythonFacts
    choice: TorchChoice


def wanted_for(host: HostRecord) -> Wanted:
    """Say what a host's environment must be made of, without asking the host."""
    wheel = engine_wheel()
    constraints = "" if host.wheels else _constraints()
    asked = _hash(host.torch_build, host.python, TORCH, list(wheel.requirements), constraints)
    return Wanted(asked, wheel, constraints)


def plan_for(host: HostRecord, probe: Probe) -> Plan:
    """Say how the environment is made on a host that looks like this.

    Raises:
        RemoteError: `host_python_missing`, `host_libc_unsupported`.
    """
    wanted = wanted_for(host)
    python = choose_python(host, probe)
    choice = choose_builds(probe.gpus, probe.driver, host.torch_build)
    base = _hash(wanted.asked, python.version, python.path, [build.name for build in choice.builds])
    return Plan(wanted, _hash(base, wanted.wheel.sha256), base, python, choice)


def choose_python(host: HostRecord, probe: Probe) -> PythonFacts:
    """Take the Python that an environment is made from: the version that runs here if there is one, not an odd one.

    Raises:
        RemoteError: `host_python_missing`, `host_libc_unsupported`.
    """
    if not probe.libc.startswith("glibc"):
        raise RemoteError(
            "host_libc_unsupported",
            f"{host.name} ({probe.system}) has another C library than glibc, for which there are no builds of torch.",
            "Use a container with Debian or Ubuntu there, or name an environment of your own: "
            f"lensmith hosts edit {host.name} --environment PYTHON",
        )
    fitting = [python for python in probe.pythons if _fits(python)]
    if not fitting:
        raise _no_python(host, probe)
    return max(fitting, key=_rank)


def _fits(python: PythonFacts) -> bool:
    return OLDEST_PYTHON <= python.minor <= NEWEST_PYTHON and python.venv and python.is_64 and python.has_gil


def _rank(python: PythonFacts) -> tuple[bool, bool, int, bool]:
    liking = -_LIKED.index(python.minor) if python.minor in _LIKED else -len(_LIKED)
    return (not python.in_environment, python.minor == sys.version_info[:2], liking, python.ensurepip)


def _no_python(host: HostRecord, probe: Probe) -> RemoteError:
    seen = ", ".join(f"{python.path} ({python.version})" for python in probe.pythons[:4]) or "none"
    without_venv = [p for p in probe.pythons if OLDEST_PYTHON <= p.minor <= NEWEST_PYTHON and not p.venv]
    if without_venv:
        minor = "{}.{}".format(*without_venv[0].minor)
        hint = f"Its Python lacks the module venv: `sudo apt install python{minor}-venv` there."
    else:
        hint = (
            "Install one: `sudo apt install python3 python3-venv`, or without root with Miniforge. One that is not on "
            f"the path is named with `lensmith hosts edit {host.name} --python PATH`."
        )
    return RemoteError(
        "host_python_missing",
        f"{host.name} has no Python from 3.11 to 3.14 from which an environment can be made; found: {seen}.",
        hint,
    )


def list_environments(link: AgentLink) -> tuple[FoundEnvironment, ...]:
    """All environments on a host."""
    return ask_for(link, "environments", FoundEnvironments, ENVIRONMENTS_S).environments


def environment_python(link: AgentLink, key: str) -> str:
    """The interpreter of an environment on a host, in full."""
    return f"{link.hello.get('root', '')}/environments/{key}/venv/bin/python"


def ready_environment(link: AgentLink, host: HostRecord) -> tuple[str, EnvironmentFacts]:
    """Give the Python that workers run with on a host, and what is known of it. Quick: asks one small question.

    Raises:
        RemoteError: `host_not_prepared` when there is none, or only one of another version.
    """
    if host.environment:
        return host.environment, EnvironmentFacts(state="own")
    key, facts = look_up(link, host)
    if facts.state == "ready":
        return environment_python(link, key), facts
    why = (
        "is not prepared yet" if facts.state == "missing" else "was prepared for another version of Lensmith"
    )
    raise RemoteError(
        "host_not_prepared",
        f"{host.name} {why}.",
        f"Prepare it: lensmith hosts prepare {host.name}",
    )


def look_up(link: AgentLink, host: HostRecord) -> tuple[str, EnvironmentFacts]:
    """Find the wanted environment: its key, and its facts; the key is empty when there is none."""
    wanted = wanted_for(host)
    found = list_environments(link)
    for one in found:
        if one.ready is not None and wanted.fits(one.ready) and not one.building:
            return one.key, facts_of(one.ready)
    others = [one.ready for one in found if one.ready is not None and not one.ready.overlay_of]
    if not others:
        return "", EnvironmentFacts()
    newest = max(others, key=lambda mark: mark.made)
    return "", facts_of(newest).model_copy(update={"state": "outdated"})


def facts_of(mark: ReadyMark) -> EnvironmentFacts:
    """What the user is told of a finished environment."""
    return EnvironmentFacts(
        state="ready",
        engine=mark.engine,
        torch=mark.torch,
        torch_build=mark.torch_build,
        device_ok=mark.device_ok,
        bytes=mark.bytes,
    )


def desktop_mark(home: Home) -> str:
    """Tells this user's folder from those of other desktops that work on the same host."""
    return _hash(platform.node(), str(home.path))


def _constraints() -> str:
    """Versions proven together, where this engine runs from its sources: torch's own come with the build."""
    path = PACKAGE_ROOT / "constraints.txt"
    if not is_checkout() or not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if "==" in line and not line.lower().startswith(_NOT_CONSTRAINED)]
    return "".join(f"{line}\n" for line in kept)


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
