"""One profile run: how far it is, and where the time of its steps went once it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from PySide6.QtCore import QObject, Signal

from desktop.models.rehearsal_words import number, rough_time
from desktop.models.run_words import device_words, plural
from engine.errors import UserError
from engine.protocol.job import END_STATES
from engine.protocol.profile import PROFILE_NAME, Profile, ProfileRow
from engine.protocol.run_folder import RunFolder
from engine.store.runs import RunRow

if TYPE_CHECKING:
    from desktop.bridge.background import Background
    from desktop.bridge.run_directory import RunDirectory
    from engine.protocol.home import Home

PART_WORDS = {
    "data": "Waiting for images",
    "copy": "Copying and mixing",
    "forward": "Forward",
    "backward": "Backward",
    "optimizer": "Optimizer",
    "validation": "Validation",
    "waiting": "Device without work",
    "other": "Everything else",
}


class ProfileModel(QObject):
    """Follows one run of the kind `profile`.

    Args:
        home: the user's folder.
        runs: as the store knows them.
        background: reads the file.
        parent: its owner.
    """

    changed = Signal()

    def __init__(
        self, home: Home, runs: RunDirectory, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._home, self._runs, self._background = home, runs, background
        self._is_read = False
        self.run = ""
        self.found: Profile | None = None
        self.error: UserError | None = None
        runs.changed.connect(self._look)
        runs.run_changed.connect(self._run_changed)

    @property
    def row(self) -> RunRow | None:
        return self._runs.row(self.run) if self.run else None

    @property
    def folder(self) -> Path:
        """Where the profile and its trace lie."""
        return RunFolder(self._home.runs / self.run).profile

    @property
    def is_running(self) -> bool:
        """Whether its figures are still to come."""
        row = self.row
        return bool(self.run) and (row is None or row.state not in END_STATES)

    def follow(self, run: str) -> None:
        """Show another run."""
        if run != self.run:
            self.run, self.found, self.error, self._is_read = run, None, None, False
        self._look()

    def _run_changed(self, run: str) -> None:
        if run == self.run:
            self._look()

    def _look(self) -> None:
        row = self.row
        if row is not None and row.state in END_STATES and not self._is_read:
            self._is_read = True
            if row.failure is not None:
                self.error = UserError(row.failure.code, row.failure.message, row.failure.hint)
            else:
                self._background.run(
                    read_profile, self.folder, then=self._take, failed=self._refuse, owner=self
                )
        if self.run:
            self.changed.emit()

    def _take(self, found: Profile) -> None:
        self.found = found
        self.changed.emit()

    def _refuse(self, error: Exception) -> None:
        row = self.row
        if row is not None and row.state in ("cancelled", "stopped"):
            self.error = UserError("profile_ended", "The profile was ended before it had measured anything.")
        else:
            self.error = error if isinstance(error, UserError) else UserError("bug", str(error))
        self.changed.emit()


def read_profile(folder: Path) -> Profile:
    """Read the profile of a run. For a thread.

    Raises:
        UserError: `profile_unreadable`.
    """
    path = folder / PROFILE_NAME
    try:
        return Profile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(
            "profile_unreadable",
            f"The profile {path} cannot be read.",
            "Profile again; the run's log says what went wrong.",
        ) from error


def part_words(row: ProfileRow) -> str:
    """Name a part of a step's time."""
    return PART_WORDS.get(row.name, row.name)


def step_time(profile: Profile, seconds: float) -> str:
    """Write what a part takes of one step."""
    return rough_time(seconds / max(1, profile.steps))


def facts(profile: Profile) -> str:
    """Say with what it was measured, in one line."""
    parts = [
        device_words(profile.device),
        profile.precision,
        f"batch size {profile.batch_size}" if profile.batch_size else "",
        f"{plural(profile.steps, 'step')} of {step_time(profile, profile.seconds)}",
        f"{number(profile.images_per_s)} images/s" if profile.images_per_s else "",
    ]
    return " · ".join(part for part in parts if part)
