"""A file that helps to find a fault: collected without secrets, looked through, then saved."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QStringListModel, Qt
from PySide6.QtWidgets import QFileDialog, QListView, QPlainTextEdit, QProgressBar, QWidget

from desktop.bridge.diagnostics import DiagnosticFile, collect, save
from desktop.context import Context
from desktop.models.run_words import plural, size_words
from desktop.pages.settings_section import Section
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import row
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from desktop.widgets.setting_row import SettingCard, SettingRow
from engine.errors import UserError

_HELP = (
    "Versions, settings, the last logs and runs, what is wrong with plugins, and the engine's packages. "
    "Passwords, tokens and keys are taken out, home folders are written as ~; no images and no weights."
)
_LIST_WIDTH = 300


class DiagnosticsSection(Section):
    """One button, and the sheet that it leads to."""

    key, title, icon = "diagnostics", "Diagnostics", "ph.first-aid-kit"
    lead = "For a report of a fault. Nothing is sent: you see every file before it is saved."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.collect_button = Button("Collect…", "ph.first-aid-kit")
        on_click(self.collect_button, self.collect_files)
        self.row = SettingRow("Diagnostics file", _HELP, [self.collect_button])
        card = SettingCard(self.row)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("The diagnostics are being collected")
        self.bar.hide()
        card.body.addWidget(self.bar)
        self.add(card)
        self.sheet: DiagnosticsSheet | None = None

    def collect_files(self) -> None:
        """Collect in the background, then show what was found."""
        self.collect_button.setEnabled(False)
        self.bar.show()
        plugins = list(self.context.catalogue.entries)
        self.context.background.run(
            collect, self.context.home, plugins, then=self._show, failed=self._failed, owner=self
        )

    def _show(self, files: list[DiagnosticFile]) -> None:
        self._ended()
        self.row.say(_HELP)
        self.sheet = DiagnosticsSheet(self.window(), files)
        self.sheet.save_button.clicked.connect(self._save)
        self.sheet.finished.connect(self._closed)
        self.sheet.open()

    def _closed(self, _result: int) -> None:
        if self.sheet is not None:
            self.sheet.deleteLater()
        self.sheet = None

    def _save(self) -> None:
        if self.sheet is None:
            return
        name = f"lensmith-diagnostics-{time.strftime('%Y%m%d-%H%M%S')}.zip"
        chosen, _kind = QFileDialog.getSaveFileName(
            self.window(), "Save the diagnostics", str(Path.home() / name), "Zip (*.zip)"
        )
        if chosen:
            self.save_to(Path(chosen))

    def save_to(self, path: Path) -> None:
        """Write the zip with what the sheet shows."""
        if self.sheet is not None:
            files = self.sheet.files
            self.context.background.run(save, files, path, then=self._saved, failed=self._failed, owner=self)

    def _saved(self, path: Path) -> None:
        if self.sheet is not None:
            self.sheet.accept()
        folder = str(path.parent)
        self.context.toast(
            "The diagnostics are saved", "ok", str(path), ("Open folder", lambda: self.open_path(folder))
        )

    def _failed(self, error: Exception) -> None:
        self._ended()
        words = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        if self.sheet is not None:
            self.sheet.summary.setText(words)
        self.row.say(words, "error")

    def _ended(self) -> None:
        self.collect_button.setEnabled(True)
        self.bar.hide()


class DiagnosticsSheet(Sheet):
    """Every file of the zip, to be looked through.

    Args:
        parent: over which it opens.
        files: what was collected.
    """

    def __init__(self, parent: QWidget | None, files: Sequence[DiagnosticFile]) -> None:
        super().__init__(parent, "Diagnostics", width=SIZE.sheet + SIZE.toast)
        self.files = list(files)
        whole = sum(file.size_bytes for file in files)
        words = f"{plural(len(files), 'file')}, {size_words(whole)} before packing. Look through them before you save."
        self.summary = text_label(words, "muted", wrap=True)
        self.body.addWidget(self.summary)
        line = row(SPACE.m)
        self.names = QListView()
        self.names.setModel(
            QStringListModel([f"{f.name}   {size_words(f.size_bytes)}" for f in files], self.names)
        )
        self.names.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.names.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.names.setFixedWidth(_LIST_WIDTH)
        self.names.setAccessibleName("Files of the diagnostics")
        line.addWidget(self.names)
        self.text = QPlainTextEdit()
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Content of the chosen file")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setMinimumHeight(SIZE.toast)
        line.addWidget(self.text, 1)
        self.body.addLayout(line, 1)
        self.add_button("Cancel").clicked.connect(self.reject)
        self.save_button = self.add_button("Save…", "primary")
        self.names.selectionModel().currentChanged.connect(self._choose)
        self.names.setCurrentIndex(self.names.model().index(0, 0))
        self.names.setFocus()

    def _choose(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.text.setPlainText(self.files[index.row()].text)
