"""What is done on a machine at the moment: how far it is, a way to end it, and what it has said."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QProgressBar, QWidget

from desktop.bridge.host_state import HostLog, HostWork
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import Button
from desktop.widgets.card import column, row
from desktop.widgets.labels import ElidedLabel, text_label

_LOG_HEIGHT = 168
_DOING = {
    "add": "Connecting",
    "edit": "Connecting",
    "test": "Testing",
    "prepare": "Preparing",
    "unlock": "Unlocking",
    "remove": "Removing",
    "forget-key": "Forgetting the key",
    "clean": "Removing what is there",
    "status": "Asking",
}


class WorkPanel(QWidget):
    """A bar, the phase and Cancel."""

    cancelled = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        layout = column(SPACE.xs)
        self.setLayout(layout)
        line = row(SPACE.m)
        self.phase = ElidedLabel("", "muted")
        self.share = text_label("", "muted")
        self.share.setFont(font(TYPE.body, tabular=True))
        self.cancel = Button("Cancel")
        self.cancel.setAccessibleName(f"Cancel what is done on {name}")
        self.cancel.clicked.connect(self.cancelled)
        line.addWidget(self.phase, 1)
        line.addWidget(self.share)
        line.addWidget(self.cancel)
        layout.addLayout(line)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(f"Progress on {name}")
        layout.addWidget(self.bar)
        self.hide()

    def show_work(self, work: HostWork | None) -> None:
        """Show how far it is; None hides the panel."""
        self.setVisible(work is not None)
        if work is None:
            return
        self.cancel.setEnabled(not work.is_ending)
        doing = _DOING[work.verb]
        self.phase.setText("Leaving off …" if work.is_ending else work.phase or f"{doing} …")
        percent = 100 * work.done // work.total if work.total else None
        self.bar.setRange(0, 0 if percent is None else 100)
        if percent is not None:
            self.bar.setValue(min(100, percent))
        self.share.setText("" if percent is None else f"{min(100, percent)}%")
        self.bar.setAccessibleDescription(f"{self.phase.whole_text()} {self.share.text()}".strip())


class LogPanel(QPlainTextEdit):
    """What the preparation has said, with its newest line in view unless one scrolls up."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName("log")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFixedHeight(_LOG_HEIGHT)
        self.setAccessibleName(f"Log of the preparation of {name}")
        self.setTabChangesFocus(True)
        self.hide()

    def show_log(self, log: HostLog) -> None:
        text, shown = log.text, self.toPlainText()
        if text == shown:
            return
        bar = self.verticalScrollBar()
        is_at_end = bar.value() >= bar.maximum() - 1
        if shown and text.startswith(f"{shown}\n"):
            self.appendPlainText(text[len(shown) + 1 :])
        else:
            self.setPlainText(text)
        if is_at_end:
            self.moveCursor(QTextCursor.MoveOperation.End)
