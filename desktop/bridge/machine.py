"""What this machine has and how busy it is: processor, memory, disk, NVIDIA GPUs; asked in the background."""

from __future__ import annotations

import contextlib
import importlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.background import Background
from engine.runner.devices import UsableGpu, machine_gpus

_SAMPLE_MS = 2_000


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA GPU; bytes, percent, degrees Celsius."""

    name: str
    memory_bytes: int
    used_bytes: int
    percent: int
    celsius: int | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """One look at the machine; bytes and percent of all cores."""

    cores: int
    cpu_percent: float
    memory_bytes: int
    used_bytes: int
    disk_free_bytes: int
    gpus: list[Gpu] = field(default_factory=list[Gpu])
    usable: list[UsableGpu] = field(default_factory=list[UsableGpu])
    """Those that Lensmith may use, as the queue names them."""

    @property
    def gpu_memory_gb(self) -> float | None:
        """Memory of the largest GPU in GiB; None without one."""
        return max((gpu.memory_bytes for gpu in self.gpus), default=0) / 2**30 or None


class MachineWatch(QObject):
    """Looks every two seconds while somebody wants to know."""

    sampled = Signal(object)
    """A `Machine`."""

    def __init__(self, folder: Path, background: Background) -> None:
        super().__init__()
        self._folder = folder
        self._background = background
        self.last: Machine | None = None
        self._is_looking = False
        self._timer = QTimer(self)
        self._timer.setInterval(_SAMPLE_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        self._timer.start()
        self.look()

    def close(self) -> None:
        self._timer.stop()

    def look(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._background.run(
                look_at_machine, self._folder, then=self._take, failed=self._not_seen, owner=self
            )

    def _take(self, machine: Machine) -> None:
        self._is_looking = False
        self.last = machine
        self.sampled.emit(machine)

    def _not_seen(self, _error: Exception) -> None:
        self._is_looking = False


def look_at_machine(folder: Path) -> Machine:
    """Look once; `folder` says which disk."""
    memory = psutil.virtual_memory()
    free = 0
    with contextlib.suppress(OSError):
        free = psutil.disk_usage(str(folder)).free
    return Machine(
        cores=os.cpu_count() or 1,
        cpu_percent=psutil.cpu_percent(None),
        memory_bytes=memory.total,
        used_bytes=memory.total - memory.available,
        disk_free_bytes=free,
        gpus=find_gpus(),
        usable=machine_gpus(),
    )


def find_gpus() -> list[Gpu]:
    """Ask NVML; an empty list without an NVIDIA driver."""
    try:
        nvml: Any = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except ImportError:
        return []
    except Exception:  # noqa: BLE001  # NVML's errors are classes made at run time; no driver is the usual one
        return []
    found: list[Gpu] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        with contextlib.suppress(nvml.NVMLError):
            found.append(_gpu(nvml, nvml.nvmlDeviceGetHandleByIndex(index)))
    return found


def _gpu(nvml: Any, handle: Any) -> Gpu:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    celsius: int | None = None
    with contextlib.suppress(nvml.NVMLError):
        celsius = int(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
    percent = 0
    with contextlib.suppress(nvml.NVMLError):  # a GPU in slices (MIG) does not say
        percent = int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    return Gpu(str(nvml.nvmlDeviceGetName(handle)), int(memory.total), int(memory.used), percent, celsius)
