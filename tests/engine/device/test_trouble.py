"""What a GPU cannot do is told apart from what a model cannot do, so that the CPU may take over."""

from __future__ import annotations

import pytest
import torch

from engine.device.trouble import FAILED, MEMORY_FULL, gpu_trouble
from engine.errors import PluginError, UserError


def wrapped(error: Exception) -> PluginError:
    """As a restored model tells what its plugin raises."""
    try:
        try:
            raise error
        except Exception as cause:
            raise PluginError("infer_failed", "The model could not look at the images.", "See.") from cause
    except PluginError as told:
        return told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), MEMORY_FULL),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
            MEMORY_FULL,
        ),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), MEMORY_FULL),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), FAILED),
        (RuntimeError("Expected all tensors to be on the same device, but found cuda:0 and cpu!"), FAILED),
        (TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()"), FAILED),
    ],
)
def test_that_trouble_of_the_gpu_is_told_however_it_was_wrapped(error: Exception, code: str) -> None:
    for told in (gpu_trouble(error), gpu_trouble(wrapped(error))):
        assert told is not None
        assert told.code == code


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("division by zero"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        MemoryError(),
        UserError("checkpoint_missing", "There is none for cuda:0.", "Choose another."),
    ],
)
def test_that_other_errors_are_not_the_gpus(error: Exception) -> None:
    assert gpu_trouble(error) is None
