"""How a host's clock stands to ours, and how long an answer takes: by the quickest of a few questions."""

from __future__ import annotations

import time

from engine.executors.ssh.agent_link import AgentLink


def measure_clock(link: AgentLink, looks: int) -> tuple[float, float]:
    """Give the host's clock minus ours, and the round trip, both of the quickest answer (seconds).

    Raises:
        RemoteError: the host cannot be asked.
    """
    best = (float("inf"), 0.0)
    for _ in range(looks):
        asked, wall = time.perf_counter(), time.time()
        told = link.ask("clock").data.get("time")
        trip = time.perf_counter() - asked
        if isinstance(told, (int, float)):
            best = min(best, (trip, float(told) - (wall + trip / 2)))
    return best[1], best[0]
