"""Events into tables, each exactly once: a second look at the same file changes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from engine.protocol import events as said
from engine.protocol.events import Event, Source
from engine.protocol.job import END_STATES, Failure, RunState, can_follow
from engine.store.connection import Connected


class Ingest(Connected):
    """Writes what events say about a run."""

    def last_seq(self, run: str, attempt: int, source: Source) -> int:
        """The highest sequence number taken in so far, -1 when none."""
        rows = self._rows(
            "SELECT seq FROM cursors WHERE run = ? AND attempt = ? AND source = ?", (run, attempt, source)
        )
        return int(rows[0]["seq"]) if rows else -1

    def ingest(self, run: str, attempt: int, source: Source, events: Sequence[Event]) -> int:
        """Take in the events that are new, in one transaction, and say how many they were.

        An unknown event is counted; a state that may not follow the present one is counted and not taken.
        """
        with self.transaction() as connection:
            last = self.last_seq(run, attempt, source)
            new = sorted((event for event in events if event.seq > last), key=lambda event: event.seq)
            if not new:
                return 0
            writing = _Writing(connection, run, attempt, source)
            for event in new:
                writing.gaps += event.seq != last + 1
                last = event.seq
                writing.take(event)
            connection.execute(
                "INSERT INTO cursors (run, attempt, source, seq, unknown, refused, gaps) VALUES (?,?,?,?,?,?,?) "
                "ON CONFLICT (run, attempt, source) DO UPDATE SET seq = excluded.seq, "
                "unknown = unknown + excluded.unknown, refused = refused + excluded.refused, "
                "gaps = gaps + excluded.gaps",
                (run, attempt, source, last, writing.unknown, writing.refused, writing.gaps),
            )
            return len(new)

    def counts(self, run: str) -> dict[str, int]:
        """How many events were unknown, refused as states, or missing, over all attempts."""
        row = self._rows(
            "SELECT COALESCE(SUM(unknown), 0) AS unknown, COALESCE(SUM(refused), 0) AS refused, "
            "COALESCE(SUM(gaps), 0) AS gaps FROM cursors WHERE run = ?",
            (run,),
        )[0]
        return {"unknown": row["unknown"], "refused": row["refused"], "gaps": row["gaps"]}


class _Writing:
    """One batch of events of one attempt and source on its way into the tables."""

    def __init__(self, connection: sqlite3.Connection, run: str, attempt: int, source: Source) -> None:
        self._connection = connection
        self._run = run
        self._attempt = attempt
        self._source = source
        self.unknown = 0
        self.refused = 0
        self.gaps = 0

    def take(self, event: Event) -> None:
        match event:
            case said.StateChanged():
                self._state(event.state, event.time, None)
            case said.RunEnded():
                self._state(event.state, event.time, event.failure)
            case said.RunStarted():
                self._update(device=event.device)
                self._connection.execute(
                    "UPDATE runs SET started = COALESCE(started, ?) WHERE run = ?", (event.time, self._run)
                )
            case said.Progress():
                self._update(
                    epoch=event.epoch,
                    epochs=event.epochs,
                    step=event.step,
                    steps_total=event.steps_total,
                    eta_s=event.eta_s,
                    images_per_s=event.images_per_s,
                )
            case said.BestImproved():
                self._update(best_metric=event.metric, best_value=event.value, best_epoch=event.epoch)
            case said.MetricsLogged():
                self._metrics(event)
            case _:
                self._record(event)

    def _record(self, event: Event) -> None:
        match event:
            case said.CheckpointSaved():
                values = (
                    event.name,
                    event.kind,
                    event.epoch,
                    event.step,
                    json.dumps(event.metrics),
                    event.size_bytes,
                )
                self._replace("checkpoints", "run, name, kind, epoch, step, metrics, size_bytes", values)
            case said.CheckpointRemoved():
                self._connection.execute(
                    "DELETE FROM checkpoints WHERE run = ? AND name = ?", (self._run, event.name)
                )
            case said.ResultWritten():
                values = (event.folder, self._attempt, event.split, event.epoch, event.step, event.checkpoint)
                columns = "run, folder, attempt, split, epoch, step, checkpoint, metrics"
                self._replace("results", columns, (*values, json.dumps(event.metrics)))
            case said.ExportWritten():
                values = (event.path, event.format, int(event.verified), event.max_error, event.size_bytes)
                self._replace("exports", "run, path, format, verified, max_error, size_bytes", values)
            case said.PhaseChanged():
                values = (self._attempt, event.name, event.edge, event.seconds, event.message)
                self._replace("phases", "run, attempt, name, edge, seconds, message", values)
            case said.Notice():
                values = (self._attempt, self._source, event.seq, event.time, event.level, event.code)
                columns = "run, attempt, source, seq, time, level, code, message, hint"
                self._replace("notices", columns, (*values, event.message, event.hint))
            case said.UnknownEvent():
                self.unknown += 1
            case _:
                return  # told for the live view and the log only

    def _replace(self, table: str, columns: str, values: tuple[object, ...]) -> None:
        marks = ",".join("?" * (len(values) + 1))
        self._connection.execute(
            f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", (self._run, *values)
        )

    def _metrics(self, event: said.MetricsLogged) -> None:
        rows = [(name, "", value) for name, value in event.values.items()]
        rows += [
            (name, label, value)
            for name, by_class in event.per_class.items()
            for label, value in by_class.items()
        ]
        self._connection.executemany(
            "INSERT OR REPLACE INTO metrics (run, name, class, step, attempt, epoch, scope, value) "
            "VALUES (?,?,?,?,?,?,?,?)",
            [
                (self._run, name, label, event.step, self._attempt, event.epoch, event.scope, value)
                for name, label, value in rows
            ],
        )

    def _state(self, state: RunState, moment: float, failure: Failure | None) -> None:
        row = self._connection.execute(
            "SELECT state, attempt FROM runs WHERE run = ?", (self._run,)
        ).fetchone()
        if row is None or self._attempt < row["attempt"]:
            self.refused += 1
            return
        current: RunState = row["state"]
        starts_anew = self._attempt > row["attempt"] and state == "queued"
        if state != current and not starts_anew and not can_follow(current, state):
            self.refused += 1
            return
        self._update(
            state=state,
            attempt=self._attempt,
            ended=moment if state in END_STATES else None,
            failure=failure.model_dump_json() if failure is not None else None,
        )
        if state == "cancelled":
            self._discard()

    def _discard(self) -> None:
        """Forget what lay in the folders that a cancelled run loses."""
        for table in ("checkpoints", "results", "exports"):
            self._connection.execute(f"DELETE FROM {table} WHERE run = ?", (self._run,))

    def _update(self, **values: object) -> None:
        assignments = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE runs SET {assignments} WHERE run = ?", (*values.values(), self._run)
        )
