"""What was found on a machine, as its card shows it: GPUs, figures, and the checks with their remedies."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.models.host_words import (
    RESULT_WORDS,
    GpuLine,
    check_title,
    facts_lines,
    gpu_lines,
    no_gpu_words,
    remedy,
)
from desktop.pages.settings_devices import Meter
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.card import column, row
from desktop.widgets.labels import ElidedLabel, IconLabel, text_label
from engine.protocol.hosts import HostCheck, HostFacts

_ICONS = {
    "ok": ("ph.check-circle", "ok"),
    "warning": ("ph.warning", "warn"),
    "failed": ("ph.x-circle", "bad"),
}
_HEADING_WIDTH = 96


class FactsPanel(QWidget):
    """GPUs with their memory, then figures in two columns."""

    def __init__(self) -> None:
        super().__init__()
        self._column = column(SPACE.s)
        self.setLayout(self._column)
        self._facts: HostFacts | None = None
        self.meters: list[Meter] = []

    def show_facts(self, facts: HostFacts | None) -> None:
        """Show what was found; None shows nothing."""
        if facts == self._facts:
            return
        self._facts = facts
        self.meters = []
        while (item := self._column.takeAt(0)) is not None:
            _discard(item.widget())
        if facts is None:
            return
        lines = gpu_lines(facts)
        for line in lines:
            self._column.addWidget(self._gpu(line))
        if not lines:
            self._column.addWidget(text_label(no_gpu_words(facts), "caption", wrap=True))
        self._column.addWidget(_figures(facts_lines(facts)))

    def _gpu(self, line: GpuLine) -> QWidget:
        holder = QWidget()
        across = row(SPACE.m)
        holder.setLayout(across)
        names = column(SPACE.xxs)
        names.addWidget(ElidedLabel(line.title))
        if line.holder:
            names.addWidget(ElidedLabel(line.holder, "caption"))
        across.addLayout(names, 1)
        if line.percent is None:
            across.addWidget(text_label(line.words, "caption"))
        else:
            meter = Meter(f"Memory of {line.title} in use")
            meter.show_share(line.percent, line.words)
            across.addWidget(meter)
            self.meters.append(meter)
        return holder


class ChecksPanel(QWidget):
    """One line a check: a sign, what was looked at, what was found, and what to do about it."""

    def __init__(self) -> None:
        super().__init__()
        self._column = column(SPACE.s)
        self.setLayout(self._column)
        self._checks: tuple[HostCheck, ...] | None = None
        self.rows: list[CheckRow] = []

    def show_checks(self, checks: tuple[HostCheck, ...]) -> None:
        if checks == self._checks:
            return
        self._checks = checks
        for one in self.rows:
            self._column.removeWidget(one)
            _discard(one)
        self.rows = [CheckRow(check) for check in checks]
        for one in self.rows:
            self._column.addWidget(one)


class CheckRow(QWidget):
    """A check; its result is a sign and a word, never colour alone."""

    def __init__(self, check: HostCheck) -> None:
        super().__init__()
        across = row(SPACE.s)
        self.setLayout(across)
        top = Qt.AlignmentFlag.AlignTop
        across.addWidget(IconLabel(*_ICONS[check.state]), alignment=top)
        title = text_label(check_title(check))
        title.setFixedWidth(2 * _HEADING_WIDTH - SPACE.xxl)
        title.setWordWrap(True)
        across.addWidget(title, alignment=top)
        words = column(SPACE.xxs)
        self.message = text_label(check.message, "muted" if check.state == "ok" else None, wrap=True)
        words.addWidget(self.message)
        hint = remedy(check.code, check.hint) if check.state != "ok" else ""
        self.hint = text_label(hint, "caption", wrap=True)
        self.hint.setVisible(bool(hint))
        words.addWidget(self.hint)
        across.addLayout(words, 1)
        self.setAccessibleName(f"{check_title(check)}: {RESULT_WORDS[check.state]}")
        self.setAccessibleDescription(f"{check.message} {hint}".strip())


def _figures(lines: Sequence[tuple[str, str]]) -> QWidget:
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(SPACE.m)
    grid.setVerticalSpacing(SPACE.xs)
    half = (len(lines) + 1) // 2
    for number, (heading, value) in enumerate(lines):
        across, down = divmod(number, half)
        name = text_label(heading, "caption")
        name.setFixedWidth(_HEADING_WIDTH)
        told = ElidedLabel(value)
        told.setFont(font(TYPE.body, tabular=True))
        told.setAccessibleName(f"{heading}: {value}")
        told.setMinimumHeight(SIZE.icon_large)
        grid.addWidget(name, down, 2 * across)
        grid.addWidget(told, down, 2 * across + 1)
    for place in (1, 3):
        grid.setColumnStretch(place, 1)
    return holder


def _discard(widget: QWidget | None) -> None:
    if widget is not None:
        widget.hide()
        widget.deleteLater()
