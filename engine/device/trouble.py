"""Whether an error is the GPU's own: then the same may succeed on the CPU."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from engine.errors import UserError

MEMORY_FULL = "gpu_memory_full"
FAILED = "gpu_failed"
_SIGNS = ("cuda", "cudnn", "cublas", "nvrtc", "nvidia")
_SIGNS_OF_NO_MEMORY = ("out of memory", "alloc_failed", "unable to find a valid cudnn algorithm")


def gpu_trouble(error: BaseException) -> UserError | None:
    """Say what a computation on a GPU has met; None where it was nothing of the GPU's.

    A plugin that knows only the CPU is told of here too: torch names the device that it did not expect.
    """
    for cause in _chain(error):
        text = str(cause).lower()
        is_of_gpu = any(sign in text for sign in _SIGNS)
        if isinstance(cause, torch.OutOfMemoryError) or (
            is_of_gpu and any(sign in text for sign in _SIGNS_OF_NO_MEMORY)
        ):
            return UserError(
                MEMORY_FULL,
                "The memory of the GPU was not enough for this model.",
                "Predict on the CPU, or end other programs that use the GPU.",
            )
        if is_of_gpu and not isinstance(cause, UserError):
            said = str(cause).strip().splitlines()[0]
            return UserError(FAILED, f"The model could not compute on the GPU: {said}", "Predict on the CPU.")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__
