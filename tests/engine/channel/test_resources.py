"""What the run takes of its machine is measured in the units that the event names."""

from __future__ import annotations

import sys
import time
import types
from pathlib import Path

import psutil
import pytest

from engine.channel.reporter import Reporter
from engine.channel.resources import Gpus, ResourceSampler, open_gpus, sample
from engine.protocol.events import ResourcesSampled, parse_event
from engine.protocol.run_folder import AttemptFolder


class NVMLError(Exception):
    """Stands for the driver library's own."""


def driver(**broken: bool) -> types.ModuleType:
    """A driver library with two GPUs; what is named `broken` it does not know."""

    def answer(name: str, value: object) -> object:
        def call(*_: object) -> object:
            if broken.get(name):
                raise NVMLError(name)
            return value

        return call

    module = types.ModuleType("pynvml")
    module.__dict__.update(
        NVMLError=NVMLError,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=answer("init", None),
        nvmlDeviceGetCount=answer("count", 2),
        nvmlDeviceGetHandleByIndex=answer("handle", object()),
        nvmlDeviceGetUtilizationRates=answer("rates", types.SimpleNamespace(gpu=88)),
        nvmlDeviceGetMemoryInfo=answer("memory", types.SimpleNamespace(used=2**31, total=2**36)),
        nvmlDeviceGetTemperature=answer("temperature", 61),
        nvmlDeviceGetPowerUsage=answer("power", 250_000),
    )
    return module


def test_that_memory_and_disk_are_those_of_this_process_and_folder(tmp_path: Path) -> None:
    found = sample(psutil.Process(), tmp_path)

    assert 1 << 20 < found.rss_bytes < psutil.virtual_memory().total
    assert found.rss_bytes < found.ram_used_bytes + (1 << 33)
    assert found.disk_free_bytes > 0
    assert 0 <= found.cpu_percent <= 100
    assert found.gpus == []


def test_that_every_gpu_is_told_in_percent_bytes_degrees_and_watts() -> None:
    first, second = Gpus(driver()).sample()

    assert first == {
        "index": 0.0,
        "utilisation": 88.0,
        "memory_bytes": 2.0**31,
        "memory_total_bytes": 2.0**36,
        "temperature_c": 61.0,
        "power_w": 250.0,
    }
    assert second["index"] == 1.0


def test_that_what_a_driver_does_not_know_is_left_out() -> None:
    found = Gpus(driver(power=True, temperature=True)).sample()[0]

    assert set(found) == {"index", "utilisation", "memory_bytes", "memory_total_bytes"}


def test_that_without_library_or_driver_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert open_gpus() is None
    monkeypatch.setitem(sys.modules, "pynvml", driver(init=True))
    assert open_gpus() is None
    monkeypatch.setitem(sys.modules, "pynvml", driver())
    assert open_gpus() is not None


def test_that_samples_are_emitted_until_closed(tmp_path: Path) -> None:
    attempt = AttemptFolder(tmp_path / "0001")
    reporter = Reporter(attempt)
    with ResourceSampler(reporter, tmp_path, with_gpus=False, interval_s=0.01):
        deadline = time.monotonic() + 10
        while not attempt.events_path.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.01)
    reporter.flush()
    lines = attempt.events_path.read_bytes().splitlines()
    time.sleep(0.05)
    reporter.close()

    assert lines
    assert all(isinstance(parse_event(line), ResourcesSampled) for line in lines)
    assert attempt.events_path.read_bytes().splitlines() == lines
