"""The sheet that starts a plugin of the user's own as a copy of another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from desktop.bridge.processes import EngineJob
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import set_role, text_label
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry
from engine.protocol.home import Home

SMALLEST = "example_minimal"
_STARTS = {
    SMALLEST: "Smallest example: a network of your own in thirty lines",
    "timm_classifier": "One of timm's networks, with weights that are trained already",
}
_RULE = "Letters, digits, _ and -; it names the folder and the model."


class NewPluginSheet(Sheet):
    """Asks for a name and for what to start from, and lets the engine write the copy.

    Args:
        parent: over which it opens.
        home: the user's folder.
        entries: what can be copied.
    """

    made = Signal(str)
    """The new plugin's folder."""

    def __init__(self, parent: QWidget | None, home: Home, entries: Sequence[PluginEntry]) -> None:
        super().__init__(parent, "New plugin", width=SIZE.dialog)
        self._home = home
        self._job: EngineJob | None = None
        self.body.addWidget(text_label("Name", "muted"))
        self.name = QLineEdit()
        self.name.setPlaceholderText("my_model")
        self.name.setMaxLength(64)
        self.name.setAccessibleName("Name of the new plugin")
        self.name.textChanged.connect(self._typed)
        self.body.addWidget(self.name)
        self.note = text_label(_RULE, "caption", wrap=True)
        self.body.addWidget(self.note)
        self.body.addSpacing(SPACE.s)
        self.body.addWidget(text_label("Start from", "muted"))
        self.source = QComboBox()
        self.source.setAccessibleName("What the new plugin starts from")
        for plugin, words in _choices(entries):
            self.source.addItem(words, plugin)
        self.body.addWidget(self.source)
        where = f"It is written to {home.plugins}, and shows up here at once."
        self.body.addWidget(text_label(where, "caption", wrap=True))
        cancel = self.add_button("Cancel")
        cancel.clicked.connect(self.reject)
        self.create_button = self.add_button("Create and open folder", "primary")
        self.create_button.setEnabled(False)
        self.create_button.clicked.connect(self.create_plugin)
        self.name.setFocus()

    def create_plugin(self) -> None:
        """Let the engine write it."""
        name = self.name.text().strip()
        if not name or self._job is not None:
            return
        source = str(self.source.currentData() or SMALLEST)
        self._job = EngineJob(self._home, ["plugins", "new", name, "--from", source], parent=self)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._complain)
        self.create_button.setEnabled(False)
        self._job.start()

    def _take(self, document: object) -> None:
        self._job = None
        folder = str(cast("dict[str, object]", document).get("folder", ""))
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(folder))))
        self.made.emit(folder)
        self.accept()

    def _complain(self, error: UserError) -> None:
        self._job = None
        self.note.setText(f"{error.message} {error.hint}".strip())
        set_role(self.note, "role", "error")
        set_role(self.name, "invalid", True)
        self.create_button.setEnabled(True)
        self.adjustSize()
        self.name.setFocus()

    def _typed(self, text: str) -> None:
        self.create_button.setEnabled(bool(text.strip()) and self._job is None)
        self.note.setText(_RULE)
        set_role(self.note, "role", "caption")
        set_role(self.name, "invalid", False)


def _choices(entries: Sequence[PluginEntry]) -> list[tuple[str, str]]:
    """Name what can be copied, each folder once; the smallest example first."""
    folders = {entry.id: entry for entry in entries if entry.is_usable}
    first = [name for name in _STARTS if name in folders]
    rest = sorted(name for name in folders if name not in _STARTS)
    return [(name, _STARTS.get(name) or f"A copy of {name}") for name in (*first, *rest)]
