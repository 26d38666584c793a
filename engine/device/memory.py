"""How much memory a computation takes at its height, and how much it may take: of the GPU, or of this process."""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType

import psutil
import torch

from engine.data.cache import free_memory_bytes
from engine.protocol.operating_system import forget_peak_memory, peak_memory_bytes

_SAMPLE_S = 0.005


class PeakMemory:
    """Watches from its making to `close`.

    On the CPU the system counts, where it can be told to count anew; else a thread looks many times a second.

    Attributes:
        limit: bytes that the process may take on the device; None where nobody knows.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._process = psutil.Process()
        self._peak = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.limit: int | None = self._find_limit()
        self._counted = device.type != "cuda" and forget_peak_memory()
        if device.type != "cuda" and not self._counted:
            self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)
            self._thread.start()

    def forget(self) -> None:
        """Count from here on; what is held in vain is given back first."""
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self._device)
        elif self._counted:
            forget_peak_memory()
        else:
            self._peak = 0

    @property
    def peak(self) -> int:
        """The most bytes since `forget`: what torch held of the GPU, or the process's resident memory."""
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_reserved(self._device))
        if self._counted:
            return peak_memory_bytes()
        self._look()
        return self._peak

    def close(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> PeakMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find_limit(self) -> int | None:
        if self._device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self._device)
            return int(free + torch.cuda.memory_reserved(self._device))
        if self._device.type == "cpu":
            return free_memory_bytes() + int(self._process.memory_info().rss)
        return None

    def _watch(self) -> None:
        while not self._closing.wait(_SAMPLE_S):
            self._look()

    def _look(self) -> None:
        with contextlib.suppress(psutil.Error):
            self._peak = max(self._peak, int(self._process.memory_info().rss))


def wait_for(device: torch.device) -> float:
    """Wait until the device has done all it was told, and give the time of `time.perf_counter` then."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()
