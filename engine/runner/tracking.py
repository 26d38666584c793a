"""Experiment tracking: the run's parameters, metrics and artefacts in MLflow, written by a thread of the runner."""

from __future__ import annotations

import importlib
import json
import os
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.config.features import feature_status
from engine.protocol.events import (
    Event,
    MetricsLogged,
    Notice,
    ResultWritten,
    RunEnded,
    Source,
)
from engine.protocol.home import Home
from engine.protocol.operating_system import wait_for_lock
from engine.protocol.run_folder import RunFolder, write_json

CURSOR_NAME = "tracking.json"
EXPERIMENT = "Lensmith"
_BATCH = 900
"""MLflow takes 1000 metrics in one call."""
_PARAMS_AT_ONCE = 90
_LONGEST_PARAM = 500
_CLOSE_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class TrackingPlace:
    """Where tracking goes."""

    uri: str
    artifacts: str | None
    """URI of the folder for files; None leaves it to the server."""
    lock_path: Path


class Tracker:
    """Feeds MLflow from ingested events. Trouble ends the tracking, never the run.

    What was written is noted in RUN/tracking.json, so that a runner that takes over writes nothing twice.
    """

    def __init__(self, folder: RunFolder, place: TrackingPlace) -> None:
        self._folder = folder
        self._place = place
        self._events: queue.SimpleQueue[tuple[int, Source, Event] | None] = queue.SimpleQueue()
        self._cursor = _read_cursor(folder)
        self._failure: str | None = None
        self._thread: threading.Thread | None = None

    def feed(self, attempt: int, source: Source, event: Event) -> None:
        """Hand an event over. Never waits. The library is loaded with the first measured value."""
        self._events.put((attempt, source, event))
        if self._thread is None and isinstance(event, MetricsLogged | ResultWritten | RunEnded):
            self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
            self._thread.start()

    def close(self) -> Notice | None:
        """Write the rest, for a minute at most; give what went wrong."""
        if self._thread is not None:
            self._events.put(None)
            self._thread.join(timeout=_CLOSE_TIMEOUT_S)
            if self._thread.is_alive():
                self._failure = self._failure or "the tracking server does not answer"
        if self._failure is None:
            return None
        return Notice(
            level="warning",
            code="tracking_failed",
            message=f"The run was not tracked in MLflow to its end: {self._failure}.",
            hint="The run itself is complete. Check `tracking.uri` in settings.json.",
        )

    def _work(self) -> None:
        try:
            os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
            client = _Writing(importlib.import_module("mlflow"), self._place, self._folder, self._cursor)
            while (item := self._events.get()) is not None:
                waiting = [item]
                while len(waiting) < _BATCH and not self._events.empty():
                    following = self._events.get()
                    if following is None:
                        client.write(waiting)
                        return
                    waiting.append(following)
                client.write(waiting)
        except Exception as error:  # noqa: BLE001  # whatever a foreign library raises must not reach the run; it is told in a notice
            self._failure = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


class _Writing:
    """The MLflow side: one MLflow run for each of our runs, over all its attempts."""

    def __init__(self, mlflow: Any, place: TrackingPlace, folder: RunFolder, cursor: dict[str, Any]) -> None:
        self._folder = folder
        self._cursor = cursor
        self._entities = importlib.import_module("mlflow.entities")
        # Two runners that make a fresh store, or its experiment, at the same instant would be in each other's way.
        lock = wait_for_lock(place.lock_path, timeout_s=_CLOSE_TIMEOUT_S)
        try:
            self._client = mlflow.MlflowClient(tracking_uri=place.uri)
            if "run_id" not in cursor:
                self._begin(place)
        finally:
            if lock is not None:
                lock.release()

    def _begin(self, place: TrackingPlace) -> None:
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        identity = (
            experiment.experiment_id
            if experiment
            else self._client.create_experiment(EXPERIMENT, artifact_location=place.artifacts)
        )
        job = self._folder.job()
        tags = {"lensmith.run": job.run, "lensmith.kind": job.kind, "lensmith.plugin": job.plugin.id}
        run = self._client.create_run(identity, run_name=job.name or job.run, tags=tags)
        params: dict[str, object] = {
            "plugin": job.plugin.id,
            "dataset": job.dataset.name if job.dataset else "",
        }
        params |= self._folder.effective_config()
        listed = [self._entities.Param(name, str(value)[:_LONGEST_PARAM]) for name, value in params.items()]
        for start in range(0, len(listed), _PARAMS_AT_ONCE):
            self._client.log_batch(run.info.run_id, params=listed[start : start + _PARAMS_AT_ONCE])
        self._cursor |= {"run_id": run.info.run_id, "seen": {}}
        self._save()

    def write(self, items: list[tuple[int, Source, Event]]) -> None:
        """Write what is new among some events, then note how far that was."""
        seen: dict[str, int] = self._cursor["seen"]
        new = [item for item in items if item[2].seq > seen.get(f"{item[0]}/{item[1]}", -1)]
        metrics = [
            self._entities.Metric(name.replace("@", "_"), value, int(event.time * 1000), event.step)
            for _, _, event in new
            if isinstance(event, MetricsLogged)
            for name, value in event.values.items()
        ]
        for start in range(0, len(metrics), _BATCH):
            self._client.log_batch(self._run_id, metrics=metrics[start : start + _BATCH])
        for _, _, event in new:
            self._artefacts(event)
        for attempt, source, event in new:
            seen[f"{attempt}/{source}"] = event.seq
        if new:
            self._save()

    def _artefacts(self, event: Event) -> None:
        if isinstance(event, ResultWritten):
            self._upload(self._folder.results / event.folder / "summary.json", f"results/{event.folder}")
        elif isinstance(event, RunEnded):
            best = self._folder.checkpoints / "best"
            model = best if best.is_dir() else self._folder.checkpoints / "last"
            for name in ("weights.safetensors", "meta.json"):
                self._upload(model / name, "model")
            self._upload(self._folder.job_path, "")
            status = {"completed": "FINISHED", "failed": "FAILED"}.get(event.state, "KILLED")
            self._client.set_terminated(self._run_id, status)

    def _upload(self, path: Path, place: str) -> None:
        if path.is_file():
            self._client.log_artifact(self._run_id, str(path), place or None)

    @property
    def _run_id(self) -> str:
        return str(self._cursor["run_id"])

    def _save(self) -> None:
        write_json(self._folder.path / CURSOR_NAME, self._cursor)


def open_tracker(home: Home, folder: RunFolder) -> Tracker | None:
    """Make the tracker that settings.json asks for; None when tracking is off or MLflow is not installed."""
    settings = _settings(home)
    if settings.get("enabled") is False or not feature_status("tracking").available:
        return None
    uri = settings.get("uri")
    home.mlflow.mkdir(parents=True, exist_ok=True)
    lock_path = home.mlflow / ".lock"
    if isinstance(uri, str) and uri:
        return Tracker(folder, TrackingPlace(uri, None, lock_path))
    local = f"sqlite:///{(home.mlflow / 'mlflow.db').as_posix()}"
    return Tracker(folder, TrackingPlace(local, (home.mlflow / "artifacts").as_uri(), lock_path))


def _settings(home: Home) -> dict[str, Any]:
    """The part `tracking` of settings.json; empty where there is none or it cannot be read."""
    try:
        settings = json.loads(home.settings_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    part = cast("dict[str, object]", settings).get("tracking") if isinstance(settings, dict) else None
    return cast("dict[str, Any]", part) if isinstance(part, dict) else {}


def _read_cursor(folder: RunFolder) -> dict[str, Any]:
    try:
        return json.loads((folder.path / CURSOR_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
