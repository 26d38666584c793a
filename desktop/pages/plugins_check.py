"""Trying a plugin out: the engine trains it for two steps in a process of its own; its steps are ticked off here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QWidget

from desktop.bridge.processes import EngineJob
from desktop.models.run_words import plural
from desktop.pages.plugins_problems import ProblemList
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import IconLabel, set_role, text_label
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.protocol.home import Home

_SIGNS = {
    "passed": ("ph.check-circle", "ok", "passed"),
    "warning": ("ph.warning", "warn", "passed with a warning"),
    "failed": ("ph.x-circle", "bad", "failed"),
    "skipped": ("ph.minus-circle", "text3", "not tried"),
}
_STEP_WIDTH = 300


class PluginCheck(QWidget):
    """The button, the progress, and the result of one plugin's check.

    Args:
        home: the user's folder.
    """

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self._entry: PluginEntry | None = None
        self._checked_hash = ""
        self._job: EngineJob | None = None
        layout = column(SPACE.s)
        self.setLayout(layout)
        line = row(SPACE.s)
        self.summary = text_label("", "caption", wrap=True)
        line.addWidget(self.summary, 1)
        self.start_button = Button("Check", "ph.flask")
        self.start_button.explain("Train it for two steps on made-up images, save, load, ask and trace it")
        on_click(self.start_button, self.start)
        line.addWidget(self.start_button, alignment=Qt.AlignmentFlag.AlignTop)
        self.cancel_button = Button("Cancel", "ph.x")
        on_click(self.cancel_button, self.cancel)
        line.addWidget(self.cancel_button, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(line)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("The plugin is being tried out")
        layout.addWidget(self.bar)
        self._results = column(SPACE.m)
        layout.addLayout(self._results)
        self.step_states: dict[str, str] = {}
        self._show_idle()

    @property
    def is_running(self) -> bool:
        return self._job is not None

    def show_entry(self, entry: PluginEntry) -> None:
        """Be about this plugin from now on; a result of another one, or of an earlier source, goes away."""
        same_plugin = self._entry is not None and self._entry.folder == entry.folder
        self._entry = entry
        if not same_plugin:
            self.cancel()
            self._clear()
            self._show_idle()
        elif self.step_states and self._checked_hash != entry.source_hash:
            self._clear()
            self._show_idle("The plugin has changed since it was checked.")

    def start(self) -> None:
        """Check the plugin."""
        if self._entry is None or self._job is not None:
            return
        self._clear()
        self._checked_hash = self._entry.source_hash
        arguments = ["plugins", "check", self._entry.folder]
        self._job = EngineJob(self._home, arguments, accepted_codes=(0, 2), parent=self)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._complain)
        self.start_button.hide()
        self.cancel_button.show()
        self.bar.show()
        self._say("Two training steps on made-up images, in a process of its own …")
        self._job.start()

    def cancel(self) -> None:
        """End a check that is under way."""
        if self._job is None:
            return
        job, self._job = self._job, None
        job.abandon()
        self._show_idle("The check was cancelled.")

    def end(self) -> None:
        """End a check and wait for that: the application ends."""
        if self._job is not None:
            job, self._job = self._job, None
            job.cancel()

    def _take(self, document: object) -> None:
        self._end()
        found = cast("dict[str, object]", document) if isinstance(document, dict) else {}
        checks = found.get("checks")
        if not isinstance(checks, list):
            error = cast("dict[str, str]", found.get("error") or {})
            self._show_error(
                error.get("message", "The engine's answer cannot be read."), error.get("hint", "")
            )
            return
        try:
            problems = [PluginProblem.model_validate(one) for one in cast("list[object]", found["problems"])]
        except (ValidationError, KeyError, TypeError):
            problems = []
        self._show_steps(cast("Sequence[dict[str, str]]", checks))
        if news := self._news(problems):
            self._results.addWidget(ProblemList(news))
        self._show_idle(_summary(problems), _tone(problems))

    def _news(self, problems: Sequence[PluginProblem]) -> list[PluginProblem]:
        """What the card does not tell already."""
        told = {(one.code, one.message) for one in self._entry.problems} if self._entry is not None else set()
        return [one for one in problems if (one.code, one.message) not in told]

    def _complain(self, error: UserError) -> None:
        self._end()
        self._show_error(error.message, error.hint)

    def _show_error(self, message: str, hint: str) -> None:
        self._show_idle(f"{message} {hint}".strip(), "error")

    def _show_steps(self, checks: Sequence[dict[str, str]]) -> None:
        holder = QWidget()
        flow = FlowLayout(SPACE.xs, cell=_STEP_WIDTH)
        holder.setLayout(flow)
        for check in checks:
            state = check.get("state", "skipped")
            icon, tone, word = _SIGNS.get(state, _SIGNS["skipped"])
            step, line = QWidget(), row(SPACE.s)
            step.setLayout(line)
            line.addWidget(IconLabel(icon, tone, SIZE.icon), alignment=Qt.AlignmentFlag.AlignTop)
            line.addWidget(text_label(check.get("title", ""), "caption", wrap=True), 1)
            if state != "passed":
                line.addWidget(text_label(word, "error" if state == "failed" else "caption"))
            step.setAccessibleName(f"{check.get('title', '')}: {word}")
            flow.addWidget(step)
            self.step_states[check.get("name", "")] = state
        policy = holder.sizePolicy()
        policy.setHeightForWidth(True)
        holder.setSizePolicy(policy)
        self._results.addWidget(holder)

    def _end(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None

    def _show_idle(self, sentence: str = "", role: str = "caption") -> None:
        self.start_button.setText("Check again" if self.step_states else "Check")
        self.start_button.show()
        self.cancel_button.hide()
        self.bar.hide()
        self._say(sentence or "Not checked yet: two training steps on made-up images.", role)

    def _say(self, sentence: str, role: str = "caption") -> None:
        self.summary.setText(sentence)
        set_role(self.summary, "role", role)

    def _clear(self) -> None:
        self.step_states = {}
        while (item := self._results.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()


def _summary(problems: Sequence[PluginProblem]) -> str:
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        return f"The check found {plural(len(errors), 'problem')}."
    return f"It passed, with {plural(len(problems), 'warning')}." if problems else "It passed every check."


def _tone(problems: Sequence[PluginProblem]) -> str:
    if any(problem.severity == "error" for problem in problems):
        return "error"
    return "warning" if problems else "good"
