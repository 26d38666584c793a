"""What the processor of this machine is called."""

from __future__ import annotations

import contextlib
import platform
from pathlib import Path

_CPU_FILE = Path("/proc/cpuinfo")


def processor_name() -> str:
    """Give the maker's name of the processor; the architecture where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in _CPU_FILE.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return " ".join(value.split())
    return platform.processor() or platform.machine() or "Processor"
