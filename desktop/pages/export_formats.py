"""The left side of the Export page: the formats as cards, the options of the chosen one, and the button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from desktop.forms.field_row import FieldRow, RowContext
from desktop.forms.form_state import FormState
from desktop.models.exports_formats import Format, FormatOffer
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import set_role, text_label
from desktop.widgets.pill import Pill

WIDTH = SIZE.setup_pane
_INSTALL = "Install what is missing, then open this page again."


class FormatCard(Card):
    """One format: what it is for, and whether it works here."""

    def __init__(self, offer: FormatOffer) -> None:
        super().__init__(spacing=SPACE.xs)
        self.offer = offer
        works = offer.status.available
        head = row()
        head.addWidget(text_label(offer.format.title, "section"))
        head.addStretch(1)
        head.addWidget(Pill("Works here", "ok") if works else Pill("Package missing", "warn"))
        self.body.addLayout(head)
        self.body.addWidget(text_label(offer.format.sentence, "caption", wrap=True))
        if works:
            self.make_clickable(f"{offer.format.title}: works here")
            return
        self.setAccessibleName(f"{offer.format.title}: {offer.status.reason}")
        self.body.addWidget(text_label(offer.status.reason, "warning", wrap=True))
        if offer.status.install:
            self._add_install_line(offer.status.install)

    def _add_install_line(self, line: str) -> None:
        install = row(SPACE.xs)
        shown = text_label(line, "mono")
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        install.addWidget(shown, 1)
        copy = button("Copy", "ph.copy", "ghost", "Copy the line that installs it")
        on_click(copy, lambda: QGuiApplication.clipboard().setText(line))
        install.addWidget(copy)
        self.body.addLayout(install)


class FormatPanel(QWidget):
    """Chooses a format and its options; tells when it shall be exported."""

    wanted = Signal(str, dict)
    """Key of the format, options."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.cards: list[FormatCard] = []
        self._states: dict[str, FormState] = {}
        self._chosen: Format | None = None
        self._can_export = False
        self._said = ""
        outer = column(SPACE.m)
        self.setLayout(outer)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        within = column(SPACE.m)
        inside.setLayout(within)
        self._formats = column(SPACE.s)
        within.addLayout(self._formats)
        self._options = Card(spacing=SPACE.s)
        self._options.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._options.hide()
        within.addWidget(self._options)
        within.addStretch(1)
        area.setWidget(inside)
        outer.addWidget(area, 1)
        self._note = text_label("", "caption", wrap=True)
        outer.addWidget(self._note)
        self.start = button(
            "Export", "ph.export", "primary", "Write the file and compare it with PyTorch", "Ctrl+Return"
        )
        self.start.setEnabled(False)
        outer.addWidget(self.start)
        on_click(self.start, self._start)

    def offer(self, offers: Sequence[FormatOffer]) -> None:
        """Show the formats; the first that works is chosen."""
        while (item := self._formats.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.cards = [FormatCard(offer) for offer in offers]
        for card in self.cards:
            self._formats.addWidget(card)
            if card.offer.status.available:
                card.clicked.connect(lambda chosen=card.offer.format: self.choose(chosen))
        works = [offer.format for offer in offers if offer.status.available]
        kept = next(
            (entry for entry in works if self._chosen is not None and entry.key == self._chosen.key), None
        )
        self.choose(kept or (works[0] if works else None))

    def choose(self, chosen: Format | None) -> None:
        """Show the options of a format."""
        self._chosen = chosen
        for card in self.cards:
            is_chosen = chosen is not None and card.offer.format.key == chosen.key
            set_role(card, "tone", "accent" if is_chosen else None)
        self._show_options(chosen)
        self._refresh()

    def set_option(self, name: str, value: object) -> None:
        """Set an option of the chosen format, as its row does."""
        if self._chosen is not None:
            self._states[self._chosen.key].set(name, value)

    def allow(self, can_export: bool, note: str) -> None:
        """Say whether there is a checkpoint to export, and what stands above the button."""
        self._can_export = can_export
        self._said = note
        self._refresh()

    def _show_options(self, chosen: Format | None) -> None:
        while (item := self._options.body.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._options.setVisible(chosen is not None)
        if chosen is None:
            return
        if chosen.key not in self._states:
            self._states[chosen.key] = FormState(chosen.schema, parent=self)
            self._states[chosen.key].changed.connect(self._refresh)
        form = RowContext(self._states[chosen.key], explains=True)
        self._options.body.addWidget(text_label(f"{chosen.title} options", "section"))
        ordered = sorted(chosen.schema.fields, key=lambda field: field.advanced)
        self._rows = [FieldRow(field, form) for field in ordered]
        for made in self._rows:
            form.state.changed.connect(made.refresh)
            self._options.body.addWidget(made)

    def _refresh(self) -> None:
        state = self._states.get(self._chosen.key) if self._chosen is not None else None
        self.start.setEnabled(self._can_export and state is not None and state.is_valid)
        nothing_works = bool(self.cards) and self._chosen is None
        self._note.setText(_INSTALL if nothing_works else self._said)
        self._note.setVisible(bool(self._note.text()))

    def _start(self) -> None:
        if self._chosen is not None:
            self.wanted.emit(self._chosen.key, dict(self._states[self._chosen.key].values()))
