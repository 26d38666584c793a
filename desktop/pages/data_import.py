"""Imports and checks under way on the Data page: their progress with Cancel, and how they ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from desktop.bridge.dataset_shelf import ImportJob
from desktop.pages.data_header import layout_title
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import ElidedLabel, IconLabel, text_label
from desktop.widgets.message_banner import Banner
from engine.errors import UserError

_ENTRY_END = re.compile(r", (?![^(]*\))")
"""A comma between entries, not one within the brackets behind a folder."""
_LABEL_SUFFIXES = frozenset({".json", ".yaml", ".yml", ".xml"})
_LABEL_FOLDERS = frozenset({"annotations", "labels"})
_TREE, _LAYOUTS = ". It holds: ", "These layouts are read: "


class WorkPanel(QWidget):
    """Shows one job at a time, then how it ended, until that is closed or the next one begins."""

    finished = Signal(object)
    """The document of the job that was watched."""
    ended = Signal()
    """A job ended, however it did, after all else was told."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        self._job: ImportJob | None = None
        self._doing = ""
        self._told: Callable[[UserError], None] | None = None
        self.banner = Banner("bad")
        self.banner.allow_closing()
        self.banner.hide()
        self.layouts = LayoutHelp()
        self.layouts.hide()
        self._card = self._build_progress()
        self._card.hide()
        self._parts = (self._card, self.banner, self.layouts)
        for part in self._parts:
            layout.addWidget(part)
            part.installEventFilter(self)
        self.hide()

    @property
    def is_busy(self) -> bool:
        return self._job is not None

    def _build_progress(self) -> Card:
        card = Card("row", SPACE.m)
        card.body.addWidget(IconLabel("ph.hourglass-medium", "accent", SIZE.icon_large))
        words = column(SPACE.xs)
        line = row()
        self._title = ElidedLabel("", "strong", middle=True)
        line.addWidget(self._title, 1)
        self._phase = text_label("", "caption")
        self._phase.setFont(font(TYPE.caption, tabular=True))
        line.addWidget(self._phase)
        words.addLayout(line)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        words.addWidget(self.bar)
        card.body.addLayout(words, 1)
        self.cancel = Button("Cancel")
        on_click(self.cancel, self._cancel)
        card.body.addWidget(self.cancel)
        return card

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take no room while there is nothing to show."""
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self.setVisible(any(not part.isHidden() for part in self._parts))
        return super().eventFilter(watched, event)

    def watch(self, job: ImportJob, title: str, told: Callable[[UserError], None]) -> None:
        """Show a job.

        Args:
            job: already started.
            title: what it does, with its object.
            told: is called with the error when it fails.
        """
        self.clear()
        self._job, self._doing, self._told = job, title, told
        self._title.setText(title)
        self.bar.setAccessibleName(title)
        self._show_progress(0, 0, "Starting")
        self._card.show()
        job.progress.connect(self._show_progress)
        job.finished.connect(self._finish)
        job.failed.connect(self._fail)

    def clear(self) -> None:
        """Take messages away."""
        self.banner.hide()
        self.layouts.hide()

    def say(self, tone: str, title: str, text: str = "") -> Banner:
        """Show a message, and give it so that buttons can be added."""
        self.layouts.hide()
        self.banner.clear_actions()
        self.banner.say(tone, title, text)
        self.banner.show()
        return self.banner

    def complain(self, error: UserError) -> Banner:
        """Show what went wrong; a tree of an unknown layout beside the layouts that are read."""
        found, _, tree = error.message.partition(_TREE)
        if error.code == "layout_unknown" and tree:
            banner = self.say(
                "bad", f"{found}.", "Arrange the files in one of the ways below, then try again."
            )
            self.layouts.show_tree(_ENTRY_END.split(tree.rstrip(".")), _layouts_in(error.hint))
            self.layouts.show()
            return banner
        return self.say("bad", error.message, error.hint)

    def _show_progress(self, done: int, total: int, phase: str) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        counted = f"{done:,} of {total:,}" if total else f"{done:,}" if done else ""
        self._phase.setText("  ·  ".join(part for part in (phase, counted) if part))
        self.bar.setAccessibleDescription(self._phase.text())

    def _cancel(self) -> None:
        if self._job is not None:
            job, self._job = self._job, None
            self._card.hide()
            job.cancel()
            self.say("info", f"Cancelled: {self._doing}", "Nothing was changed.")
            self.ended.emit()

    def _finish(self, document: object) -> None:
        if self._job is not None:
            self._job = None
            self._card.hide()
            self.finished.emit(document)
            self.ended.emit()

    def _fail(self, error: UserError) -> None:
        if self._job is not None:
            self._job = None
            self._card.hide()
            if self._told is not None:
                self._told(error)
            self.ended.emit()


class LayoutHelp(Card):
    """What was found in a folder beside what is read."""

    def __init__(self) -> None:
        super().__init__("row", SPACE.xl)
        self.found = text_label("", "mono", wrap=True)
        self.found.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(SPACE.m)
        self._rows.setVerticalSpacing(SPACE.xxs)
        self._rows.setColumnStretch(1, 1)
        for title, content, stretch in (("Found", self.found, 2), ("What is read", self._rows, 5)):
            block = column(SPACE.xs)
            block.addWidget(text_label(title, "overline"))
            if isinstance(content, QGridLayout):
                block.addLayout(content)
            else:
                block.addWidget(content)
            block.addStretch(1)
            self.body.addLayout(block, stretch)

    def show_tree(self, entries: Sequence[str], layouts: Sequence[tuple[str, str]]) -> None:
        """Show the first entries of a folder, and layouts with their examples."""
        self.found.setText("\n".join(entries))
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        top = Qt.AlignmentFlag.AlignTop
        for place, (name, example) in enumerate(layouts):
            title = layout_title(name)
            self._rows.addWidget(text_label(f"{title[:1].upper()}{title[1:]}", "strong"), place, 0, top)
            told = text_label(example, "caption", wrap=True)
            told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._rows.addWidget(told, place, 1, top)

    def words(self) -> str:
        """Give all that is read, one layout a line."""
        items = [self._rows.itemAt(place) for place in range(self._rows.count())]
        labels = [item.widget() for item in items if item is not None]
        texts = [label.text() for label in labels if isinstance(label, QLabel)]
        return "\n".join(f"{name}: {example}" for name, example in zip(texts[::2], texts[1::2], strict=True))


class NameSheet(Sheet):
    """Asks for another name where one is taken."""

    def __init__(self, parent: QWidget, path: Path, taken: str) -> None:
        super().__init__(parent, "Import under another name", SIZE.dialog)
        self.body.addWidget(text_label(f"{taken} {path} needs a name of its own.", "muted", wrap=True))
        self.name = QLineEdit(f"{path.stem} 2")
        self.name.setAccessibleName("Name of the dataset")
        self.name.selectAll()
        self.body.addWidget(self.name)
        on_click(self.add_button("Cancel"), self.reject)
        self.go = self.add_button("Import", "primary")
        on_click(self.go, self.accept)
        self.name.textChanged.connect(self._check)
        self.name.setFocus()

    def wanted(self) -> str:
        return self.name.text().strip()

    def _check(self) -> None:
        self.go.setEnabled(bool(self.wanted()))


def _layouts_in(hint: str) -> list[tuple[str, str]]:
    """Take the layouts out of the engine's sentence: `These layouts are read: csv: …; imagefolder: …`."""
    listed = hint.removeprefix(_LAYOUTS).rstrip(".")
    pairs = (layout.partition(": ") for layout in listed.split("; "))
    return [(name, example) for name, _, example in pairs]


def why_not_these(paths: Sequence[Path]) -> str:
    """Say why several things that were dropped together are no dataset; empty when it is one thing."""
    if len(paths) == 1:
        return ""
    return (
        f"{len(paths):,} files or folders were dropped together. A dataset is one folder of images with their labels, "
        "or a zip of one, or one table: drop that."
    )


def folder_of_labels(path: Path) -> Path | None:
    """Give the folder of the dataset that a file of labels belongs to; None for all else.

    `data.yaml` lies beside the images, `annotations/instances_train.json` one folder below them.
    """
    if path.suffix.lower() not in _LABEL_SUFFIXES or not path.is_file():
        return None
    home = path.parent
    return home.parent if home.name.lower() in _LABEL_FOLDERS else home
