"""A profile beside the form: how far its run is, and then where the time went."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from desktop.context import Context
from desktop.models.profile import ProfileModel
from desktop.models.run_words import run_title, state_words
from desktop.pages.train_profile_found import ProfileView
from desktop.pages.train_trial_panel import TrialPanel
from desktop.widgets.buttons import Button, on_click
from engine.protocol.profile import Profile

_EXPLANATION = (
    "A few steps of the training are timed part by part. It is a run of its own: this page may be left."
)


class ProfilePanel(TrialPanel):
    """Shows one profile run.

    Args:
        context: the window's.
    """

    def __init__(self, context: Context) -> None:
        trace = Button("Open trace folder", "ph.folder-open")
        super().__init__("Profile", _EXPLANATION, trace)
        self._context = context
        self.model = ProfileModel(context.home, context.runs, context.background, self)
        self._shown: Profile | None = None
        self.view: ProfileView | None = None
        self.trace = trace
        self.trace.explain("The trace opens in chrome://tracing or ui.perfetto.dev")
        on_click(self.trace, self._open_folder)
        on_click(self.cancel, self._cancel)
        self.model.changed.connect(self._show)
        self._show()

    def follow(self, run: str) -> None:
        """Show a run."""
        self.model.follow(run)

    def _show(self) -> None:
        model, row_now = self.model, self.model.row
        if row_now is None:
            self.subject.setText("")
            self.show_progress(model.is_running, "Waiting", 0, 0)
        else:
            self.subject.setText(f"{run_title(row_now)} on {row_now.dataset}")
            self.show_progress(model.is_running, state_words(row_now)[0], row_now.step, row_now.steps_total)
        self.show_failure(model.error)
        if model.found is not self._shown:
            self._shown = model.found
            self.view = ProfileView(model.found) if model.found is not None else None
            self.show_found(self.view)
        self.trace.setVisible(model.found is not None)

    def _open_folder(self) -> None:
        folder = self.model.folder
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._context.toast("The folder cannot be opened", "warn", str(folder))

    def _cancel(self) -> None:
        self._context.actions.command(self.model.run, "cancel")
        self.closed.emit()
