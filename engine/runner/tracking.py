"""Experiment tracking: a thread of the runner gives the events to MLflow. Trouble ends the tracking, never the run."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

from engine.config.features import feature_status
from engine.protocol.events import Event, MetricsLogged, Notice, ResultWritten, RunEnded, Source
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.protocol.times import RETRY_BACKOFF_S
from engine.runner.mlflow_run import Item, MlflowRun
from engine.runner.tracking_settings import (
    TrackingSettings,
    read_tracking_settings,
    settings_trouble,
    without_credentials,
)

_BATCH = 900
"""MLflow takes 1000 metrics in one call."""
_CLOSE_TIMEOUT_S = 60.0
_LOUD = (MetricsLogged, ResultWritten, RunEnded)
"""With the first of these the library is loaded: not before the training runs, since that takes seconds."""


@dataclass(frozen=True, slots=True)
class TrackingTiming:
    """Seconds."""

    backoff_s: tuple[float, ...] = RETRY_BACKOFF_S
    """Pauses before the tries after the first; their number is the most of them in a row."""
    close_timeout_s: float = _CLOSE_TIMEOUT_S
    """How long the end of the run is held up at most."""


class Tracker:
    """Takes events at once, and writes them from its own thread."""

    def __init__(
        self, folder: RunFolder, settings: TrackingSettings, timing: TrackingTiming | None = None
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._timing = timing or TrackingTiming()
        self._events: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._notices: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._gave_up = False
        self._thread: threading.Thread | None = None

    def feed(self, attempt: int, source: Source, event: Event) -> None:
        """Hand an event over. Never waits."""
        if self._gave_up:
            return
        self._events.put((attempt, source, event))
        if self._thread is None and isinstance(event, _LOUD):
            self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
            self._thread.start()

    def tell(self, notice: Notice) -> None:
        """Have something told with the next notices."""
        self._notices.put(notice)

    def new_notices(self) -> list[Notice]:
        """What went wrong since the last call."""
        notices: list[Notice] = []
        while not self._notices.empty():
            notices.append(self._notices.get())
        return notices

    def close(self) -> None:
        """Write the rest, for a minute at most."""
        if self._thread is None:
            return
        self._closing.set()
        self._events.put(None)
        self._thread.join(timeout=self._timing.close_timeout_s)
        if self._thread.is_alive() and not self._gave_up:
            self._give_up("the tracking server does not answer")

    def _work(self) -> None:
        run: MlflowRun | None = None
        while items := self._next_items():
            for tried in range(len(self._timing.backoff_s) + 1):
                try:
                    run = run or MlflowRun(self._folder, self._settings)
                    run.write(items)
                    break
                except Exception as error:  # noqa: BLE001  # whatever a foreign library raises must not reach the run; it is told in a notice
                    run = None
                    if not self._may_try_again(tried, failure_words(error, self._settings)):
                        return

    def _next_items(self) -> list[Item]:
        """Wait for events and take what is there; empty at the end."""
        items: list[Item] = []
        while not items or (len(items) < _BATCH and not self._events.empty()):
            item = self._events.get()
            if item is None:
                self._events.put(None)  # the end stays the end
                break
            items.append(item)
        return items

    def _may_try_again(self, tried: int, trouble: str) -> bool:
        """Tell the trouble and wait before the next try; at the end of the run there is no more waiting."""
        if tried >= len(self._timing.backoff_s) or self._closing.is_set():
            self._give_up(trouble)
            return False
        message = f"MLflow cannot be written: {trouble}. Trying again, {tried + 1} of {len(self._timing.backoff_s)}."
        self._notices.put(Notice(level="info", code="tracking_retry", message=message))
        self._closing.wait(self._timing.backoff_s[tried])
        return True

    def _give_up(self, trouble: str) -> None:
        self._gave_up = True
        self._notices.put(
            Notice(
                level="warning",
                code="tracking_failed",
                message=f"The run was not tracked in MLflow to its end: {trouble}.",
                hint="The run itself is complete. Check `tracking.uri` in settings.json.",
            )
        )


def open_tracker(home: Home, folder: RunFolder) -> Tracker | None:
    """Make the tracker that settings.json asks for; None when tracking is off or MLflow is not installed."""
    settings = read_tracking_settings(home)
    if settings is None or not feature_status("tracking").available:
        return None
    tracker = Tracker(folder, settings)
    trouble = settings_trouble(home)
    if trouble is not None:
        tracker.tell(
            Notice(
                level="warning",
                code="settings_unreadable",
                message=f"{home.settings_path.name} cannot be read ({trouble}), so this run is tracked locally.",
                hint="Correct the file; an empty one is {}.",
            )
        )
    return tracker


def failure_words(error: Exception, settings: TrackingSettings) -> str:
    """Say what a foreign library raised: its first line, without credentials."""
    text = str(error).strip()
    first = text.splitlines()[0] if text else ""
    return without_credentials(f"{type(error).__name__}: {first}"[:500].rstrip(" ."), settings)
