"""What every page is given: the user's folder, the runs, the datasets, the plugins, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop.bridge.actions import EngineActions, Told
from desktop.bridge.background import Background
from desktop.bridge.catalogue import CatalogueWatcher
from desktop.bridge.dataset_shelf import DatasetShelf
from desktop.bridge.fetching import Fetching
from desktop.bridge.host_desk import HostDesk
from desktop.bridge.live_feed import LiveFeed
from desktop.bridge.machine import MachineWatch
from desktop.bridge.mlflow_page import MlflowPage
from desktop.bridge.notifications import Notifications, ending_sentence
from desktop.bridge.predictor import Predictor
from desktop.bridge.predictor_place import PredictorPlace
from desktop.bridge.presence import Presence
from desktop.bridge.processes import start_detached
from desktop.bridge.run_directory import RunDirectory
from desktop.bridge.run_places import RunPlaces
from desktop.bridge.settings import Settings
from engine.errors import UserError
from engine.protocol.home import Home
from engine.store.runs import RunRow


class Context(QObject):
    """Composed once, by the application."""

    asked_to_go = Signal(str, dict)
    """A page's name, and what it shall show."""
    told = Signal(object)
    """A `Told` for the window's corner."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self.home = home
        self.settings = Settings(home)
        self.background = Background(self)
        self.live = LiveFeed(home)
        self.runs = RunDirectory(home, self.background, self.live)
        self.places = RunPlaces(home, self.background, self.runs, self.live)
        self.actions = EngineActions(home, self.background, self.runs)
        self.catalogue = CatalogueWatcher(home)
        self.datasets = DatasetShelf(home, self.background)
        self.hosts = HostDesk(home, self.background)
        self.fetching = Fetching(home)
        self.predictor = Predictor(home)
        self.notifications = Notifications(self.settings, self.runs)
        self.mlflow = MlflowPage(home)
        self.presence = Presence(self.settings, self.runs)
        self.presence.failed_meanwhile.connect(self._tell_failures)
        self.machine = MachineWatch(home.path, self.background)
        self.predictor_place = PredictorPlace(self.settings, self.runs, self.machine, self.predictor)
        self.predictor_place.refused.connect(self.complain)
        self.predictor_place.fell_back.connect(self._tell_fallback)
        self.actions.told.connect(self.told)
        self.mlflow.told.connect(self.toast)
        self.runs.failed.connect(self.complain)
        self.datasets.failed.connect(self.complain)
        self.hosts.failed.connect(self.complain)
        self.fetching.failed.connect(self.complain)
        self.settings.failed.connect(self._settings_failed)

    def start(self) -> None:
        """Listen, read, describe, tick: after the window is on the screen."""
        from engine.runner.queue import start_processes_with

        start_processes_with(start_detached)
        if not self.live.listen():
            self.toast(
                "Live values are not available",
                "warn",
                "No local socket can be opened; progress is read from the store every two seconds.",
            )
        self.runs.refresh()
        self.datasets.refresh()
        self.catalogue.refresh()
        self.hosts.start()
        self.actions.keep_ticking()
        self.machine.start()
        self.presence.start()

    def close(self) -> None:
        """End the window's own children; runs go on."""
        self.presence.close()
        self.actions.close()
        self.machine.close()
        self.settings.flush()
        self.live.close()
        self.runs.close()
        self.places.close()
        self.datasets.close()
        self.hosts.close()
        self.fetching.close()
        self.catalogue.close()
        self.predictor.close()
        self.mlflow.close()
        self.notifications.close()
        self.background.wait()

    def go(self, page: str, **target: object) -> None:
        """Open a page: home, data, train, validate, predict, export, jobs, plugins, settings."""
        self.asked_to_go.emit(page, target)

    def toast(
        self,
        title: str,
        tone: str = "info",
        text: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        """Show a message in the window's corner; see `desktop.widgets.toasts`."""
        self.told.emit(Told(title, tone, text, action))

    def complain(self, error: UserError) -> None:
        """Show an error as a message that stays."""
        self.toast(error.message, "bad", error.hint)

    def _tell_failures(self, rows: list[RunRow]) -> None:
        if len(rows) == 1:
            title, text = ending_sentence(rows[0]), "It happened while the window was closed."
            self.toast(title, "bad", text, ("See it", lambda: self.go("train", run=rows[0].run)))
        else:
            title = f"{len(rows)} runs failed while the window was closed"
            self.toast(title, "bad", "", ("See them", lambda: self.go("jobs")))

    def _tell_fallback(self, sentence: str) -> None:
        self.toast("The CPU predicts instead", "warn", sentence)

    def _settings_failed(self, sentence: str) -> None:
        self.toast("The settings cannot be saved", "bad", sentence)
