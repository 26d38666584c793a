"""Short messages at the lower right: they go by themselves, except errors; some offer Undo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from desktop.theme.tokens import SIZE, SPACE, TOAST_MS, UNDO_MS
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import column
from desktop.widgets.labels import IconLabel, text_label

_ICONS = {
    "bad": ("ph.warning-circle", "bad"),
    "warn": ("ph.warning", "warn"),
    "ok": ("ph.check-circle", "ok"),
    "info": ("ph.info", "accent"),
}
MOST_SHOWN = 4


class Toast(QFrame):
    """One message."""

    def __init__(self, parent: QWidget, tone: str, title: str, text: str) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setProperty("tone", tone)
        self.setFixedWidth(SIZE.toast)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.title, self.tone = title, tone
        self.undo: Callable[[], object] | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.m, SPACE.m, SPACE.s, SPACE.m)
        layout.setSpacing(SPACE.s)
        icon = IconLabel(*_ICONS[tone], SIZE.icon_large)
        layout.addWidget(icon, alignment=Qt.AlignmentFlag.AlignTop)
        words = column(SPACE.xxs)
        words.addWidget(text_label(title, "strong", wrap=True))
        if text:
            words.addWidget(text_label(text, "caption", wrap=True))
        layout.addLayout(words, 1)
        self._layout = layout
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self.on_gone: Callable[[], object] | None = None

    def add_action(self, text: str, action: Callable[[], object]) -> None:
        """Add a button that acts and closes the message."""

        def act() -> None:
            self.dismiss()
            action()

        made = Button(text, kind="link")
        on_click(made, act)
        self._layout.addWidget(made, alignment=Qt.AlignmentFlag.AlignTop)

    def add_close(self) -> None:
        close = IconButton("ph.x", "Close this message")
        on_click(close, self.dismiss)
        self._layout.addWidget(close, alignment=Qt.AlignmentFlag.AlignTop)

    def stay(self, milliseconds: int) -> None:
        """Go away after a while; 0 stays until it is closed."""
        if milliseconds:
            self._timer.start(milliseconds)

    def enterEvent(self, event: QEvent) -> None:
        self._remaining = self._timer.remainingTime()
        self._timer.stop()
        super().enterEvent(event)  # pyright: ignore[reportArgumentType]  # Qt hands an enter event

    def leaveEvent(self, event: QEvent) -> None:
        if getattr(self, "_remaining", -1) > 0:
            self._timer.start(max(1_500, self._remaining))
        super().leaveEvent(event)

    def dismiss(self) -> None:
        self._timer.stop()
        self.hide()
        if self.on_gone is not None:
            self.on_gone()
        self.deleteLater()


class Toasts(QObject):
    """Stacks the messages of a window at its lower right."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.shown: list[Toast] = []
        window.installEventFilter(self)

    def show_toast(
        self,
        title: str,
        tone: str = "info",
        text: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> Toast:
        """Show a message. Errors stay until they are closed; with an action it stays ten seconds.

        Args:
            title: what happened.
            tone: ok, bad, warn or info.
            text: why, and what to do next.
            action: text of a button, and what it does; `Undo` is also done by Ctrl+Z.
        """
        same = next((toast for toast in self.shown if (toast.title, toast.tone) == (title, tone)), None)
        if same is not None:
            same.dismiss()
        toast = Toast(self._window, tone, title, text)
        if action is not None:
            toast.add_action(*action)
            toast.undo = action[1] if action[0] == "Undo" else None
        toast.add_close()
        toast.on_gone = lambda: self._forget(toast)
        self.shown.append(toast)
        while len(self.shown) > MOST_SHOWN:
            self.shown[0].dismiss()
        toast.show()
        self._place()
        toast.raise_()
        toast.stay(0 if tone == "bad" else UNDO_MS if action is not None else TOAST_MS)
        return toast

    def undo_last(self) -> bool:
        """Do what the newest Undo on show offers. Gives whether there was one."""
        for toast in reversed(self.shown):
            if toast.undo is not None:
                undo = toast.undo
                toast.dismiss()
                undo()
                return True
        return False

    def close_last(self) -> bool:
        """Close the newest message. Gives whether there was one."""
        if not self.shown:
            return False
        self.shown[-1].dismiss()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _forget(self, toast: Toast) -> None:
        if toast in self.shown:
            self.shown.remove(toast)
        self._place()

    def _place(self) -> None:
        bottom = self._window.height() - SPACE.l
        for toast in reversed(self.shown):
            layout = toast.layout()
            height = layout.heightForWidth(SIZE.toast) if layout is not None else -1
            toast.resize(SIZE.toast, max(height, toast.minimumSizeHint().height()))
            bottom -= toast.height()
            toast.move(QPoint(self._window.width() - SIZE.toast - SPACE.l, bottom))
            bottom -= SPACE.s
