"""The run's only voice: the tagged records of events.jsonl and supervision.jsonl, one JSON object a line.

Writers are strict, readers tolerant: a line of a type this version does not know becomes an `UnknownEvent`.
"""

from __future__ import annotations

import json
import os
import time
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from engine.protocol.checkpoint import CheckpointKind
from engine.protocol.job import Failure, Frozen, RunState

CLOCK_VARIABLE = "LENSMITH_CLOCK_OFFSET_S"
"""Tells a worker on another machine by how much its clock is ahead of the user's."""
Source = Literal["worker", "supervision"]
MetricScope = Literal["step", "epoch", "validation", "test"]


def _clock_offset_s() -> float:
    try:
        return float(os.environ.get(CLOCK_VARIABLE, "0"))
    except ValueError:
        return 0.0


_OFFSET_S = _clock_offset_s()


def now() -> float:
    """The time by the clock of the user's machine, also in a worker on another one whose clock is wrong."""
    return time.time() - _OFFSET_S


class Event(Frozen):
    """The envelope: `seq` starts at 0 in each (attempt, source) and rises by one; `time` is Unix seconds, for show."""

    seq: int = -1
    """Filled by the writer."""
    time: float = Field(default_factory=now)


class StateChanged(Event):
    """The run went to another state. The worker writes running, held, stopping; the runner the states before."""

    type: Literal["state"] = "state"
    state: RunState
    attempt: int | None = None
    reason: str = ""


class RunStarted(Event):
    """The worker is up: what it runs with."""

    type: Literal["run_started"] = "run_started"
    kind: str
    device: str
    versions: dict[str, str] = Field(default_factory=dict)
    config: dict[str, object] = Field(default_factory=dict)
    """The effective flat configuration of this attempt."""


class PhaseChanged(Event):
    """A named phase before the first step began, or ended after `seconds`."""

    type: Literal["phase"] = "phase"
    name: str
    edge: Literal["begin", "end", "stalled"]
    seconds: float | None = None
    message: str = ""


class Progress(Event):
    """How far the run is. `epoch` counts from 1; `step` counts optimizer steps of the whole run."""

    type: Literal["progress"] = "progress"
    epoch: int
    epochs: int
    step: int
    steps_total: int
    eta_s: float | None = None
    images_per_s: float | None = None


class MetricsLogged(Event):
    """Measured values, by full name (`train/loss`, `val/accuracy`); per-class values by metric, then class name."""

    type: Literal["metrics"] = "metrics"
    scope: MetricScope
    epoch: int
    step: int
    values: dict[str, float]
    per_class: dict[str, dict[str, float]] = Field(default_factory=dict)


class CheckpointSaved(Event):
    """A checkpoint lies complete in RUN/checkpoints/`name`."""

    type: Literal["checkpoint_saved"] = "checkpoint_saved"
    name: str
    kind: CheckpointKind
    epoch: int
    step: int
    metrics: dict[str, float] = Field(default_factory=dict)
    size_bytes: int = 0


class CheckpointRemoved(Event):
    """A checkpoint was pruned by policy or removed by the user."""

    type: Literal["checkpoint_removed"] = "checkpoint_removed"
    name: str


class BestImproved(Event):
    """The chosen metric reached a new best value."""

    type: Literal["best"] = "best"
    metric: str
    value: float
    epoch: int
    step: int


class ResultWritten(Event):
    """A validation or test result lies complete in RUN/results/`folder`."""

    type: Literal["result"] = "result"
    folder: str
    split: str
    epoch: int
    step: int
    checkpoint: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)


class ExportWritten(Event):
    """A deployment file lies complete in RUN (path relative to the run folder)."""

    type: Literal["export"] = "export"
    path: str
    format: str
    verified: bool
    max_error: float | None = None
    size_bytes: int = 0


class ResourcesSampled(Event):
    """Use of the machine: percent of all cores, bytes, and per GPU utilisation (percent) and memory (bytes)."""

    type: Literal["resources"] = "resources"
    cpu_percent: float
    rss_bytes: int
    ram_used_bytes: int
    disk_free_bytes: int
    gpus: list[dict[str, float]] = Field(default_factory=list)


class Notice(Event):
    """Something the user should know though the run goes on: skipped images, a precision chosen, a retry."""

    type: Literal["notice"] = "notice"
    level: Literal["info", "warning", "error"] = "info"
    code: str
    message: str
    hint: str = ""
    data: dict[str, object] = Field(default_factory=dict)


class LogLine(Event):
    """A structured log record of the engine."""

    type: Literal["log"] = "log"
    level: str
    message: str


class CommandDone(Event):
    """The command with this number was carried out, or refused with a reason."""

    type: Literal["command_done"] = "command_done"
    number: int
    kind: str
    ok: bool = True
    message: str = ""


class Transfer(Event):
    """Files on their way to the machine that runs, or home from it. Said by the runner, now and then."""

    type: Literal["transfer"] = "transfer"
    host: str
    direction: Literal["there", "home"]
    what: str
    """data, run, checkpoint, results, environment."""
    done_bytes: int
    total_bytes: int
    bytes_per_s: float | None = None
    eta_s: float | None = None


class Contact(Event):
    """The machine that runs was lost from sight, or is seen again. Silence alone ends and starts nothing."""

    type: Literal["contact"] = "contact"
    host: str
    reachable: bool
    last_seen: float
    """Unix seconds."""
    message: str = ""


class RunEnded(Event):
    """The last event of an attempt. Written by the worker, or by the runner in its place."""

    type: Literal["run_ended"] = "run_ended"
    state: RunState
    failure: Failure | None = None
    elapsed_s: float | None = None


class UnknownEvent(Event):
    """A line of a later version, or one that does not fit its type: kept raw and counted, never fatal."""

    type: Literal["unknown"] = "unknown"
    raw: dict[str, object]


AnyEvent = Annotated[
    StateChanged
    | RunStarted
    | PhaseChanged
    | Progress
    | MetricsLogged
    | CheckpointSaved
    | CheckpointRemoved
    | BestImproved
    | ResultWritten
    | ExportWritten
    | ResourcesSampled
    | Notice
    | LogLine
    | CommandDone
    | Transfer
    | Contact
    | RunEnded,
    Field(discriminator="type"),
]
_ADAPTER: TypeAdapter[Event] = TypeAdapter(AnyEvent)
MAX_LINE_BYTES = 4 * 1024 * 1024
"""A longer line is not an event."""


def event_line(event: Event, seq: int) -> bytes:
    """Give the line, newline included, under which `event` is appended with sequence number `seq`."""
    numbered = event.model_copy(update={"seq": seq})
    try:
        return numbered.model_dump_json().encode() + b"\n"
    except PydanticSerializationError:
        # A file name on disk need not be text: what cannot be written becomes a question mark.
        return (
            json.dumps(numbered.model_dump(mode="json"), ensure_ascii=False).encode(errors="replace") + b"\n"
        )


def parse_event(line: bytes | str) -> Event | None:
    """Read one line. None for what is not a JSON object with a sequence number; UnknownEvent for what is not ours."""
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        raw: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event_from(raw)


def event_from(raw: object) -> Event | None:
    """Read one decoded JSON object; same rules as `parse_event`."""
    if not isinstance(raw, dict):
        return None
    record: dict[str, object] = {str(key): value for key, value in raw.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # json gives unknown types
    seq = record.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
        return None
    try:
        return _ADAPTER.validate_python(record)
    except ValidationError:
        moment = record.get("time")
        return UnknownEvent(seq=seq, time=moment if isinstance(moment, (int, float)) else 0.0, raw=record)
