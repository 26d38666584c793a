"""A profile beside the form: how far its run is, and then where the time went."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QWidget

from desktop.context import Context
from desktop.models.profile import ProfileModel
from desktop.models.run_words import run_title, state_words, without_commands
from desktop.pages.train_profile_found import ProfileView
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.message_banner import Banner
from engine.protocol.profile import Profile

_EXPLANATION = (
    "A few steps of the training are timed part by part. It is a run of its own: this page may be left."
)


class ProfilePanel(QWidget):
    """Shows one profile run.

    Args:
        context: the window's.
    """

    closed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.model = ProfileModel(context.home, context.runs, context.background, self)
        self._shown: Profile | None = None
        self.view: ProfileView | None = None
        self.subject = ElidedLabel("", "muted")
        self.trace = Button("Open trace folder", "ph.folder-open")
        self.trace.explain("The trace opens in chrome://tracing or ui.perfetto.dev")
        self.cancel = Button("Cancel")
        self.cancel.setAccessibleName("Cancel the profile")
        self.close_button = Button("Close", "ph.x")
        self.close_button.explain("Back to the run")
        on_click(self.trace, self._open_folder)
        on_click(self.cancel, self._cancel)
        on_click(self.close_button, self.closed.emit)
        self.failure = Banner("bad")
        self._compose()
        self.model.changed.connect(self._show)
        self._show()

    def follow(self, run: str) -> None:
        """Show a run."""
        self.model.follow(run)

    def _compose(self) -> None:
        layout = column(SPACE.m)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        self.setLayout(layout)
        head = row(SPACE.s)
        words = column(SPACE.xxs)
        words.addWidget(text_label("Profile", "section"))
        words.addWidget(self.subject)
        head.addLayout(words, 1)
        for made in (self.trace, self.close_button):
            head.addWidget(made, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(head)
        self.work = Card(spacing=SPACE.s)
        self.work.body.addWidget(text_label(_EXPLANATION, "muted", wrap=True))
        line = row(SPACE.m)
        self.phase = ElidedLabel("")
        line.addWidget(self.phase, 1)
        line.addWidget(self.cancel)
        self.work.body.addLayout(line)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the profile")
        self.work.body.addWidget(self.bar)
        layout.addWidget(self.work)
        layout.addWidget(self.failure)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self._area, 1)
        self._slack = QWidget()
        layout.addWidget(self._slack, 1)

    def _show(self) -> None:
        model, row_now = self.model, self.model.row
        self.subject.setText(f"{run_title(row_now)} on {row_now.dataset}" if row_now is not None else "")
        self.work.setVisible(model.is_running)
        self.phase.setText(f"{state_words(row_now)[0]} …" if row_now is not None else "Waiting …")
        steps = row_now.steps_total if row_now is not None else 0
        self.bar.setRange(0, steps)
        self.bar.setValue(row_now.step if row_now is not None else 0)
        error = model.error
        self.failure.setVisible(error is not None)
        if error is not None:
            self.failure.say("bad", error.message, without_commands(error.hint))
        if model.found is not self._shown:
            self._shown = model.found
            self._show_found(model.found)
        self.trace.setVisible(model.found is not None)
        self._area.setVisible(self.view is not None)
        self._slack.setVisible(self.view is None)

    def _show_found(self, found: Profile | None) -> None:
        old = self._area.takeWidget()
        if old is not None:
            old.deleteLater()
        self.view = ProfileView(found) if found is not None else None
        if self.view is not None:
            self._area.setWidget(self.view)

    def _open_folder(self) -> None:
        folder = self.model.folder
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._context.toast("The folder cannot be opened", "warn", str(folder))

    def _cancel(self) -> None:
        self._context.actions.command(self.model.run, "cancel")
        self.closed.emit()
