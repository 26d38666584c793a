"""The MLflow side: one MLflow run for each of our runs, over all its attempts. Nothing is written twice."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

from engine.protocol.events import Event, MetricsLogged, ResultWritten, RunEnded, RunStarted, Source
from engine.protocol.operating_system import wait_for_lock
from engine.protocol.run_folder import RunFolder, write_json
from engine.runner.tracking_settings import TrackingSettings

CURSOR_NAME = "tracking.json"
EXPERIMENT = "Lensmith"
Item = tuple[int, Source, Event]
"""Attempt, source, event."""
_AT_ONCE = 900
"""MLflow takes 1000 metrics in one call."""
_PARAMS_AT_ONCE = 90
_LONGEST_PARAM = 500
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Its own patience with a server that does not answer lasts many minutes; ours is the tracker's.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "60",
}


class MlflowRun:
    """Opens the run, creating experiment and run where there are none yet.

    How far the events were written is noted in RUN/tracking.json, for a runner that takes over.
    """

    def __init__(self, folder: RunFolder, settings: TrackingSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._cursor = _read_cursor(folder)
        with alone(settings):
            self._client: Any = open_client(settings)
            self._entities: Any = importlib.import_module("mlflow.entities")
            if "run_id" not in self._cursor:
                self._begin()

    @property
    def client(self) -> Any:
        """MLflow's own client of the place that is tracked in."""
        return self._client

    @property
    def run_id(self) -> str:
        """MLflow's name of the run."""
        return str(self._cursor["run_id"])

    def write(self, items: list[Item]) -> None:
        """Write what is new among some events, then note how far that was."""
        seen = cast("dict[str, int]", self._cursor["seen"])
        new = [item for item in items if item[2].seq > seen.get(f"{item[0]}/{item[1]}", -1)]
        if not new:
            return
        metrics = [
            self._entities.Metric(_name(name), value, int(event.time * 1000), event.step)
            for _, _, event in new
            if isinstance(event, MetricsLogged)
            for name, value in event.values.items()
        ]
        for start in range(0, len(metrics), _AT_ONCE):
            self._client.log_batch(self.run_id, metrics=metrics[start : start + _AT_ONCE])
        for attempt, _, event in new:
            self._tell(attempt, event)
        for attempt, source, event in new:
            seen[f"{attempt}/{source}"] = event.seq
        self._save()

    def _begin(self) -> None:
        """Find the run by its tag, which a runner that was killed may have created; else create it."""
        experiment = self._experiment()
        job = self._folder.job()
        found = self._client.search_runs([experiment], filter_string=f"tags.`lensmith.run` = '{job.run}'")
        if found:
            identity = found[0].info.run_id
        else:
            tags = {"lensmith.run": job.run, "lensmith.kind": job.kind, "lensmith.plugin": job.plugin.id}
            identity = self._client.create_run(
                experiment, run_name=job.name or job.run, tags=tags
            ).info.run_id
        self._cursor |= {"run_id": identity, "experiment_id": experiment, "seen": {}}
        params: dict[str, object] = {
            "plugin": job.plugin.id,
            "dataset": job.dataset.name if job.dataset else "",
        }
        self._log_params(params | self._folder.effective_config(1))
        self._save()

    def _experiment(self) -> str:
        known = self._client.get_experiment_by_name(EXPERIMENT)
        if known is None:
            try:
                return str(
                    self._client.create_experiment(EXPERIMENT, artifact_location=self._settings.artifacts)
                )
            except (
                Exception
            ):  # another runner has just created it; anything else is raised by the next line too
                known = self._client.get_experiment_by_name(EXPERIMENT)
                if known is None:
                    raise
        return str(known.experiment_id)

    def _tell(self, attempt: int, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._client.update_run(self.run_id, status="RUNNING")
            if attempt > 1:
                overrides = self._folder.attempt(attempt).spec().overrides
                self._log_params({f"attempt_{attempt}/{name}": value for name, value in overrides.items()})
        elif isinstance(event, ResultWritten):
            self._upload(self._folder.results / event.folder / "summary.json", f"results/{event.folder}")
        elif isinstance(event, RunEnded):
            best = self._folder.checkpoints / "best"
            model = best if best.is_dir() else self._folder.checkpoints / "last"
            for name in ("weights.safetensors", "plugin/checkpoint.pt", "meta.json"):
                self._upload(model / name, "model")
            self._upload(self._folder.job_path, "")
            status = {"completed": "FINISHED", "failed": "FAILED"}.get(event.state, "KILLED")
            self._client.set_terminated(self.run_id, status)

    def _log_params(self, values: dict[str, object]) -> None:
        listed = [
            self._entities.Param(_name(name), str(value)[:_LONGEST_PARAM]) for name, value in values.items()
        ]
        for start in range(0, len(listed), _PARAMS_AT_ONCE):
            self._client.log_batch(self.run_id, params=listed[start : start + _PARAMS_AT_ONCE])

    def _upload(self, path: Path, place: str) -> None:
        if path.is_file():
            self._client.log_artifact(self.run_id, str(path), place or None)

    def _save(self) -> None:
        write_json(self._folder.path / CURSOR_NAME, self._cursor)


@contextlib.contextmanager
def alone(settings: TrackingSettings) -> Generator[None]:
    """One process at a time creates the local database, migrates it, and creates the experiment."""
    if settings.local is None:
        yield
        return
    lock = wait_for_lock(settings.local / ".lock", timeout_s=120.0)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def open_client(settings: TrackingSettings) -> Any:
    """Load the library, which takes seconds, and give its client; to be called while `alone`."""
    _prepare_library(settings)
    # MLflow knows no types of ours: it is imported late, and only here.
    mlflow: Any = importlib.import_module("mlflow")
    return mlflow.MlflowClient(tracking_uri=settings.uri, registry_uri=settings.uri)


def _prepare_library(settings: TrackingSettings) -> None:
    """Set what MLflow reads from the environment of this process, which is the runner's own."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if settings.local is not None:
        # Its default experiment would else put a folder into the current one.
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = settings.artifacts or ""
    if settings.user:
        os.environ["MLFLOW_TRACKING_USERNAME"] = settings.user
        os.environ["MLFLOW_TRACKING_PASSWORD"] = settings.password
    for name in ("mlflow", "alembic", "sqlalchemy", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _name(name: str) -> str:
    """A name with nothing in it that MLflow refuses."""
    return re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII)


def _read_cursor(folder: RunFolder) -> dict[str, object]:
    try:
        cursor: object = json.loads((folder.path / CURSOR_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, object]", cursor) if isinstance(cursor, dict) else {}
