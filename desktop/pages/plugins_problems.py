"""What is wrong with a plugin, problem by problem: the sentence, the place, what to do, and the traceback on demand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.models.plugin_cards import breakable, place_of
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.labels import IconLabel, text_label
from engine.protocol.catalog import PluginProblem

_MOST_LINES = 14


class ProblemView(QFrame):
    """One problem.

    Args:
        problem: as the engine told it.
    """

    def __init__(self, problem: PluginProblem) -> None:
        super().__init__()
        self.problem = problem
        is_error = problem.severity == "error"
        self.setAccessibleName(f"{'Problem' if is_error else 'Warning'}: {problem.message}")
        line = row(SPACE.s)
        self.setLayout(line)
        sign = IconLabel(
            "ph.x-circle" if is_error else "ph.warning", "bad" if is_error else "warn", SIZE.icon
        )
        line.addWidget(sign, alignment=Qt.AlignmentFlag.AlignTop)
        words = column(SPACE.xxs)
        line.addLayout(words, 1)
        words.addWidget(text_label(breakable(problem.message), wrap=True))
        if problem.hint:
            words.addWidget(text_label(problem.hint, "caption", wrap=True))
        self.open_button: Button | None = None
        self.trace_button: Button | None = None
        self.trace: QPlainTextEdit | None = None
        self._add_buttons(words)

    def _add_buttons(self, words: QVBoxLayout) -> None:
        place = place_of(self.problem)
        if not place and not self.problem.traceback:
            return
        line = row(SPACE.xs)
        if place:
            self.open_button = Button(f"Open {place}", "ph.code", "link")
            self.open_button.explain(f"Open {self.problem.file} in your editor")
            on_click(self.open_button, self.open_file)
            line.addWidget(self.open_button)
        if self.problem.traceback:
            self.trace_button = Button("Show traceback", kind="link")
            on_click(self.trace_button, self.toggle_trace)
            line.addWidget(self.trace_button)
        line.addStretch(1)
        words.addLayout(line)
        if self.problem.traceback:
            self.trace = trace_view(self.problem.traceback)
            self.trace.hide()
            words.addWidget(self.trace)

    def open_file(self) -> bool:
        """Open the file with the program that the system has for it. Gives whether it could be asked."""
        path = Path(self.problem.file)
        return path.exists() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def toggle_trace(self) -> None:
        """Show the traceback, or hide it again."""
        if self.trace is None or self.trace_button is None:
            return
        self.trace.setVisible(self.trace.isHidden())
        self.trace_button.setText("Show traceback" if self.trace.isHidden() else "Hide traceback")


class ProblemList(QWidget):
    """Problems one below the other; errors first."""

    def __init__(self, problems: Sequence[PluginProblem] = ()) -> None:
        super().__init__()
        self.views: list[ProblemView] = []
        layout = column(SPACE.m)
        self.setLayout(layout)
        for problem in sorted(problems, key=lambda one: one.severity != "error"):
            view = ProblemView(problem)
            self.views.append(view)
            layout.addWidget(view)


def trace_view(text: str) -> QPlainTextEdit:
    """Make a read-only view of a traceback, as high as its lines up to a limit."""
    view = QPlainTextEdit()
    view.setObjectName("log")
    view.setReadOnly(True)
    view.setAccessibleName("Traceback")
    view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    view.setFont(font(TYPE.caption, mono=True))
    view.setPlainText(text.strip())
    view.setTabChangesFocus(True)
    lines = min(_MOST_LINES, len(text.strip().splitlines()))
    view.setFixedHeight(lines * view.fontMetrics().lineSpacing() + SPACE.xxl)
    return view
