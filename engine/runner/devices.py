"""The devices that the queue gives out, of this machine and of others, found without torch."""

from __future__ import annotations

import importlib
import os
from typing import cast

from engine.protocol.home import Home
from engine.protocol.hosts import SSH_PREFIX, HostBook


def machine_resources() -> list[str]:
    """Name the NVIDIA GPUs (`cuda:0`, …) that may be used here; `cpu` where there is none."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return ["cpu"]
    count = len(visible.split(",")) if visible is not None else _gpu_count()
    return [f"cuda:{index}" for index in range(count)] or ["cpu"]


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
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return 0
    try:
        nvml.nvmlInit()
        return cast("int", nvml.nvmlDeviceGetCount())
    except nvml.NVMLError:
        return 0
