"""What the host is like: its GPUs, memory, disk and Pythons."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Verb

VERBS: dict[str, Verb] = {}
