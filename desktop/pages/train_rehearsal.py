"""The rehearsal beside the form: how far it is, what it found, what went wrong, and whether it still holds."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QWidget

from desktop.models.rehearsal import RehearsalModel
from desktop.models.run_words import without_commands
from desktop.pages.train_rehearsal_found import FoundView
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.message_banner import Banner
from engine.protocol.rehearsal import Rehearsal

_EXPLANATION = "A minute of the real training, to know what the whole will take. Nothing of it is kept."
STALE = "The settings have changed since."


class RehearsalPanel(QWidget):
    """Follows a model.

    Args:
        model: rehearses.
    """

    closed = Signal()
    again_wanted = Signal()
    applied = Signal(list)
    """Proposals that shall be written into the form."""

    def __init__(self, model: RehearsalModel) -> None:
        super().__init__()
        self.model = model
        self._shown: Rehearsal | None = None
        self.view: FoundView | None = None
        self.again = Button("Rehearse again", "ph.arrow-clockwise")
        self.close_button = Button("Close", "ph.x")
        self.close_button.explain("Back to the run")
        self.cancel = Button("Cancel")
        self.cancel.setAccessibleName("Cancel the rehearsal")
        on_click(self.again, self.again_wanted.emit)
        on_click(self.close_button, self.closed.emit)
        on_click(self.cancel, self._cancel)
        self.subject = ElidedLabel("", "muted")
        self.stale = Banner("info", STALE, "Rehearse again to see what they take.")
        self.failure = Banner("bad")
        self._compose()
        model.changed.connect(self._show)
        self._show()

    def mark_stale(self, is_stale: bool) -> None:
        """Say that the figures are of other settings than the form's."""
        self.stale.setVisible(is_stale and self.model.found is not None)

    def _compose(self) -> None:
        layout = column(SPACE.m)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        self.setLayout(layout)
        head = row(SPACE.s)
        words = column(SPACE.xxs)
        words.addWidget(text_label("Rehearsal", "section"))
        words.addWidget(self.subject)
        head.addLayout(words, 1)
        for made in (self.again, self.close_button):
            head.addWidget(made, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(head)
        layout.addWidget(self._work())
        layout.addWidget(self.stale)
        layout.addWidget(self.failure)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self._area, 1)
        self._slack = QWidget()
        layout.addWidget(self._slack, 1)

    def _work(self) -> Card:
        self.work = Card(spacing=SPACE.s)
        self.work.body.addWidget(text_label(_EXPLANATION, "muted", wrap=True))
        line = row(SPACE.m)
        self.phase = ElidedLabel("")
        self.share = text_label("", "muted")
        self.share.setFont(font(TYPE.body, tabular=True))
        line.addWidget(self.phase, 1)
        line.addWidget(self.share)
        line.addWidget(self.cancel)
        self.work.body.addLayout(line)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the rehearsal")
        self.work.body.addWidget(self.bar)
        return self.work

    def _show(self) -> None:
        model, plan = self.model, self.model.plan
        self.subject.setText(f"{plan.model} on {plan.dataset}" if plan is not None else "")
        self.work.setVisible(model.is_running)
        self.again.setVisible(not model.is_running)
        self.phase.setText(f"{model.phase} …")
        percent = round(100 * model.share)
        self.bar.setRange(0, 100 if percent else 0)
        self.bar.setValue(percent)
        self.share.setText(f"{percent}%" if percent else "")
        self.bar.setAccessibleDescription(f"{model.phase} {self.share.text()}".strip())
        error = model.error
        self.failure.setVisible(error is not None)
        if error is not None:
            self.failure.say("bad", error.message, without_commands(error.hint))
        if model.found is not self._shown:
            self._show_found(model.found)
        self._area.setVisible(self.view is not None)
        self._slack.setVisible(self.view is None)
        if model.found is None:
            self.stale.hide()

    def _show_found(self, found: Rehearsal | None) -> None:
        self._shown = found
        self.view = None
        self.stale.hide()
        old = self._area.takeWidget()
        if old is not None:
            old.deleteLater()
        if found is not None:
            self.view = FoundView(found)
            self.view.applied.connect(self.applied)
            self._area.setWidget(self.view)

    def _cancel(self) -> None:
        self.model.cancel()
        self.closed.emit()
