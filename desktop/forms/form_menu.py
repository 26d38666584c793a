"""The menu of a form's whole list: copy as JSON or command, paste, explain, reset."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QGuiApplication

from desktop.forms.settings_text import SettingList, as_command, as_json, read_settings
from engine.errors import UserError

if TYPE_CHECKING:
    from desktop.forms.schema_form import SchemaForm

_MOST_NAMED = 3


class FormMenu(QObject):
    """Fills the menu of a form's header and does what it says.

    Args:
        form: whose settings are meant.
        plugin: its name in commands.
        dataset: gives the dataset's name for commands.
    """

    def __init__(self, form: SchemaForm, plugin: str, dataset: Callable[[], str] | None) -> None:
        super().__init__(form)
        self._form = form
        self._plugin = plugin
        self._dataset = dataset
        menu = form.header.menu
        menu.addAction("Copy settings as JSON", self.copy_json)
        menu.addAction("Copy as command", self.copy_command)
        menu.addAction("Paste settings", self.paste)
        menu.addSeparator()
        self.explain: QAction = menu.addAction("Explain every setting")
        self.explain.setCheckable(True)
        self.explain.setChecked(form.explains)
        self.explain.toggled.connect(form.show_explanations)
        menu.addAction("Open all groups", self.open_all)
        menu.addAction("Close all groups", self.close_all)
        menu.addSeparator()
        self.reset: QAction = menu.addAction("Reset all settings", self.reset_all)
        menu.aboutToShow.connect(self._prepare)

    def settings(self) -> SettingList:
        """Give what the form says beyond its preset."""
        state = self._form.state
        return SettingList(self._plugin, state.preset, state.changed_values())

    def copy_json(self) -> None:
        self._copy(as_json(self.settings()), "The settings are copied as JSON.")

    def copy_command(self) -> None:
        dataset = self._dataset() if self._dataset is not None else ""
        self._copy(as_command(self.settings(), dataset), "The command is copied.")

    def paste(self) -> None:
        """Take settings from the clipboard; Undo brings the old ones back."""
        form = self._form
        try:
            found = read_settings(QGuiApplication.clipboard().text())
        except UserError as error:
            form.header.say(str(error))
            return
        form.discard_typing()
        preset = found.preset if found.preset in form.state.schema.presets else form.state.preset
        unknown = form.state.load(preset, found.settings)
        taken = len(found.settings) - len(unknown)
        text = f"{taken} {'setting' if taken == 1 else 'settings'} pasted."
        if found.plugin and self._plugin and found.plugin != self._plugin:
            text += f" They were made for {found.plugin}."
        if unknown:
            named = ", ".join(unknown[:_MOST_NAMED]) + (" …" if len(unknown) > _MOST_NAMED else "")
            text += f" Left out, since this model has no such setting: {named}."
        form.header.say(text, can_undo=True)

    def reset_all(self) -> None:
        """Give every setting back to the preset; Undo brings the changes back."""
        form = self._form
        count = len(form.state.changed_values())
        form.discard_typing()
        form.state.reset_all()
        form.header.say(f"{count} {'setting' if count == 1 else 'settings'} reset.", can_undo=True)

    def open_all(self) -> None:
        self._form.open_groups(True)

    def close_all(self) -> None:
        self._form.open_groups(False)

    def _prepare(self) -> None:
        self.reset.setEnabled(bool(self._form.state.changed_values()))

    def _copy(self, text: str, told: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._form.header.say(told)
