"""The rehearsal beside the form: how far it is, what it found, what went wrong, and whether it still holds."""

from __future__ import annotations

from PySide6.QtCore import Signal

from desktop.models.rehearsal import RehearsalModel
from desktop.pages.train_rehearsal_found import FoundView
from desktop.pages.train_trial_panel import TrialPanel
from desktop.theme.fonts import font
from desktop.theme.tokens import TYPE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.labels import text_label
from desktop.widgets.message_banner import Banner
from engine.protocol.rehearsal import Rehearsal

_EXPLANATION = "A minute of the real training, to know what the whole will take. Nothing of it is kept."
STALE = "The settings have changed since."


class RehearsalPanel(TrialPanel):
    """Follows a model.

    Args:
        model: rehearses.
    """

    again_wanted = Signal()
    applied = Signal(list)
    """Proposals that shall be written into the form."""

    def __init__(self, model: RehearsalModel) -> None:
        again = Button("Rehearse again", "ph.arrow-clockwise")
        super().__init__("Rehearsal", _EXPLANATION, again)
        self.model = model
        self._shown: Rehearsal | None = None
        self.view: FoundView | None = None
        self.again = again
        on_click(self.again, self.again_wanted.emit)
        on_click(self.cancel, self._cancel)
        self.share = text_label("", "muted")
        self.share.setFont(font(TYPE.body, tabular=True))
        self.line.insertWidget(self.line.indexOf(self.cancel), self.share)
        self.stale = Banner("info", STALE, "Rehearse again to see what they take.")
        self.stale.hide()
        self.body.insertWidget(self.body.indexOf(self.failure), self.stale)
        model.changed.connect(self._show)
        self._show()

    def mark_stale(self, is_stale: bool) -> None:
        """Say that the figures are of other settings than the form's."""
        self.stale.setVisible(is_stale and self.model.found is not None)

    def _show(self) -> None:
        model, plan = self.model, self.model.plan
        self.subject.setText(f"{plan.model} on {plan.dataset}" if plan is not None else "")
        self.again.setVisible(not model.is_running)
        percent = round(100 * model.share)
        self.show_progress(model.is_running, model.phase, percent, 100 if percent else 0)
        self.share.setText(f"{percent}%" if percent else "")
        self.bar.setAccessibleDescription(f"{model.phase} {self.share.text()}".strip())
        self.show_failure(model.error)
        if model.found is not self._shown:
            self._shown = model.found
            self.stale.hide()
            self.view = FoundView(model.found) if model.found is not None else None
            if self.view is not None:
                self.view.applied.connect(self.applied)
            self.show_found(self.view)

    def _cancel(self) -> None:
        self.model.cancel()
        self.closed.emit()
