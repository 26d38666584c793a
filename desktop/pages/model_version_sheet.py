"""The sheet that asks under which name a run becomes a model version, and starts the registering."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPlainTextEdit, QWidget

from desktop.models.model_version import ALIAS_WORDS, ALIASES, NO_ALIAS, Registrable
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import on_click
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from desktop.widgets.message_banner import Banner
from desktop.widgets.segmented import Segmented
from engine.errors import UserError

_NOTES_HEIGHT = 72


class ModelVersionSheet(Sheet):
    """Asks; stays open until the registry has answered."""

    wanted = Signal(object)
    """Name, checkpoint, form, alias and notes, by these keys."""
    settings_wanted = Signal()

    def __init__(self, parent: QWidget | None, offered: Registrable, checkpoint: str = "") -> None:
        super().__init__(parent, f"Register {offered.title}", SIZE.dialog + SIZE.rail)
        self.offered = offered
        self.banner = Banner("warn")
        self.banner.hide()
        self.body.addWidget(self.banner)
        self._form = QGridLayout()
        self._form.setHorizontalSpacing(SPACE.l)
        self._form.setVerticalSpacing(SPACE.m)
        self._form.setColumnStretch(1, 1)
        self.name = QLineEdit(offered.name)
        self.name.setAccessibleName("Name of the model")
        self.checkpoint = ChoiceBox("Checkpoint")
        for fact in offered.checkpoints:
            self.checkpoint.addItem(fact.title, fact.name)
        self.checkpoint.setCurrentIndex(max(0, self.checkpoint.findData(checkpoint)))
        self.form = Segmented(offered.forms(str(self.checkpoint.currentData())), name="What is registered")
        self.alias = Segmented(ALIASES, NO_ALIAS, "Alias")
        self._alias_note = text_label(ALIAS_WORDS[NO_ALIAS], "caption", wrap=True)
        self.notes = QPlainTextEdit()
        self.notes.setAccessibleName("Notes")
        self.notes.setPlaceholderText("What people should know of it")
        self.notes.setFixedHeight(_NOTES_HEIGHT)
        self.notes.setTabChangesFocus(True)
        lines = (
            ("Model", self.name),
            ("Checkpoint", self.checkpoint),
            ("As", self.form),
            ("Alias", self.alias),
            ("", self._alias_note),
            ("Notes", self.notes),
        )
        for line, (title, widget) in enumerate(lines):
            self._form.addWidget(text_label(title, "muted"), line, 0)
            self._form.addWidget(widget, line, 1)
        self.body.addLayout(self._form)
        self._lineage = text_label(
            "The registry gives the number. Run, dataset version, parent run, metrics and exports go along as tags.",
            "caption",
            wrap=True,
        )
        self.body.addWidget(self._lineage)
        self.name.setFocus()
        self.cancel = self.add_button("Cancel")
        self.start = self.add_button("Register", "primary")
        on_click(self.cancel, self.reject)
        on_click(self.start, self._start)
        self.name.textChanged.connect(self._check)
        self.checkpoint.currentIndexChanged.connect(self._offer_forms)
        self.alias.changed.connect(self._explain)
        self._is_working = False
        if offered.obstacle:
            self.banner.say("warn", "Nothing can be registered yet", offered.obstacle)
            self.banner.add_action("Open Settings", self._ask_for_settings)
            self.banner.show()
        self._check()

    def told(self) -> Mapping[str, str]:
        """What was filled in."""
        return {
            "name": self.name.text().strip(),
            "checkpoint": str(self.checkpoint.currentData()),
            "form": self.form.current(),
            "alias": self.alias.current(),
            "notes": self.notes.toPlainText(),
        }

    def show_working(self) -> None:
        """The registry was asked."""
        self._is_working = True
        self.banner.hide()
        self.start.setText("Registering…")
        self._check()

    def show_trouble(self, error: UserError) -> None:
        """It did not work: say why, and let the user try again."""
        self._is_working = False
        self.start.setText("Register")
        self.banner.clear_actions()
        self.banner.say("bad", error.message, error.hint)
        self.banner.show()
        self._check()

    def _check(self, _text: str = "") -> None:
        can = bool(self.name.text().strip()) and not self.offered.obstacle and not self._is_working
        self.start.setEnabled(can)
        for widget in (self.name, self.checkpoint, self.form, self.alias, self.notes):
            widget.setEnabled(not self._is_working)

    def _offer_forms(self, _place: int) -> None:
        """Another checkpoint has other exports."""
        old = self.form
        self.form = Segmented(
            self.offered.forms(str(self.checkpoint.currentData())), old.current(), "What is registered"
        )
        self._form.replaceWidget(old, self.form)
        old.deleteLater()

    def _explain(self, alias: str) -> None:
        self._alias_note.setText(ALIAS_WORDS[alias])

    def _ask_for_settings(self) -> None:
        self.settings_wanted.emit()

    def _start(self) -> None:
        self.wanted.emit(self.told())
