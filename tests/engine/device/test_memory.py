"""The peak of a computation's memory is seen though it is over when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from engine.device import memory
from engine.device.memory import PeakMemory, wait_for
from tests.conftest import REPOSITORY

CPU = torch.device("cpu")
BYTES = 256 << 20


@pytest.mark.parametrize("counted", [True, False])
def test_that_the_peak_is_that_since_it_was_forgotten(counted: bool) -> None:
    """In a process of its own: one in which a training ran keeps what is freed."""
    code = f"from tests.engine.device.test_memory import peak_of_a_while; peak_of_a_while({counted})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr


def peak_of_a_while(counted: bool) -> None:
    if not counted:
        memory.forget_peak_memory = lambda: False
    with PeakMemory(CPU) as watched:
        watched.forget()
        before = watched.peak
        for _ in range(20):
            torch.zeros(BYTES // 4).add_(1)
        assert BYTES * 0.9 < watched.peak - before < BYTES * 1.5
        watched.forget()
        assert watched.peak - before < BYTES * 0.5


def test_that_the_limit_is_what_is_free_and_what_is_taken_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory_bytes", lambda: 1 << 30)
    with PeakMemory(CPU) as watched:
        assert watched.limit is not None
        assert (1 << 30) < watched.limit < (1 << 30) + watched.peak * 1.5


def test_that_nothing_has_to_be_waited_for_on_a_processor() -> None:
    assert wait_for(CPU) <= wait_for(CPU)
