"""GPUs are named as the queue names them, whatever part of them may be used."""

from __future__ import annotations

import sys
import types

import pytest

from engine.runner.devices import UsableGpu, machine_gpus, machine_resources

NAMES = {"0": "H100", "1": "H200", "GPU-ff": "RTX 4090"}


class NVMLError(Exception):
    """Stands for the driver library's own."""


def driver(*, is_there: bool = True) -> types.ModuleType:
    """A driver library with two GPUs, and a third that is known by its UUID alone."""

    def init() -> None:
        if not is_there:
            raise NVMLError

    def handle(name: object) -> str:
        if str(name) not in NAMES:
            raise NVMLError
        return str(name)

    module = types.ModuleType("pynvml")
    module.__dict__.update(
        NVMLError=NVMLError,
        nvmlInit=init,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=handle,
        nvmlDeviceGetHandleByUUID=handle,
        nvmlDeviceGetName=NAMES.__getitem__,
        nvmlDeviceGetMemoryInfo=lambda _handle: types.SimpleNamespace(used=2**31, total=2**36),
    )
    return module


FREE = 2**36 - 2**31


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, [UsableGpu("cuda:0", "H100", FREE), UsableGpu("cuda:1", "H200", FREE)]),
        ("1", [UsableGpu("cuda:0", "H200", FREE)]),
        ("1, 0", [UsableGpu("cuda:0", "H200", FREE), UsableGpu("cuda:1", "H100", FREE)]),
        ("GPU-ff", [UsableGpu("cuda:0", "RTX 4090", FREE)]),
        ("MIG-7", [UsableGpu("cuda:0", "", 0)]),
        ("", []),
        ("-1", []),
    ],
)
def test_that_the_gpus_that_may_be_used_have_the_names_of_the_queue(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, expected: list[UsableGpu]
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", driver())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert machine_gpus() == expected
    assert machine_resources() == ([gpu.resource for gpu in expected] or ["cpu"])


def test_that_without_library_or_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert (machine_gpus(), machine_resources()) == ([], ["cpu"])
    monkeypatch.setitem(sys.modules, "pynvml", driver(is_there=False))
    assert (machine_gpus(), machine_resources()) == ([], ["cpu"])
