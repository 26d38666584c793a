"""Where everything of one user lives: store, runs, datasets, plugins, caches, settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engine.errors import UserError

HOME_VARIABLE = "LENSMITH_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """The user's data folder, `LENSMITH_HOME` or the platform's place for application data."""

    path: Path

    @classmethod
    def default(cls) -> Home:
        """Give the folder that the environment or the platform names. Nothing is created."""
        named = os.environ.get(HOME_VARIABLE)
        folder = Path(named) if named else Path(platformdirs.user_data_dir("Lensmith", appauthor=False))
        return cls(folder.expanduser().absolute())

    def ensure(self) -> Home:
        """Create the folder and its parts.

        Raises:
            UserError: `home_read_only` when it cannot be written.
        """
        try:
            for folder in (
                self.path,
                self.runs,
                self.datasets,
                self.plugins,
                self.cache,
                self.trash,
                self.logs,
            ):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.path / f".write-probe-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise UserError(
                "home_read_only",
                f"Lensmith's data folder {self.path} cannot be written ({error.strerror or error}).",
                f"Make it writable, or set {HOME_VARIABLE} to a folder that is.",
            ) from error
        return self

    @property
    def store_path(self) -> Path:
        return self.path / "store.db"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def datasets(self) -> Path:
        return self.path / "datasets"

    @property
    def plugins(self) -> Path:
        return self.path / "plugins"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def scratch(self) -> Path:
        """What is made for the moment; nothing stays that no live process holds. Not made beforehand."""
        return self.path / "scratch"

    @property
    def mlflow(self) -> Path:
        return self.path / "mlflow"

    @property
    def trash(self) -> Path:
        return self.path / "trash"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def settings_path(self) -> Path:
        return self.path / "settings.json"

    @property
    def tap_path(self) -> Path:
        """The address of the desktop's local socket, written by the desktop while it is open."""
        return self.path / "tap"
