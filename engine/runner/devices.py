"""The devices that the queue gives out, of this machine and of others, found without torch."""

from __future__ import annotations

import contextlib
import importlib
import os
from dataclasses import dataclass
from typing import Any, cast

from engine.protocol.home import Home
from engine.protocol.hosts import SSH_PREFIX, HostBook


@dataclass(frozen=True, slots=True)
class UsableGpu:
    """A GPU of this machine as the queue names it."""

    resource: str
    """`cuda:0`."""
    name: str
    """As the driver tells it; empty where it does not."""
    free_bytes: int
    """Of its memory; 0 where the driver does not tell."""


def machine_resources() -> list[str]:
    """Name the NVIDIA GPUs (`cuda:0`, …) that may be used here; `cpu` where there is none."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return ["cpu"]
    count = len(visible.split(",")) if visible is not None else _gpu_count()
    return [f"cuda:{index}" for index in range(count)] or ["cpu"]


def machine_gpus() -> list[UsableGpu]:
    """Tell of the GPUs that may be used here; none without an NVIDIA driver."""
    nvml = _driver()
    if nvml is None:
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    resources = [name for name in machine_resources() if name != "cpu"]
    numbers = visible.split(",") if visible is not None else [str(n) for n in range(len(resources))]
    # Of numbers without a GPU (-1) there may be more.
    return [_usable(nvml, name, number.strip()) for name, number in zip(resources, numbers, strict=False)]


def host_resources(home: Home) -> list[str]:
    """Name the devices of the user's other machines as they were last seen: `ssh:box/cuda:0`, else `ssh:box/cpu`."""
    book = HostBook(home)
    found: list[str] = []
    for host in book.list() if book.path.exists() else []:
        facts = book.facts(host.name)
        gpus = [f"cuda:{gpu.index}" for gpu in facts.gpus] if facts is not None else []
        found += [f"{SSH_PREFIX}{host.name}/{device}" for device in gpus or ["cpu"]]
    return found


def _gpu_count() -> int:
    nvml = _driver()
    if nvml is None:
        return 0
    try:
        return cast("int", nvml.nvmlDeviceGetCount())
    except nvml.NVMLError:
        return 0


def _driver() -> Any:
    """The driver's library, ready to be asked; None where there is none."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    return nvml


def _usable(nvml: Any, resource: str, number: str) -> UsableGpu:
    """Ask the driver about one, by its number or by its UUID."""
    name, free = "", 0
    with contextlib.suppress(nvml.NVMLError):
        by_number = number.isdecimal()
        handle = (
            nvml.nvmlDeviceGetHandleByIndex(int(number))
            if by_number
            else nvml.nvmlDeviceGetHandleByUUID(number)
        )
        with contextlib.suppress(nvml.NVMLError):
            told = nvml.nvmlDeviceGetName(handle)
            name = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        free = int(memory.total) - int(memory.used)
    return UsableGpu(resource, name, free)
