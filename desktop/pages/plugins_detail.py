"""All there is to know about one plugin, beside the cards: facts, size, problems, its check, and what can be done."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop.bridge.model_cards import ModelCards
from desktop.context import Context
from desktop.models.plugin_cards import (
    byline,
    install_line,
    is_strict,
    key_of,
    licence_sentence,
    origin,
    settings_sentence,
    title_of,
)
from desktop.pages.plugins_card import StatusLine, task_icon
from desktop.pages.plugins_check import PluginCheck
from desktop.pages.plugins_facts import FactTable
from desktop.pages.plugins_problems import ProblemList
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, IconTile, divider, text_label
from desktop.widgets.message_banner import Banner
from desktop.widgets.pill import Pill
from engine.protocol.catalog import ModelCard, PluginEntry
from engine.protocol.interpreter import engine_interpreter


class PluginDetail(Card):
    """The panel at the right of the cards.

    Args:
        context: to ask the engine, to train, to tell.
        cards: knows how large models are.
    """

    closed = Signal()

    def __init__(self, context: Context, cards: ModelCards) -> None:
        super().__init__(spacing=0, margins=(0, 0, 0, 0))
        self._context = context
        self._cards = cards
        self._card_key = ""
        self.entry: PluginEntry | None = None
        self.setFixedWidth(SIZE.dialog)
        self.check = PluginCheck(context.home)
        self.facts = FactTable()
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.addWidget(self._area)
        self._content: QWidget | None = None
        self.train_button: Button | None = None
        cards.counted.connect(self._counted)
        cards.failed.connect(self._not_counted)

    def show_entry(self, entry: PluginEntry) -> None:
        """Show a plugin; the same one again keeps the place that was scrolled to."""
        same = self.entry is not None and key_of(self.entry) == key_of(entry)
        place = self._area.verticalScrollBar().value() if same else 0
        self.entry = entry
        self._card_key = ""
        self.check.show_entry(entry)
        self._build(entry)
        self._area.verticalScrollBar().setValue(place)
        self.setAccessibleName(f"Details of {title_of(entry)}")
        self._ask_size(entry)

    def close_panel(self) -> None:
        """End a check, and tell that the panel shall go."""
        self.check.cancel()
        self.entry = None
        self.closed.emit()

    def _build(self, entry: PluginEntry) -> None:
        # Kept through a rebuild: the facts being counted, and a check that may be running.
        self.check.setParent(self)
        self.facts.setParent(self)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(SPACE.l, SPACE.l, SPACE.l, SPACE.l)
        layout.setSpacing(SPACE.m)
        self._add_head(layout, entry)
        if entry.metadata is not None and entry.metadata.description:
            layout.addWidget(text_label(entry.metadata.description, "muted", wrap=True))
        words = licence_sentence(entry.metadata.licence) if entry.metadata is not None else ""
        if words:
            layout.addWidget(Banner("warn", words))
        self._add_actions(layout, entry)
        if entry.missing_requirements:
            layout.addWidget(self._missing(entry))
        if entry.problems:
            layout.addWidget(divider())
            layout.addWidget(text_label("Problems", "strong"))
            layout.addWidget(ProblemList(entry.problems))
        layout.addWidget(divider())
        self.facts.show_facts(_facts(entry))
        layout.addWidget(self.facts)
        self.facts.show()
        if entry.config_schema is not None:
            layout.addWidget(divider())
            layout.addWidget(text_label("Settings", "strong"))
            layout.addWidget(text_label(settings_sentence(entry.config_schema), "caption", wrap=True))
        layout.addWidget(divider())
        layout.addWidget(text_label("Check", "strong"))
        layout.addWidget(self.check)
        self.check.show()
        layout.addStretch(1)
        self._area.setWidget(content)
        self._content = content

    def _add_head(self, layout: QVBoxLayout, entry: PluginEntry) -> None:
        head = row(SPACE.m)
        head.addWidget(IconTile(task_icon(entry), "accent" if entry.is_usable else "bad"))
        names = column(SPACE.xxs)
        names.addWidget(ElidedLabel(title_of(entry), "section"))
        names.addWidget(ElidedLabel(byline(entry), "caption"))
        head.addLayout(names, 1)
        close = IconButton("ph.x", "Close the details")
        on_click(close, self.close_panel)
        head.addWidget(close, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(head)
        marks = row(SPACE.s)
        marks.addWidget(StatusLine(entry))
        about = entry.metadata
        if about is not None and about.recommended:
            marks.addWidget(Pill("Recommended", "info"))
        if about is not None and is_strict(about.licence):
            marks.addWidget(Pill(about.licence, "warn"))
        marks.addStretch(1)
        layout.addLayout(marks)

    def _add_actions(self, layout: QVBoxLayout, entry: PluginEntry) -> None:
        line = row(SPACE.s)
        self.train_button = None
        if entry.is_usable:
            self.train_button = Button("Train with this", "ph.play", "primary")
            on_click(self.train_button, self._train)
            line.addWidget(self.train_button)
        folder = Button("Open folder", "ph.folder-open")
        folder.explain(f"Open {entry.folder}")
        on_click(folder, self._open_folder)
        line.addWidget(folder)
        line.addStretch(1)
        layout.addLayout(line)

    def _missing(self, entry: PluginEntry) -> Banner:
        line = install_line(entry.missing_requirements, engine_interpreter(self._context.home))
        names = ", ".join(entry.missing_requirements)
        banner = Banner(
            "warn", f"Not installed: {names}", f"Install it in a terminal, then it is ready:\n{line}"
        )

        def copy() -> None:
            QGuiApplication.clipboard().setText(line)
            self._context.toast("The line is in the clipboard", "ok")

        banner.add_action("Copy", copy)
        return banner

    def _train(self) -> None:
        if self.entry is not None:
            self._context.go("train", plugin=self.entry.id, model=self.entry.model)

    def _open_folder(self) -> None:
        if self.entry is None:
            return
        place = Path(self.entry.folder)
        folder = place if place.is_dir() else place.parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._context.toast("The folder cannot be opened", "warn", str(folder))

    def _ask_size(self, entry: PluginEntry) -> None:
        if not entry.is_usable:
            return
        self._card_key = self._cards.ask(entry)
        card, failure = self._cards.known(self._card_key), self._cards.failure(self._card_key)
        if card is not None:
            self.facts.show_size(card)
        elif failure is not None:
            self.facts.show_no_size(failure.message)
        else:
            self.facts.wait_for_size()

    def _counted(self, key: str) -> None:
        card: ModelCard | None = self._cards.known(key) if key == self._card_key else None
        if card is not None:
            self.facts.show_size(card)

    def _not_counted(self, key: str, _error: object) -> None:
        failure = self._cards.failure(key) if key == self._card_key else None
        if failure is not None:
            self.facts.show_no_size(failure.message)


def _facts(entry: PluginEntry) -> list[tuple[str, str]]:
    about = entry.metadata
    loop = "its own training loop" if entry.full_control else "Lensmith's training loop"
    facts: list[tuple[str, str]] = []
    if about is not None:
        sizes = ", ".join(f"{size}" for size in about.supported_image_sizes)
        memory = f"at least {about.min_gpu_memory_gb:g} GB" if about.min_gpu_memory_gb else ""
        batch = str(about.recommended_batch_size or "")
        facts = [
            ("Version", about.version),
            ("Author", about.author),
            ("Framework", about.framework),
            ("Task", about.task_type),
            ("Licence", about.licence or "not stated"),
            ("Tags", ", ".join(about.tags)),
            ("GPU memory", memory),
            ("Batch size", f"{batch} recommended" if batch else ""),
            ("Image sizes", f"{sizes} px" if sizes else ""),
            ("Pre-trained on", about.pretrain_data),
            ("Score there", about.pretrain_score),
            ("Trained by", loop),
        ]
    facts += [("Origin", origin(entry)), ("Folder", entry.folder)]
    return [(name, value) for name, value in facts if value]
