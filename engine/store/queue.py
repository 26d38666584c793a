"""The queue and the leases: which run starts next, on which device. Claiming is one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from engine.store.connection import Connected

_PAUSED = "queue_paused"
SHARED_KINDS = ("evaluate", "export", "benchmark", "profile")
"""Short work that may run beside a training: it takes a free GPU or the CPU, and keeps nobody waiting."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One waiting run."""

    run: str
    position: int
    """1 is next."""
    attempt: int
    resource: str | None
    """What it wants (`cuda:0`, `cpu`, `ssh:box`, `ssh:box/cuda:0`); None takes what is free here. In a claimed row:
    what it got."""


class QueueTable(Connected):
    """Waiting runs in order, and who holds which device."""

    def enqueue(self, run: str, attempt: int, resource: str | None = None) -> None:
        """Put a run at the end of the queue; one that waits already stays where it is, with the new attempt."""
        with self.transaction() as connection:
            last = connection.execute("SELECT COALESCE(MAX(position), 0) FROM queue").fetchone()[0]
            connection.execute(
                "INSERT INTO queue (run, position, attempt, resource) VALUES (?,?,?,?) "
                "ON CONFLICT (run) DO UPDATE SET attempt = excluded.attempt, resource = excluded.resource",
                (run, int(last) + 1, attempt, resource),
            )

    def queue(self) -> list[QueueRow]:
        """Who waits, next first."""
        rows = self._rows("SELECT run, attempt, resource FROM queue ORDER BY position")
        return [
            QueueRow(row["run"], number, row["attempt"], row["resource"])
            for number, row in enumerate(rows, 1)
        ]

    def claim(self, resources: Sequence[str]) -> QueueRow | None:
        """Take the first waiting run whose device is free, and lease the device to it.

        Args:
            resources: the devices of this machine, preferred first, `cpu` where there is no GPU; and those of other
                machines, `ssh:box/cuda:0`, which only a run gets that asks for one of them or for `ssh:box`.
        """
        with self.transaction() as connection:
            if self.is_queue_paused():
                return None
            held = {
                part
                for row in connection.execute("SELECT resource FROM leases WHERE exclusive = 1")
                for part in str(row["resource"]).split(",")
            }
            free = [name for name in resources if name not in held]
            for row in self.queue():
                shared = self._is_shared(row.run)
                got = _fitting(row.resource, free, "cpu" if shared else None)
                if _is_processor(row.resource) and row.resource not in held:
                    got = row.resource  # there is always one, also beside GPUs
                if got is None:
                    continue
                connection.execute("DELETE FROM queue WHERE run = ?", (row.run,))
                self.lease(row.run, got)
                return QueueRow(row.run, row.position, row.attempt, got)
        return None

    def lease(self, run: str, resource: str) -> None:
        """Note that a run holds a device. Short work on the CPU keeps nobody else away from it."""
        exclusive = not (resource == "cpu" and self._is_shared(run))
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO leases (run, resource, exclusive, since) VALUES (?,?,?,?)",
                (run, resource, int(exclusive), time.time()),
            )

    def _is_shared(self, run: str) -> bool:
        return self._rows("SELECT kind FROM runs WHERE run = ?", (run,))[0]["kind"] in SHARED_KINDS

    def release(self, run: str) -> None:
        """Give the run's device back."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM leases WHERE run = ?", (run,))

    def leases(self) -> dict[str, str]:
        """Device by run."""
        return {
            str(row["run"]): str(row["resource"]) for row in self._rows("SELECT run, resource FROM leases")
        }

    def dequeue(self, run: str) -> bool:
        """Take a run out of the queue; False when it did not wait."""
        with self.transaction() as connection:
            return connection.execute("DELETE FROM queue WHERE run = ?", (run,)).rowcount > 0

    def is_waiting(self, run: str) -> bool:
        """Say whether a run stands in the queue."""
        return bool(self._rows("SELECT run FROM queue WHERE run = ?", (run,)))

    def move(self, run: str, position: int) -> bool:
        """Put a waiting run at a place, 1 is next. False, and nothing moved, when it does not wait."""
        with self.transaction() as connection:
            others = [row.run for row in self.queue()]
            if run not in others:
                return False
            others.remove(run)
            others.insert(max(0, position - 1), run)
            connection.executemany(
                "UPDATE queue SET position = ? WHERE run = ?", [(n, name) for n, name in enumerate(others, 1)]
            )
        return True

    def pause_queue(self) -> None:
        """Start nothing new."""
        self._switch("1")

    def resume_queue(self) -> None:
        """Start waiting runs again."""
        self._switch("0")

    def is_queue_paused(self) -> bool:
        return [
            row["value"] for row in self._rows("SELECT value FROM switches WHERE name = ?", (_PAUSED,))
        ] == ["1"]

    def _switch(self, value: str) -> None:
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO switches (name, value) VALUES (?, ?)", (_PAUSED, value)
            )


def _is_processor(wanted: str | None) -> TypeGuard[str]:
    return wanted is not None and (wanted == "cpu" or wanted.endswith("/cpu"))


def _fitting(wanted: str | None, free: Sequence[str], fallback: str | None) -> str | None:
    if wanted is None:
        here = [name for name in free if "/" not in name]
        return here[0] if here else fallback
    if wanted.startswith("ssh:") and "/" not in wanted:
        return next((name for name in free if name.startswith(f"{wanted}/")), None)
    if all(part in free for part in wanted.split(",")):
        return wanted
    return fallback if wanted == fallback else None
