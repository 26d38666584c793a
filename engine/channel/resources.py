"""What the run takes of its machine: a thread samples CPU, memory, disk and GPUs once a second."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from types import ModuleType, TracebackType

import psutil

from engine.channel.reporter import Reporter
from engine.protocol.events import ResourcesSampled
from engine.protocol.operating_system import free_disk_bytes
from engine.protocol.times import RESOURCE_SAMPLE_S


class ResourceSampler:
    """Emits a ResourcesSampled every `interval_s` until closed.

    Args:
        folder: its disk's free space is sampled.
        with_gpus: ask the NVIDIA driver; where there is none, nothing happens.
    """

    def __init__(
        self,
        reporter: Reporter,
        folder: Path,
        with_gpus: bool = True,
        interval_s: float = RESOURCE_SAMPLE_S,
    ) -> None:
        self._reporter = reporter
        self._folder = folder
        self._with_gpus = with_gpus
        self._interval_s = interval_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_closed, name="resources", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    def __enter__(self) -> ResourceSampler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sample_until_closed(self) -> None:
        process = psutil.Process()
        gpus = open_gpus() if self._with_gpus else None
        psutil.cpu_percent(None)  # the first answer covers no time
        while not self._closing.wait(self._interval_s):
            with contextlib.suppress(OSError, psutil.Error):
                self._reporter.emit(sample(process, self._folder, gpus))


def sample(process: psutil.Process, folder: Path, gpus: Gpus | None = None) -> ResourcesSampled:
    """Measure once."""
    return ResourcesSampled(
        cpu_percent=psutil.cpu_percent(None),
        rss_bytes=process.memory_info().rss,
        ram_used_bytes=psutil.virtual_memory().used,
        disk_free_bytes=free_disk_bytes(folder),
        gpus=gpus.sample() if gpus is not None else [],
    )


class Gpus:
    """The NVIDIA GPUs of this machine, through the driver's library."""

    def __init__(self, nvml: ModuleType) -> None:
        self._nvml = nvml
        self._handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]

    def sample(self) -> list[dict[str, float]]:
        """For each GPU: index, utilisation (percent), memory_bytes, memory_total_bytes, temperature_c, power_w."""
        return [self._sample_one(index, handle) for index, handle in enumerate(self._handles)]

    def _sample_one(self, index: int, handle: object) -> dict[str, float]:
        nvml = self._nvml
        values: dict[str, float] = {"index": float(index)}
        # Each by itself: some drivers do not know power, some virtual GPUs no temperature.
        with contextlib.suppress(nvml.NVMLError):
            values["utilisation"] = float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        with contextlib.suppress(nvml.NVMLError):
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            values["memory_bytes"] = float(memory.used)
            values["memory_total_bytes"] = float(memory.total)
        with contextlib.suppress(nvml.NVMLError):
            values["temperature_c"] = float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
        with contextlib.suppress(nvml.NVMLError):
            values["power_w"] = nvml.nvmlDeviceGetPowerUsage(handle) / 1000
        return values


def open_gpus() -> Gpus | None:
    """Find the GPUs; None without the library, the driver or a GPU."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        return Gpus(pynvml)
    except pynvml.NVMLError:
        return None
