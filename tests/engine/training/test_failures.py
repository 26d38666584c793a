"""What a library says when memory runs out is recognised, whichever library it is."""

from __future__ import annotations

import pytest
import torch

from engine.errors import UserError
from engine.training.failures import classify


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 31.64 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("Unable to find a valid cuDNN algorithm to run convolution"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_that_memory_that_ran_out_is_told_from_a_bug(error: Exception) -> None:
    assert classify(error).cause == "oom"


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA error: device-side assert triggered"), KeyError("memory")]
)
def test_that_another_fault_is_none_of_memory(error: Exception) -> None:
    assert classify(error).cause == "bug"


def test_that_the_death_of_a_process_that_loads_is_a_death_and_no_fault_of_the_data() -> None:
    failure = classify(UserError("loader_process_died", "It ended.", "Resume."))

    assert (failure.cause, failure.code) == ("worker_died", "loader_process_died")
