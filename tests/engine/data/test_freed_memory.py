"""Memory that is freed stays with the process, where the C library can be told so."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.data import freed_memory

_FAULTS = """
import resource, sys
import numpy as np
if sys.argv[1] == "keep":
    from engine.data.freed_memory import keep_freed_memory
    assert keep_freed_memory()
def use():
    np.full(9_000_000, 1, dtype=np.uint8)
use()
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not freed_memory.keep_freed_memory(), reason="needs glibc, whose memory this is about")
def test_that_a_block_of_megabytes_costs_no_new_pages_the_second_time() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _FAULTS, "keep"], capture_output=True, text=True, check=True
    )

    assert int(ended.stdout) < 100


def test_that_a_system_without_glibc_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")

    assert not freed_memory.keep_freed_memory.__wrapped__()
