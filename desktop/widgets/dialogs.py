"""Questions before what cannot be undone, and sheets: panels over the window with a task of their own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import column
from desktop.widgets.labels import text_label


class Question(QDialog):
    """A small dialog with a title, an explanation and answers; the last answer is Cancel.

    Args:
        parent: over which it opens.
        title: the question, naming the object.
        text: what will happen.
        answers: key, text and kind of each button (None, primary or danger).
        default: key of the answer that Enter gives; Cancel by default.
    """

    CANCEL = "cancel"

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        text: str,
        answers: Sequence[tuple[str, str, str | None]],
        default: str = CANCEL,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setFixedWidth(SIZE.dialog)
        self.answer = self.CANCEL
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.xl, SPACE.xl, SPACE.xl, SPACE.l)
        layout.setSpacing(SPACE.s)
        layout.addWidget(text_label(title, "section", wrap=True))
        layout.addWidget(text_label(text, "muted", wrap=True))
        layout.addSpacing(SPACE.m)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.s)
        buttons.addStretch(1)
        self.buttons: dict[str, Button] = {}
        for key, words, kind in (*answers, (self.CANCEL, "Cancel", None)):
            made = Button(words, kind=kind)
            made.setMinimumHeight(SIZE.primary)
            made.setAutoDefault(key == default)
            made.setDefault(key == default)
            made.setProperty("answer", key)
            made.clicked.connect(self._answered)
            self.buttons[key] = made
            buttons.addWidget(made)
        layout.addLayout(buttons)
        self.buttons[default].setFocus()

    def _answered(self) -> None:
        sender = self.sender()
        self.answer = str(sender.property("answer")) if sender is not None else self.CANCEL
        if self.answer == self.CANCEL:
            self.reject()
        else:
            self.accept()


def ask(
    parent: QWidget | None,
    title: str,
    text: str,
    answers: Sequence[tuple[str, str, str | None]],
    default: str = Question.CANCEL,
) -> str:
    """Open a question and wait for it. Gives the key of the answer, `cancel` for none."""
    question = Question(parent, title, text, answers, default)
    question.exec()
    return question.answer


def confirm(parent: QWidget | None, title: str, text: str, action: str, *, danger: bool = True) -> bool:
    """Ask before something irreversible; Cancel is the default.

    Args:
        parent: over which it opens.
        title: the question, naming the object.
        text: what will be lost.
        action: the word on the button that does it.
        danger: paint that button as dangerous.
    """
    answers = [("do", action, "danger" if danger else "primary")]
    return ask(parent, title, text, answers) == "do"


class Sheet(QDialog):
    """A larger dialog: a title, a body to fill, a foot for its buttons. Esc closes it.

    Args:
        parent: over which it opens.
        title: what it is for.
        width: pixels at scale 1.
    """

    def __init__(self, parent: QWidget | None, title: str, width: int = SIZE.sheet) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setMinimumWidth(min(width, SIZE.sheet))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACE.xl, SPACE.l, SPACE.xl, SPACE.l)
        outer.setSpacing(SPACE.m)
        head = QHBoxLayout()
        self.heading = text_label(title, "page")
        head.addWidget(self.heading, 1)
        self._closing = IconButton("ph.x", "Close", "Close  (Esc)")
        on_click(self._closing, self.reject)
        head.addWidget(self._closing)
        outer.addLayout(head)
        self.body = column(SPACE.m)
        outer.addLayout(self.body, 1)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(SPACE.s)
        self.foot.addStretch(1)
        outer.addLayout(self.foot)
        self.resize(width, self.sizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        """Be as high as the body needs, which is filled after the sheet was made; begin at what Enter presses."""
        super().showEvent(event)
        if self.focusWidget() in (None, self._closing):
            first = next((made for made in self.findChildren(Button) if made.isDefault()), None)
            if first is not None and first.isEnabled():
                first.setFocus(Qt.FocusReason.OtherFocusReason)
        layout = self.layout()
        needed = layout.totalHeightForWidth(self.width()) if layout is not None else -1
        self.resize(self.width(), max(self.height(), needed, self.sizeHint().height()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the keyboard for the button that Enter presses while it is switched off, not for the one that closes."""
        if event.type() == QEvent.Type.EnabledChange and isinstance(watched, Button):
            if not watched.isEnabled() and self.focusWidget() is self._closing:
                self.setFocus(Qt.FocusReason.OtherFocusReason)
            elif watched.isEnabled() and self.focusWidget() in (None, self, self._closing):
                watched.setFocus(Qt.FocusReason.OtherFocusReason)
        return super().eventFilter(watched, event)

    def add_button(self, text: str, kind: str | None = None) -> Button:
        """Add a button to the foot; the primary one is what Enter presses."""
        made = Button(text, kind=kind)
        made.setMinimumHeight(SIZE.primary)
        made.setAutoDefault(kind == "primary")
        made.setDefault(kind == "primary")
        if kind == "primary":
            made.installEventFilter(self)
        self.foot.addWidget(made)
        return made
