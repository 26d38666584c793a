"""What was chosen for a run on its first start, kept in RUN/resolved.json and used again by every later attempt."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field

from engine.errors import UserError
from engine.protocol.job import Frozen
from engine.protocol.run_folder import read_record, write_record

ChosenPrecision = Literal["fp32", "bf16", "fp16"]


class Resolved(Frozen):
    """How the network computes."""

    device_type: str
    precision: ChosenPrecision = "fp32"
    channels_last: bool = False
    compile: bool = False
    threads: int = 1
    workers: int | None = None
    """Loader threads, where they were chosen by measurement."""
    processes: int = 0
    """Processes that load, each with that many threads; 0 where those of the run's own process load."""
    torch_version: str = str(torch.__version__)
    """Another version may give other bits."""
    measured_s: dict[str, float] = Field(default_factory=dict)
    """Seconds of one step by candidate, where there was a choice."""
    workers_images_per_s: dict[int, float] = Field(default_factory=dict)
    """Images per second of the loader alone by number of its threads, where that was measured."""
    processes_images_per_s: dict[str, float] = Field(default_factory=dict)
    """The same by `PROCESSES × THREADS`."""


def read_resolved(path: Path, device: torch.device) -> Resolved | None:
    """Read the earlier choice; None when there is none, or it was made for another kind of device."""
    with contextlib.suppress(UserError):
        found = read_record(path, Resolved) if path.is_file() else None
        return found if found is not None and found.device_type == device.type else None
    return None


def write_resolved(path: Path, resolved: Resolved) -> None:
    write_record(path, resolved)
