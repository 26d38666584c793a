"""What a run is asked to do, and the states it can be in. One table says which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

JobKind = Literal["train", "evaluate", "export", "benchmark", "tune", "profile"]
RunState = Literal[
    "queued",
    "preparing",
    "starting",
    "running",
    "held",
    "paused",
    "stopping",
    "completed",
    "stopped",
    "failed",
    "cancelled",
    "lost",
]
EndState = Literal["completed", "stopped", "paused", "failed", "cancelled", "lost"]
AttemptReason = Literal["start", "resume", "retry", "extend", "move"]
FailureCause = Literal[
    "oom", "nan", "data", "disk_full", "worker_died", "plugin", "preempted", "network", "cancelled", "bug"
]

TRANSITIONS: Final[Mapping[RunState, frozenset[RunState]]] = {
    "queued": frozenset({"preparing", "cancelled", "failed", "stopped"}),
    "preparing": frozenset({"starting", "cancelled", "stopped", "paused", "failed", "lost", "queued"}),
    "starting": frozenset(
        {"running", "stopping", "paused", "stopped", "completed", "cancelled", "failed", "lost"}
    ),
    "running": frozenset(
        {"held", "paused", "stopping", "completed", "stopped", "failed", "cancelled", "lost"}
    ),
    "held": frozenset(
        {"running", "paused", "stopping", "stopped", "completed", "failed", "cancelled", "lost"}
    ),
    "stopping": frozenset({"stopped", "paused", "completed", "failed", "cancelled", "lost"}),
    "paused": frozenset({"queued"}),
    "stopped": frozenset({"queued"}),
    "failed": frozenset({"queued"}),
    "lost": frozenset(
        {
            "queued",
            "starting",
            "running",
            "held",
            "stopping",
            "paused",
            "completed",
            "stopped",
            "failed",
            "cancelled",
        }
    ),
    "completed": frozenset({"queued"}),
    "cancelled": frozenset(),
}
"""`completed -> queued` is for an extension only; `lost` may turn out to be alive after all."""

HERE: Final = ("local", "inline")
"""Executors whose workers run on this machine."""
ACTIVE_STATES: Final[frozenset[RunState]] = frozenset(
    {"preparing", "starting", "running", "held", "stopping"}
)
"""States in which a process is expected to exist."""
END_STATES: Final[frozenset[RunState]] = frozenset(
    {"completed", "stopped", "failed", "cancelled", "paused", "lost"}
)


def can_follow(current: RunState, wanted: RunState) -> bool:
    """Say whether a run in state `current` may go to `wanted`."""
    return wanted in TRANSITIONS[current]


class Frozen(BaseModel):
    """A record of the protocol: immutable, tolerant of keys that a later version added."""

    # JSON has no word for a NaN: pydantic would write null, which no reader takes for a number again.
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


class PluginRef(Frozen):
    """The frozen plugin of a run: its source lies in RUN/plugin."""

    id: str
    """Folder name of the plugin, as `--plugin` takes it."""
    model: str
    """`ModelMetadata.name` of the class inside the plugin."""
    source_hash: str
    """sha256 over the plugin's files, hex."""
    file: str = "model.py"
    """The file in RUN/plugin that is imported, relative and posix."""


class DatasetRef(Frozen):
    """The dataset of a run: its manifest is frozen at RUN/dataset/manifest.json, its root is in the attempt."""

    name: str
    version: str


class JobSpec(Frozen):
    """RUN/job.json: written once, at enqueue, never changed, free of this machine's paths.

    `config` is the full, resolved, flat configuration (dotted names). `task_options` is what kinds other than
    `train` need (evaluate: parent_run, checkpoint, split; export: parent_run, checkpoint, format, options).
    """

    schema_version: int = 1
    run: str
    kind: JobKind = "train"
    name: str = ""
    created: str
    """UTC, ISO 8601."""
    task: str = "classification"
    plugin: PluginRef
    dataset: DatasetRef | None = None
    preset: str | None = None
    config: dict[str, object] = Field(default_factory=dict)
    task_options: dict[str, object] = Field(default_factory=dict)


class Placement(Frozen):
    """Where an attempt runs. The one place where paths of a machine may stand."""

    executor: str = "local"
    resource: str = "cpu"
    """`cpu`, or `cuda:0` (comma separated for several GPUs): what the queue leases."""
    dataset_root: str | None = None
    """Absolute path of the dataset's root on the executing machine."""
    threads: int | None = None
    """Compute threads of the worker; None leaves it to the worker."""

    @property
    def lease(self) -> str:
        """What the queue leases for it: `cuda:0` here, `ssh:box/cuda:0` on another machine."""
        return self.resource if self.executor in HERE else f"{self.executor}/{self.resource}"


class AttemptSpec(Frozen):
    """RUN/attempts/0001/attempt.json: one start, resume, retry, extension or move."""

    attempt: int
    reason: AttemptReason = "start"
    placement: Placement = Placement()
    interpreter: str | None = None
    from_checkpoint: str | None = None
    """Checkpoint folder to go on from, relative to the run folder (`checkpoints/last`); None starts afresh."""
    overrides: dict[str, object] = Field(default_factory=dict)
    """Flat config values that hold from this attempt on."""
    automatic: bool = False
    """Started by the runner after a transient failure, not by the user."""


class Failure(Frozen):
    """Why a run failed: a typed cause, a sentence, and what to do next."""

    cause: FailureCause
    code: str
    message: str
    hint: str = ""
    traceback: str = ""
    log_tail: tuple[str, ...] = ()
    """The last lines (50 at most) of log.txt."""


class ExitRecord(Frozen):
    """RUN/attempts/0001/exit.json, the last thing a worker writes."""

    state: EndState
    failure: Failure | None = None


class ProcessRecord(Frozen):
    """pid.json and runner.json: a process, told apart from a later one with the same number."""

    pid: int
    start_time: str
    """Opaque identity of the process start (see operating_system.process_identity)."""
    host: str
