"""The editor of text: names, paths, numbers separated by commas."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QLineEdit

from desktop.forms.field_editor import FieldEditor
from desktop.forms.field_help import plain_tooltip
from desktop.forms.number_editors import NONE_WORD, THINKING_MS
from desktop.theme.theme import theme
from engine.config.field import ConfigField

_FILE_WORDS = ("path", "file")
_FOLDER_WORDS = ("folder", "dir", "directory")


class TextEditor(FieldEditor):
    """A line of text. Told when the user pauses or leaves."""

    def __init__(self, field: ConfigField) -> None:
        super().__init__(field)
        self.line = QLineEdit()
        self.adopt(self.line)
        self._told: object = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(THINKING_MS)
        self._pause.timeout.connect(self.commit)
        self.line.textEdited.connect(self._typed)
        self.line.editingFinished.connect(self.commit)
        if field.accepts_none:
            self.line.setPlaceholderText(NONE_WORD)
        last = field.name.rsplit(".", 1)[-1].lower().split("_")[-1]
        self._takes_folder = last in _FOLDER_WORDS
        self._browse = self.line.addAction(
            theme.icon("ph.folder-open"), QLineEdit.ActionPosition.TrailingPosition
        )
        self._browse.setText("Choose a folder…" if self._takes_folder else "Choose a file…")
        self._browse.setToolTip(self._browse.text())
        self._browse.setVisible(self._takes_folder or last in _FILE_WORDS)
        self._browse.triggered.connect(self._choose)
        theme.changed.connect(self._draw)

    def show_value(self, value: object) -> None:
        is_news = value != self._told
        self._told = value
        if self._pause.isActive() and not is_news:
            return  # the user is in the middle of a word
        self._pause.stop()
        self._show(value)

    def discard(self) -> None:
        self._pause.stop()
        self._show(self._told)

    def commit(self) -> None:
        """Tell what stands in the line, if it was not told yet."""
        if not shiboken6.isValid(self.line):
            return  # a line says goodbye with editingFinished when its form goes
        self._pause.stop()
        text = self.line.text()
        value = None if not text and self.field.accepts_none else text
        if value != self._told:
            self._told = value
            self.tell(value)

    def _show(self, value: object) -> None:
        text = "" if value is None else str(value)
        if text != self.line.text():
            self.line.setText(text)
            if not self.line.hasFocus():
                self.line.setCursorPosition(0)
        self.line.setToolTip(plain_tooltip(text))

    def _typed(self, _text: str) -> None:
        self._pause.start()

    def _choose(self) -> None:
        if self._takes_folder:
            chosen = QFileDialog.getExistingDirectory(self, f"Choose {self.field.title}", self.line.text())
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, f"Choose {self.field.title}", self.line.text())
        if chosen:
            self.line.setText(chosen)
            self.commit()

    def _draw(self) -> None:
        self._browse.setIcon(theme.icon("ph.folder-open"))
