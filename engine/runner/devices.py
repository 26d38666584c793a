"""The devices of this machine that the queue gives out, found without torch."""

from __future__ import annotations

import importlib
import os
from typing import cast


def machine_resources() -> list[str]:
    """Name the NVIDIA GPUs (`cuda:0`, …) that may be used here; `cpu` where there is none."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return ["cpu"]
    count = len(visible.split(",")) if visible is not None else _gpu_count()
    return [f"cuda:{index}" for index in range(count)] or ["cpu"]


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
