"""What torch.profiler saw of a few steps: the operators that took the time, and a trace file of bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from torch.profiler import ProfilerActivity, profile

from engine.jobs.profile_parts import MARK

LARGEST_TRACE_BYTES: Final = 64 << 20
_MICROSECONDS: Final = 1e6


def make_profiler(device: torch.device) -> profile:
    """Make a profiler of the processor, and of the GPU where one computes."""
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    return profile(activities=activities)


def operator_times(profiler: profile, device: torch.device) -> dict[str, tuple[int, float]]:
    """Calls and own seconds by operator: on a GPU of its kernels, else of the processor."""
    found: dict[str, tuple[int, float]] = {}
    for event in profiler.key_averages():
        if event.key.startswith(MARK):
            continue
        microseconds = event.self_device_time_total if device.type == "cuda" else event.self_cpu_time_total
        found[event.key] = (int(event.count), microseconds / _MICROSECONDS)
    return found


def keep_trace(profiler: profile, path: Path) -> bool:
    """Write the trace, compressed; False when it is too large to keep."""
    profiler.export_chrome_trace(str(path))
    if path.stat().st_size <= LARGEST_TRACE_BYTES:
        return True
    path.unlink()
    return False
