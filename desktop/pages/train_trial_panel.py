"""What a rehearsal and a profile look like beside the form: how far it is, what went wrong, and what was found."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from desktop.models.run_words import without_commands
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.message_banner import Banner
from desktop.widgets.scrolled import plain_area
from engine.errors import UserError


class TrialPanel(QWidget):
    """A head, a card while it goes on, and below it the figures or nothing.

    Args:
        title: what is tried out, one word.
        explanation: what it does.
        action: a button of its own, beside Close.
    """

    closed = Signal()

    def __init__(self, title: str, explanation: str, action: Button) -> None:
        super().__init__()
        self.subject = ElidedLabel("", "muted")
        self.close_button = Button("Close", "ph.x")
        self.close_button.explain("Back to the run")
        on_click(self.close_button, self.closed.emit)
        self.phase = ElidedLabel("")
        self.cancel = Button("Cancel")
        self.cancel.setAccessibleName(f"Cancel the {title.lower()}")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(f"Progress of the {title.lower()}")
        self.failure = Banner("bad")
        self._area = plain_area()
        self._area.hide()
        self._slack = QWidget()
        self.body = column(SPACE.m)
        self.body.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        self.setLayout(self.body)
        self._compose(title, explanation, action)

    def show_progress(self, is_running: bool, phase: str, done: int, total: int) -> None:
        """Say how far it is; the card is there while it runs.

        Args:
            is_running: it has not ended.
            phase: what it does now.
            done: of `total`.
            total: 0 while nobody knows.
        """
        self.work.setVisible(is_running)
        self.phase.setText(f"{phase} …")
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    def show_failure(self, error: UserError | None) -> None:
        """Say what went wrong; None for nothing."""
        self.failure.setVisible(error is not None)
        if error is not None:
            self.failure.say("bad", error.message, without_commands(error.hint))

    def show_found(self, view: QWidget | None) -> None:
        """Show other figures; None for none."""
        old = self._area.takeWidget()
        if old is not None:
            old.deleteLater()
        if view is not None:
            self._area.setWidget(view)
        self._area.setVisible(view is not None)
        self._slack.setVisible(view is None)

    def _compose(self, title: str, explanation: str, action: Button) -> None:
        head = row(SPACE.s)
        words = column(SPACE.xxs)
        words.addWidget(text_label(title, "section"))
        words.addWidget(self.subject)
        head.addLayout(words, 1)
        for made in (action, self.close_button):
            head.addWidget(made, alignment=Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(head)
        self.work = Card(spacing=SPACE.s)
        self.work.body.addWidget(text_label(explanation, "muted", wrap=True))
        self.line = row(SPACE.m)
        self.line.addWidget(self.phase, 1)
        self.line.addWidget(self.cancel)
        self.work.body.addLayout(self.line)
        self.work.body.addWidget(self.bar)
        self.body.addWidget(self.work)
        self.body.addWidget(self.failure)
        self.body.addWidget(self._area, 1)
        self.body.addWidget(self._slack, 1)
