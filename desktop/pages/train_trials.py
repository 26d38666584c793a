"""Trying a training out before it is started: the buttons for a rehearsal and a profile, and what they show."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QWidget

from desktop.context import Context
from desktop.forms.settings_text import assignment_text
from desktop.models.rehearsal import RehearsalModel
from desktop.models.rehearsal_words import sentence
from desktop.models.training_plan import TrainingPlan
from desktop.pages.train_profile import ProfilePanel
from desktop.pages.train_rehearsal import RehearsalPanel
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import row
from engine.errors import UserError
from engine.protocol.rehearsal import Proposal

_REHEARSE_TIP = "Train for a minute to measure memory, speed, time and disk; nothing is kept"
_ELSEWHERE_TIP = "A rehearsal measures this machine; the training is to go to another one"
_PROFILE_TIP = "Profile: time a few steps part by part: where does the time go, and what helps?"


class Trials(QWidget):
    """Two buttons and their panels, which the page puts beside the form.

    Args:
        context: the window's.
    """

    panel_wanted = Signal(object)
    """A panel that shall be shown."""
    applied = Signal(list)
    """Proposals that shall be written into the form."""
    changed = Signal()
    """What a rehearsal says of the form is another one."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._plan: TrainingPlan | None = None
        self.model = RehearsalModel(context.home, self)
        self.rehearsal = RehearsalPanel(self.model)
        self.profile = ProfilePanel(context)
        line = row(SPACE.s)
        self.setLayout(line)
        self.rehearse_button = Button("Rehearse", "ph.gauge")
        self.profile_button = IconButton("ph.timer", "Profile", _PROFILE_TIP)
        on_click(self.rehearse_button, self.rehearse)
        on_click(self.profile_button, self.start_profile)
        line.addWidget(self.rehearse_button)
        line.addWidget(self.profile_button)
        self.rehearsal.again_wanted.connect(self._start)
        self.rehearsal.applied.connect(self.applied)
        self.model.changed.connect(self._model_changed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.model.close)
        self.show_plan(None)

    def show_plan(self, plan: TrainingPlan | None) -> None:
        """Say what could be tried out; None for nothing."""
        self._plan = plan
        can = plan is not None and not plan.is_elsewhere
        self.rehearse_button.setEnabled(can or self.model.is_running)
        self.rehearse_button.explain(
            _ELSEWHERE_TIP if plan is not None and plan.is_elsewhere else _REHEARSE_TIP
        )
        self.rehearsal.again.setEnabled(can)
        self.profile_button.setEnabled(plan is not None)
        self.rehearsal.mark_stale(not self.model.holds_for(plan))

    def words(self) -> str:
        """Say how long it will take by a rehearsal of exactly these settings; empty without one."""
        found = self.model.found
        return sentence(found) if found is not None and self.model.holds_for(self._plan) else ""

    def rehearse(self) -> None:
        """Show the rehearsal of these settings; begin one where there is none."""
        has_one = self.model.is_running or (self.model.found is not None and self.model.holds_for(self._plan))
        if not has_one:
            self._start()
        self.panel_wanted.emit(self.rehearsal)

    def start_profile(self) -> bool:
        """Put a profile of these settings in the queue and show it. Gives False where they cannot be trained."""
        plan = self._plan
        if plan is None:
            return False
        self.profile_button.setEnabled(False)
        name = f"Profile of {plan.model}"
        self._context.actions.submit(
            plan.request(name, "profile"), then=self.show_profile, failed=self._profile_refused
        )
        return True

    def show_profile(self, run: str) -> None:
        """Show a profile run."""
        self.profile_button.setEnabled(self._plan is not None)
        self.profile.follow(run)
        self._context.runs.refresh()
        self.panel_wanted.emit(self.profile)

    def _start(self) -> None:
        plan = self._plan
        if plan is not None and not plan.is_elsewhere:
            self.model.start(plan, rehearsal_arguments(plan))

    def _profile_refused(self, error: UserError) -> None:
        self.profile_button.setEnabled(self._plan is not None)
        self._context.complain(error)

    def _model_changed(self) -> None:
        self.show_plan(self._plan)
        self.changed.emit()


def rehearsal_arguments(plan: TrainingPlan) -> list[str]:
    """Write a plan as arguments of `lensmith rehearse`."""
    words = ["--plugin", plan.model, "--data", plan.dataset]
    words += ["--preset", plan.preset] if plan.preset else []
    for name, value in plan.changed.items():
        words += ["--set", f"{name}={assignment_text(value)}"]
    if plan.resource is not None and plan.resource.startswith("cuda:"):
        words += ["--gpus", plan.resource.removeprefix("cuda:")]
    return words


def values_of(proposals: list[Proposal]) -> dict[str, object]:
    """Give what proposals write into the form."""
    return {proposal.field: proposal.proposed for proposal in proposals}
