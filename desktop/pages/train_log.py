"""The log of a run: what its worker printed and what the engine noticed, with search and levels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import IconButton
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented
from engine.protocol.run_folder import RunFolder

MOST_LINES = 5_000
_READ_MS = 1_000
_FIRST_BYTES = 400_000
_FIELD = 220
_BAD_WORDS = ("error", "traceback", "exception", "critical")
_WARN_WORDS = ("warning", "warn ")


@dataclass(frozen=True, slots=True)
class LogPart:
    """What was read of a file, and where reading goes on."""

    text: str
    path: Path
    end: int


class LogView(Card):
    """Reads the worker's log while it is on show."""

    def __init__(self, context: Context, run: LiveRun) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.m, SPACE.m))
        self._context = context
        self._run = run
        self._lines: list[tuple[str, str]] = []
        self._read_to: tuple[Path | None, int] = (None, 0)
        self._is_reading = False
        head = row(SPACE.s)
        head.addWidget(text_label("Log", "section"))
        head.addStretch(1)
        self.level = Segmented([("all", "All"), ("warning", "Warnings"), ("error", "Errors")], "all", "Level")
        self.level.changed.connect(self._show_all)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find in the log")
        self.field.setAccessibleName("Find in the log")
        self.field.setClearButtonEnabled(True)
        self.field.setFixedWidth(_FIELD)
        self.field.textChanged.connect(self._show_all)
        copy = IconButton("ph.copy", "Copy the log as shown")
        copy.clicked.connect(self._copy)
        head.addWidget(self.level)
        head.addWidget(self.field)
        head.addWidget(copy)
        self.body.addLayout(head)
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Log")
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.body.addWidget(self.text, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_READ_MS)
        self._timer.timeout.connect(self.read)
        run.loaded.connect(self._begin)
        run.logged.connect(self._note)
        theme.changed.connect(self.update)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self.read()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def read(self) -> None:
        """Read what was printed since the last time."""
        if self._is_reading or not self._run.run:
            return
        self._is_reading = True
        self._context.background.run(
            read_log, self._run.folder, *self._read_to, then=self._take, failed=self._not_read, owner=self
        )

    def _begin(self) -> None:
        """Another run, or the same read anew."""
        self._lines = self._run.told_before()
        self._read_to = (None, 0)
        self._show_all()
        if self.isVisible():
            self.read()

    def _take(self, part: LogPart | None) -> None:
        self._is_reading = False
        if part is None or part.path.parents[2] != self._run.folder.path:
            return
        self._read_to = (part.path, part.end)
        if part.text:
            self._append([(level_of(line), line) for line in part.text.splitlines() if line.strip()])

    def _not_read(self, _error: Exception) -> None:
        self._is_reading = False

    def _note(self, level: str, text: str) -> None:
        self._append([(level, text)])

    def _append(self, lines: list[tuple[str, str]]) -> None:
        self._lines = [*self._lines, *lines][-MOST_LINES:]
        shown = [text for level, text in lines if self._fits(level, text)]
        if shown:
            self.text.appendPlainText("\n".join(shown))

    def _show_all(self) -> None:
        self.text.setPlainText("\n".join(text for level, text in self._lines if self._fits(level, text)))
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _fits(self, level: str, text: str) -> bool:
        wanted = self.level.current()
        is_level = wanted == "all" or level == "error" or (wanted == "warning" and level == "warning")
        return is_level and self.field.text().lower() in text.lower()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())


def read_log(folder: RunFolder, path: Path | None, start: int) -> LogPart | None:
    """Read the newest attempt's log from a place on; the end of a long one only. None when there is none."""
    attempts = folder.attempts()
    newest = next((a.log_path for a in reversed(attempts) if a.log_path.is_file()), None)
    if newest is None:
        return None
    size = newest.stat().st_size
    begin = start if newest == path and start <= size else max(0, size - _FIRST_BYTES)
    with newest.open("rb") as file:
        file.seek(begin)
        data = file.read(_FIRST_BYTES)
    end = data.rfind(b"\n") + 1
    return LogPart(data[:end].decode("utf-8", errors="replace").replace("\r", "\n"), newest, begin + end)


def level_of(line: str) -> str:
    """Guess the level of a printed line by its words."""
    low = line.lower()
    if any(word in low for word in _BAD_WORDS):
        return "error"
    return "warning" if any(word in low for word in _WARN_WORDS) else "info"
