"""What a rehearsal found: speed, memory, disk and time of a training that was not started, and what to change in it."""

from __future__ import annotations

from pydantic import Field, JsonValue

from engine.protocol.job import Frozen


class Cost(Frozen):
    """What a machine that is paid by time would ask for the whole training."""

    amount: float
    currency: str


class TriedBatch(Frozen):
    """One batch size, as it was measured."""

    batch_size: int
    images_per_s: float
    """While it computes: the wait for images is not counted. 0 where the batch did not fit."""
    peak_memory_bytes: int
    """What it took, or where it did not fit or was not dared, what it would take (0 where nobody knows)."""
    fits: bool


class Proposal(Frozen):
    """A setting that would suit this machine better."""

    field: str
    """Dotted name, as `--set` takes it."""
    label: str
    current: JsonValue
    proposed: JsonValue
    why: str
    """A sentence with the figures that speak for it."""


class RehearsalWarning(Frozen):
    """Something that would go wrong, or be slow, with its remedy."""

    code: str
    message: str
    remedy: str


class Rehearsal(Frozen):
    """All figures of a rehearsal. Times are in seconds, memory and disk in bytes."""

    device: str
    """`cpu`, `cuda:0`."""
    precision: str
    """`fp32`, `bf16`, `fp16`; empty where the plugin's own loop decides."""
    batch_size: int
    """That the figures are of: the configured one, or the largest tried that fits where that one does not."""
    workers: int
    """Loader threads."""
    images_per_s: float
    """Median of the settled steps, waits for images included; where those are kept, as in later epochs."""
    step_s: float
    """Of one batch, likewise."""
    data_wait_share: float = Field(ge=0, le=1)
    """Share of that time that is spent waiting for images."""
    epoch_s: float
    """Training part of an epoch once images are cached (where they are), without its validation."""
    first_epoch_s: float = 0.0
    """The first one, which has to read and decode every image."""
    validation_s: float
    """Of one validation; 0 when nothing is validated."""
    first_step_s: float
    """From the start to the end of the first step: torch is loaded in it, and the model built."""
    checkpoint_s: float = 0.0
    """To write one checkpoint."""
    total_s: float
    """Of the whole training."""
    epochs: int = 0
    cost: Cost | None = None
    """None where the machine costs nothing, as this one."""
    peak_memory_bytes: int
    """On a GPU what torch held of its memory, on the CPU the most memory of the process."""
    memory_limit_bytes: int | None
    """What the process may take there; None where nobody knows."""
    checkpoint_bytes: int
    disk_bytes: int
    """All the checkpoints that the run will keep."""
    disk_free_bytes: int | None = None
    tried: tuple[TriedBatch, ...] = ()
    """Ascending by size."""
    proposals: tuple[Proposal, ...] = ()
    warnings: tuple[RehearsalWarning, ...] = ()
    not_measured: tuple[str, ...] = ()
    """Sentences about what could not be measured, and why."""
    seconds: float
    """That the rehearsal itself took."""
