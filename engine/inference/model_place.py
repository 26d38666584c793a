"""On which device the predictor's models compute, and with how many threads: told from outside, at any time."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path

import cv2
import torch

from engine.device.choose import choose_device
from engine.device.trouble import gpu_trouble
from engine.errors import UserError
from engine.inference.exported import SUFFIX

CPU = "cpu"
UNUSABLE = "cannot be used by the engine's PyTorch"


class ModelPlace:
    """Where models are loaded from now on. Until it is told otherwise that is the CPU, with all of its cores."""

    def __init__(self) -> None:
        self.device = CPU
        self.threads: int | None = None
        """None for as many as there are."""
        self._most = (torch.get_num_threads(), cv2.getNumThreads())

    def take(self, request: Mapping[str, object]) -> dict[str, object]:
        """Heed `device` (`cpu`, `cuda:0`) and `threads` (a number, or null for all); gives the device and a problem.

        A GPU that cannot be used here leaves the CPU, and says why in `problem`.
        """
        threads = request.get("threads")
        self._use_threads(threads if isinstance(threads, int) and not isinstance(threads, bool) else None)
        wanted, problem = str(request.get("device") or CPU), ""
        try:
            device = choose_device(wanted)
        except (UserError, RuntimeError):  # there is none, or no such name
            device = torch.device(CPU)
        if str(device) != wanted:  # another GPU may be a run's
            device, problem = torch.device(CPU), UNUSABLE
        if device.type == "cuda":
            # What is rounded otherwise there would give other scores than the CPU.
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cuda.matmul.allow_tf32 = False
        self.device = str(device)
        return {"device": self.device, "problem": problem}

    def sign(self, path: Path) -> str:
        """What a model that was loaded depends upon: another sign, and it is loaded anew."""
        if path.suffix.lower() == SUFFIX:  # on the CPU alone, with the threads that it was opened with
            return f"{CPU} {self.threads}"
        return self.device

    def trouble(self, error: UserError | Exception) -> UserError | None:
        """Say whether an error is the GPU's; None on the CPU, and for all others."""
        return None if self.device == CPU else gpu_trouble(error)

    def free_memory(self) -> None:
        """Give back what the models of a GPU held, once nobody has them any more."""
        if torch.cuda.is_initialized():
            gc.collect()
            torch.cuda.empty_cache()

    def _use_threads(self, threads: int | None) -> None:
        if threads == self.threads:
            return
        self.threads = None if threads is None else max(1, threads)
        torch.set_num_threads(self._most[0] if threads is None else min(self._most[0], max(1, threads)))
        cv2.setNumThreads(self._most[1] if threads is None else min(self._most[1], max(1, threads)))
