"""With which Python the engine runs: chosen, tested, and what it has."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLineEdit, QProgressBar

from desktop.bridge.interpreter_check import InterpreterReport, examine_interpreter
from desktop.context import Context
from desktop.pages.settings_section import Section
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import row
from desktop.widgets.labels import set_role, text_label
from desktop.widgets.setting_row import SettingCard, SettingRow
from engine.errors import UserError
from engine.protocol.interpreter import engine_interpreter

SETTING = "engine.interpreter"


class EngineSection(Section):
    """The interpreter of engine processes."""

    key, title, icon = "engine", "Engine", "ph.cpu"
    lead = (
        "Trainings run in processes of their own. Their Python may be another one than the window's, "
        "for example one with CUDA or one with a plugin's packages."
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._asked = ""
        card = SettingCard()
        self.row = SettingRow(
            "Python of the engine", f"Leave it empty for the window's own: {sys.executable}"
        )
        card.add_row(self.row)
        line = row(SPACE.s)
        self.path = QLineEdit(context.settings.get(SETTING, ""))
        self.path.setPlaceholderText(sys.executable)
        self.path.setAccessibleName("Path of the engine's Python")
        self.path.setClearButtonEnabled(True)
        self.path.editingFinished.connect(self._entered)
        line.addWidget(self.path, 1)
        choose = Button("Choose…", "ph.folder-open")
        on_click(choose, self.choose)
        line.addWidget(choose)
        self.test_button = Button("Test", "ph.heartbeat")
        self.test_button.explain("Start it once and ask for its torch and its devices")
        on_click(self.test_button, self.test)
        line.addWidget(self.test_button)
        card.body.addLayout(line)
        card.body.addSpacing(SPACE.s)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("The Python is being tested")
        self.bar.hide()
        card.body.addWidget(self.bar)
        self.answer = text_label("Not tested yet.", "caption", wrap=True)
        card.body.addWidget(self.answer)
        card.body.addSpacing(SPACE.s)
        self.add(card)

    def choose(self) -> None:
        """Ask for a file."""
        chosen, _kind = QFileDialog.getOpenFileName(self.window(), "Choose a Python", str(Path.home()))
        if chosen:
            self.path.setText(chosen)
            self._entered()

    def test(self) -> None:
        """Start the interpreter in the background and show what it says."""
        self._entered()
        self._asked = engine_interpreter(self.context.home)
        self.test_button.setEnabled(False)
        self.bar.show()
        self._say(f"Starting {self._asked} …")
        self.context.background.run(
            examine_interpreter,
            self._asked,
            self.context.home,
            then=self._take,
            failed=self._failed,
            owner=self,
        )

    def _entered(self) -> None:
        text = self.path.text().strip()
        if text == self.context.settings.get(SETTING, ""):
            return
        if text and shutil.which(text) is None:
            set_role(self.path, "invalid", True)
            self._say(
                f"There is no program {text}. Choose the python (python.exe) of an environment.", "error"
            )
            return
        set_role(self.path, "invalid", False)
        self.context.settings.set(SETTING, text or None)
        self._say("It holds for every process that is started from now on. Test it to see what it has.")
        self.context.catalogue.refresh()

    def _take(self, report: InterpreterReport) -> None:
        self._ended()
        self._say(report.sentence(), "good" if report.can_train else "error")

    def _failed(self, error: Exception) -> None:
        self._ended()
        self._say(str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}", "error")

    def _ended(self) -> None:
        self.test_button.setEnabled(True)
        self.bar.hide()

    def _say(self, sentence: str, role: str = "caption") -> None:
        self.answer.setText(sentence)
        set_role(self.answer, "role", role)
