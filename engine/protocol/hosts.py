"""Other machines by name: what the user said of them, what was last found on them, and how a place is written."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.job import Frozen
from engine.protocol.operating_system import wait_for_lock
from engine.protocol.run_folder import write_atomic, write_record

LOCAL: Final = "local"
SSH_PREFIX: Final = "ssh:"
DEFAULT_FOLDER: Final = "~/.lensmith"
BringHome = Literal["as_they_appear", "at_the_end", "on_demand"]
Clean = Literal["when_home", "keep"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")


class HostRecord(BaseModel):
    """What the user said of a machine. No secret stands here, and nothing that was found out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    """What `--on ssh:NAME` takes."""
    host: str
    """Its address, or the name that the network knows it by."""
    port: int = Field(default=22, ge=1, le=65535)
    user: str = ""
    """Empty takes the name of the user of this machine."""
    key_file: str = ""
    """Private key on this machine; empty tries the agent and the usual files in ~/.ssh."""
    folder: str = DEFAULT_FOLDER
    """Where Lensmith keeps everything on that machine; `~` is the home there."""
    python: str = ""
    """Python on that machine from which an environment is made; empty looks for the newest that fits."""
    environment: str = ""
    """A Python there that has Lensmith's engine installed already; empty lets Lensmith prepare one."""
    torch_build: str = "auto"
    """auto, cpu, cu126, cu130 …: which build of torch is installed there."""
    wheels: str = ""
    """Folder of wheels on this machine that is sent along, for hosts without internet."""
    bring_home: BringHome = "as_they_appear"
    """When checkpoints and results are copied to this machine."""
    clean: Clean = "when_home"
    """When a run's folder there is removed: as soon as all of it is here, or never."""


class GpuFacts(Frozen):
    """One GPU as `nvidia-smi` tells it."""

    index: int
    name: str
    memory_bytes: int = 0
    free_bytes: int = 0
    utilisation: float = 0.0
    """Percent."""
    capability: str = ""
    """Compute capability, `8.9`."""
    holder: str = ""
    """Run that holds it on the host, this desktop's or another's; empty when none of Lensmith's does."""


class EnvironmentFacts(Frozen):
    """The prepared environment on a host."""

    state: Literal["missing", "outdated", "ready", "own"] = "missing"
    """own: the user named one; outdated: made for another version of the engine."""
    engine: str = ""
    torch: str = ""
    torch_build: str = ""
    device_ok: bool | None = None
    """Whether a convolution ran on the GPU there; None when it has none."""
    bytes: int = 0


class HostCheck(Frozen):
    """One thing that was looked at, and what to do when it is not as it should be."""

    name: str
    """key, login, python, folder, disk, gpu, clock, sleep, network, environment, speed."""
    state: Literal["ok", "warning", "failed"]
    message: str
    hint: str = ""
    code: str = ""
    """Of the failure, as troubleshooting lists it."""


class HostFacts(Frozen):
    """What was last found on a host."""

    checked: float = 0.0
    """Unix seconds."""
    checks: tuple[HostCheck, ...] = ()
    system: str = ""
    """`Debian GNU/Linux 12, x86_64`."""
    python: str = ""
    """Version and path of the Python that would be used."""
    cpus: int = 0
    memory_bytes: int = 0
    memory_free_bytes: int = 0
    disk_free_bytes: int = 0
    gpus: tuple[GpuFacts, ...] = ()
    driver: str = ""
    clock_offset_s: float = 0.0
    """Its clock minus ours."""
    latency_s: float = 0.0
    """Round trip, the shortest seen."""
    upload_bytes_per_s: float = 0.0
    environment: EnvironmentFacts = EnvironmentFacts()
    queue: int = 0
    """Runs of Lensmith at work there, ours and other desktops'."""


class _Book(Frozen):
    """HOME/hosts.json."""

    hosts: tuple[HostRecord, ...] = ()


_Change = Callable[[list[HostRecord]], list[HostRecord]]


def place_name(executor: str) -> str:
    """The name of the host in `ssh:NAME`; empty for this machine."""
    return executor.removeprefix(SSH_PREFIX) if executor.startswith(SSH_PREFIX) else ""


def place_unknown(place: str) -> UserError:
    """Nothing of this version can run there."""
    return UserError(
        "executor_unknown",
        f"This version of Lensmith cannot run on {place!r}.",
        "Say `local`, or `ssh:NAME` with a name from `lensmith hosts list`.",
    )


def require_host_name(name: str) -> str:
    """Give the name back, or say what is wrong with it.

    Raises:
        UserError: `host_name_invalid`.
    """
    if _NAME.match(name):
        return name
    raise UserError(
        "host_name_invalid",
        f"{name!r} cannot be the name of a host.",
        "Take up to 40 letters, digits, dots, dashes and underscores; begin with a letter or digit.",
    )


class HostBook:
    """The user's hosts, in HOME/hosts.json, readable by this user alone; facts lie beside it in HOME/hosts."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def path(self) -> Path:
        return self._home.path / "hosts.json"

    @property
    def folder(self) -> Path:
        """Facts by host, and `known_hosts`."""
        return self._home.path / "hosts"

    @property
    def known_hosts(self) -> Path:
        """Keys that the user has accepted, in OpenSSH's format."""
        return self.folder / "known_hosts"

    def list(self) -> list[HostRecord]:
        """All hosts by name.

        Raises:
            UserError: `hosts_damaged`.
        """
        if not self.path.exists():
            return []
        try:
            book = _Book.model_validate_json(self.path.read_bytes())
        except (OSError, ValidationError) as error:
            raise UserError(
                "hosts_damaged",
                f"The list of hosts {self.path} cannot be read ({type(error).__name__}).",
                "Mend or remove the file, then add the hosts again with `lensmith hosts add`.",
            ) from error
        return sorted(book.hosts, key=lambda host: host.name)

    def get(self, name: str) -> HostRecord:
        """One host.

        Raises:
            UserError: `host_unknown`.
        """
        hosts = self.list()
        for host in hosts:
            if host.name == name:
                return host
        there = ", ".join(host.name for host in hosts) or "none yet"
        raise UserError(
            "host_unknown",
            f"There is no host named {name!r}.",
            f"There are: {there}. Add one with `lensmith hosts add NAME --host ADDRESS`.",
        )

    def put(self, host: HostRecord) -> None:
        """Add a host, or take the place of the one with its name."""
        require_host_name(host.name)
        self._change(lambda hosts: [*(other for other in hosts if other.name != host.name), host])

    def remove(self, name: str) -> None:
        """Forget a host and what was found on it.

        Raises:
            UserError: `host_unknown`.
        """
        self.get(name)
        self._change(lambda hosts: [other for other in hosts if other.name != name])
        self._facts_path(name).unlink(missing_ok=True)

    def facts(self, name: str) -> HostFacts | None:
        """What was last found on a host; None when it was never asked."""
        try:
            return HostFacts.model_validate_json(self._facts_path(name).read_bytes())
        except (OSError, ValidationError):
            return None

    def keep_facts(self, name: str, facts: HostFacts) -> None:
        write_record(self._facts_path(name), facts)

    def _facts_path(self, name: str) -> Path:
        return self.folder / f"{name}.facts.json"

    def _change(self, change: _Change) -> None:
        self._home.ensure()
        lock = wait_for_lock(self._home.path / ".hosts.lock")
        try:
            book = _Book(hosts=tuple(change(self.list())))
            write_atomic(self.path, book.model_dump_json(indent=1).encode())
            with contextlib.suppress(OSError):
                self.path.chmod(0o600)
        finally:
            if lock is not None:
                lock.release()
