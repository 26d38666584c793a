"""The table of runs: what each was asked to do, and how far it is."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import cast

from engine.config.problems import nearest
from engine.errors import UserError
from engine.protocol.job import ACTIVE_STATES, Failure, JobSpec, RunState
from engine.store.connection import Connected


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as views show it."""

    run: str
    name: str
    kind: str
    state: RunState
    attempt: int
    epoch: int
    epochs: int
    step: int
    steps_total: int
    eta_s: float | None
    images_per_s: float | None
    best_metric: str | None
    best_value: float | None
    best_epoch: int | None
    created: str
    started: float | None
    """Unix seconds of the first start of a worker."""
    ended: float | None
    failure: Failure | None
    plugin: str
    model: str
    task: str
    dataset: str | None
    dataset_version: str | None
    preset: str | None
    config: dict[str, object]
    parent: str | None
    device: str | None
    trashed: bool


class RunTable(Connected):
    """Runs by id, unique prefix or name."""

    def add_run(self, job: JobSpec) -> None:
        """Record a run that was just placed in its folder, state queued. Known already: nothing happens."""
        parent = job.task_options.get("parent_run")
        values: tuple[object, ...] = (
            job.run,
            job.name,
            job.kind,
            "queued",
            job.created,
            job.plugin.id,
            job.plugin.model,
            job.task,
            job.dataset.name if job.dataset else None,
            job.dataset.version if job.dataset else None,
            job.preset,
            json.dumps(job.config),
            parent if isinstance(parent, str) else None,
            _epochs(job.config),
        )
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO runs (run, name, kind, state, created, plugin, model, task, dataset, "
                "dataset_version, preset, config, parent, epochs) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                values,
            )

    def run(self, run_id: str) -> RunRow:
        """Give the run with this id, unique beginning of an id, or unique name.

        Raises:
            UserError: `run_unknown` with the nearest, `run_ambiguous` with all that match.
        """
        for condition, value in (
            ("run = ?", run_id),
            ("name = ?", run_id),
            ("substr(run, 1, length(?1)) = ?1", run_id),
        ):
            rows = (
                self._rows(f"SELECT * FROM runs WHERE trashed = 0 AND {condition} LIMIT 6", (value,))
                if value
                else []
            )
            if len(rows) == 1:
                return _row(rows[0])
            if rows:
                matching = ", ".join(str(row["run"]) for row in rows)
                raise UserError(
                    "run_ambiguous", f"{run_id!r} may mean several runs: {matching}.", "Give the whole id."
                )
        known = [str(row["run"]) for row in self._rows("SELECT run FROM runs WHERE trashed = 0")]
        close = nearest(run_id, known)
        hint = f"Did you mean {close}?" if close else "See `lensmith runs list`."
        raise UserError("run_unknown", f"There is no run {run_id!r}.", hint)

    def runs(self, kind: str | None = None, limit: int | None = None) -> list[RunRow]:
        """All runs that are not in the trash, newest first."""
        rows = self._rows(
            "SELECT * FROM runs WHERE trashed = 0 AND (? IS NULL OR kind = ?) ORDER BY created DESC, run DESC LIMIT ?",
            (kind, kind, -1 if limit is None else limit),
        )
        return [_row(row) for row in rows]

    def unsettled(self) -> list[RunRow]:
        """Runs at which somebody should be at work: in an active state, or holding a device; trashed ones too."""
        marks = ",".join("?" * len(ACTIVE_STATES))
        rows = self._rows(
            f"SELECT * FROM runs WHERE state IN ({marks}) OR run IN (SELECT run FROM leases) ORDER BY created, run",
            tuple(sorted(ACTIVE_STATES)),
        )
        return [_row(row) for row in rows]

    def is_known(self, run: str) -> bool:
        """Say whether the store has the run with exactly this id, also in the trash."""
        return bool(self._rows("SELECT run FROM runs WHERE run = ?", (run,)))

    def set_trashed(self, run: str, trashed: bool) -> None:
        """Hide a run from views, or show it again.

        Raises:
            UserError: `run_unknown`.
        """
        with self.transaction() as connection:
            changed = connection.execute(
                "UPDATE runs SET trashed = ? WHERE run = ?", (int(trashed), run)
            ).rowcount
        if not changed:
            raise UserError("run_unknown", f"There is no run {run!r}.", "See `lensmith runs list`.")

    def forget_run(self, run: str) -> None:
        """Remove everything that is known of a run."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM runs WHERE run = ?", (run,))


def _epochs(config: dict[str, object]) -> int:
    epochs = config.get("epochs")
    return epochs if isinstance(epochs, int) else 0


def _row(row: sqlite3.Row) -> RunRow:
    values = {key: row[key] for key in row.keys() if key not in ("tags", "notes")}  # noqa: SIM118  # a Row iterates its values
    failure = cast("str | None", values["failure"])
    values["failure"] = None if failure is None else Failure.model_validate_json(failure)
    values["config"] = json.loads(cast("str", values["config"]))
    values["trashed"] = bool(values["trashed"])
    return RunRow(**cast("dict[str, object]", values))  # pyright: ignore[reportArgumentType]  # columns are typed by the schema
