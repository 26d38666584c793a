"""What a host's agent says of the host, read as the words of another party: checked, and short enough to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from engine.executors.ssh.plain_text import plain
from engine.executors.ssh.under_way import answer_invalid
from engine.protocol.hosts import GpuFacts
from engine.protocol.job import Frozen

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink

PROBE_S: Final = 90.0
"""A host with many Pythons on a slow disk takes its time."""
Told = TypeVar("Told", bound=BaseModel)


Word = Annotated[str, AfterValidator(plain)]


class PythonFacts(Frozen):
    """A Python on a host, as it describes itself."""

    path: str = Field(max_length=4096)
    version: Word
    venv: bool = False
    ensurepip: bool = False
    pip: bool = False
    is_64: bool = True
    has_gil: bool = True
    in_environment: bool = False

    @property
    def minor(self) -> tuple[int, int]:
        """`(3, 11)`; (0, 0) for one that says nonsense."""
        parts = self.version.split(".")
        is_number = len(parts) >= 2 and parts[0].isdigit() and parts[1].isdigit()
        return (int(parts[0]), int(parts[1])) if is_number else (0, 0)


class DiskFacts(Frozen):
    """The disk of Lensmith's folder."""

    total: int = 0
    free: int = 0
    files_free: int = -1
    """How many more files it takes; -1 where it does not say."""
    noexec: bool = False


class SleepFacts(Frozen):
    """What may end or halt a process there that nobody is logged in for."""

    kills_at_logout: bool = False
    idle_action: Word = ""
    battery: bool = False


class ProbedGpu(GpuFacts):
    """A GPU, its name as safe to show as everything else."""

    name: Word
    capability: Word = ""
    holder: Word = ""


class Glance(Frozen):
    """What changes from minute to minute."""

    gpus: tuple[ProbedGpu, ...] = Field(default=(), max_length=64)
    driver: Word = ""
    smi_fault: Word = ""
    memory: int = 0
    memory_free: int = 0
    disk: DiskFacts = DiskFacts()
    load: float = 0.0
    queue: int = 0


class Probe(Glance):
    """Everything that is looked at."""

    system: Word = ""
    machine: Word = ""
    libc: Word = ""
    user: Word = ""
    cpus: int = 0
    pythons: tuple[PythonFacts, ...] = Field(default=(), max_length=64)
    sleep: SleepFacts = SleepFacts()


class NetworkFacts(Frozen):
    """How far a host gets for packages."""

    pip: bool | None = None
    """Whether pip found a package; None where no pip could be run."""
    answers: bool = False
    """Whether the address that was asked for answers."""
    said: Word = ""


class OwnEnvironment(Frozen):
    """What the self-test says of a Python that the user has named."""

    ok: bool = False
    engine: Word = ""
    torch: Word = ""
    torch_build: Word = ""
    device_ok: bool | None = None
    said: tuple[Word, ...] = ()


def ask_for(
    link: AgentLink, verb: str, form: type[Told], timeout_s: float = PROBE_S, **asked: object
) -> Told:
    """Ask the agent, and read the answer as `form`.

    Raises:
        RemoteError: `host_answer_invalid`, `host_unreachable`, or what the agent refuses with.
    """
    answer = link.ask(verb, b"", timeout_s=timeout_s, **asked)
    try:
        return form.model_validate(answer.data)
    except ValidationError as error:
        raise answer_invalid(link) from error


def probe_host(link: AgentLink) -> Probe:
    """Look at everything on a host; a Python that its record names is the only one looked at."""
    return ask_for(link, "probe", Probe, PROBE_S, python=link.host.python)


def glance_at(link: AgentLink) -> Glance:
    """Look at what changes from minute to minute."""
    return ask_for(link, "glance", Glance, 60.0)
