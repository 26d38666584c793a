"""The form for a machine: where it is, who one is there, with which key; the rest under Advanced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QGridLayout, QLineEdit, QWidget

from desktop.forms.form_state import GroupCount
from desktop.forms.group_section import GroupHeader
from desktop.models.host_draft import BRING_HOME, CLEAN, TORCH_BUILDS, HostDraft, advanced_changes
from desktop.pages.settings_machines_field import LabelledField, text_line
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column
from desktop.widgets.choice_box import ChoiceBox
from engine.protocol.hosts import DEFAULT_FOLDER

_LONGEST_NAME = 40
_ADVANCED = ("folder", "python", "environment", "torch_build", "wheels", "bring_home", "clean")
_HELP = {
    "name": "What you call it. Letters, digits, dots and dashes.",
    "host": "Its name in your network or its number; user@address:port may stand here too.",
    "user": "Empty takes the name that you have here.",
    "key_file": "Empty tries your key agent and the usual files in ~/.ssh.",
    "folder": "Everything of Lensmith on that machine lies in it.",
    "torch_build": "Which torch is installed there.",
    "python": "Empty looks for the newest one that fits.",
    "environment": "Name it to use an environment with Lensmith that is there already.",
    "wheels": "Python packages that are sent along, for a machine without internet.",
    "bring_home": "When checkpoints and results are copied to this computer.",
    "clean": "When a run's folder there is removed.",
}


class MachineForm(QWidget):
    """Fields in, a draft out.

    Args:
        draft: what it begins with.
        is_new: the name can be chosen.
    """

    edited = Signal()
    """Some field was changed."""
    grew = Signal()
    """Advanced was opened or closed, or lines of complaint came or went."""

    def __init__(self, draft: HostDraft, *, is_new: bool) -> None:
        super().__init__()
        self.name = text_line("workstation", _LONGEST_NAME)
        self.host = text_line("box.local")
        self.port = text_line("22", 5)
        self.user = text_line("your name there")
        self.key_file = text_line("Agent or default keys")
        self.folder = text_line(DEFAULT_FOLDER)
        self.python = text_line("/usr/bin/python3.11")
        self.environment = text_line("~/venv/bin/python")
        self.wheels = text_line("none")
        self.torch_build = _choice("Build of torch", TORCH_BUILDS, draft.torch_build)
        self.bring_home = _choice("When results come here", BRING_HOME, draft.bring_home)
        self.clean = _choice("When a run's folder there is removed", CLEAN, draft.clean)
        self.fields: dict[str, LabelledField] = {}
        self.header = GroupHeader("Advanced")
        self.advanced = QWidget()
        self._compose()
        self._fill(draft)
        self.name.setReadOnly(not is_new)
        self.name.setEnabled(is_new)
        for line in self._lines().values():
            line.textEdited.connect(self._edited)
        for box in self._boxes().values():
            box.currentIndexChanged.connect(self._edited)
        self.header.clicked.connect(self._toggle)
        self.open_advanced(advanced_changes(draft) > 0)

    def draft(self) -> HostDraft:
        texts = {name: line.text() for name, line in self._lines().items()}
        choices = {name: str(box.currentData()) for name, box in self._boxes().items()}
        return HostDraft(**texts, **choices)

    def show_address(self, draft: HostDraft) -> None:
        """Show an address that was taken apart in its fields."""
        self.host.setText(draft.host)
        self.user.setText(draft.user)
        self.port.setText(draft.port)

    def complain(self, problems: Mapping[str, str]) -> None:
        """Say what is wrong, by field, and go to the first of them; nothing wrong takes all back."""
        for name, labelled in self.fields.items():
            if name in problems:
                labelled.complain(problems[name])
            else:
                labelled.take_back()
        if any(name in problems for name in _ADVANCED):
            self.open_advanced(True)
        first = next((name for name in self.fields if name in problems), None)
        if first is not None:
            self.fields[first].control.setFocus()
        self._count()
        self.grew.emit()

    def open_advanced(self, is_open: bool) -> None:
        self.header.show_open(is_open)
        self.advanced.setVisible(is_open)
        self._count()
        self.grew.emit()

    @property
    def is_advanced_open(self) -> bool:
        return not self.advanced.isHidden()

    def choose_key(self) -> None:
        """Ask for a private key's file."""
        start = Path.home() / ".ssh"
        chosen, _kind = QFileDialog.getOpenFileName(
            self.window(), "Choose a private key", str(start if start.is_dir() else Path.home())
        )
        self._chosen(self.key_file, chosen)

    def choose_wheels(self) -> None:
        """Ask for a folder of wheels."""
        chosen = QFileDialog.getExistingDirectory(
            self.window(), "Choose a folder of wheels", self.wheels.text() or str(Path.home())
        )
        self._chosen(self.wheels, chosen)

    def _chosen(self, line: QLineEdit, path: str) -> None:
        if path:
            line.setText(path)
            self._edited()

    def _compose(self) -> None:
        layout = column(SPACE.m)
        layout.setContentsMargins(0, 0, SPACE.m, 0)  # beside it a scroll bar may stand
        self.setLayout(layout)
        grid = _grid()
        grid.addWidget(self._field("name", "Name", self.name), 0, 0)
        grid.addWidget(self._field("host", "Address", self.host), 0, 1)
        grid.addWidget(self._field("user", "User", self.user), 1, 0)
        grid.addWidget(self._field("port", "Port", self.port), 1, 1)
        layout.addLayout(grid)
        choose = Button("Choose…", "ph.folder-open")
        choose.setAccessibleName("Choose a key file")
        choose.setAutoDefault(False)
        on_click(choose, self.choose_key)
        layout.addWidget(self._field("key_file", "Key file", self.key_file, choose))
        layout.addWidget(self.header)
        self._compose_advanced()
        layout.addWidget(self.advanced)
        layout.addStretch(1)

    def _compose_advanced(self) -> None:
        layout = column(SPACE.m)
        self.advanced.setLayout(layout)
        grid = _grid()
        grid.addWidget(self._field("folder", "Folder there", self.folder), 0, 0)
        grid.addWidget(self._field("torch_build", "Build of torch", self.torch_build), 0, 1)
        grid.addWidget(self._field("python", "Python there", self.python), 1, 0)
        grid.addWidget(self._field("environment", "An environment of your own", self.environment), 1, 1)
        grid.addWidget(self._field("bring_home", "Bring results here", self.bring_home), 2, 0)
        grid.addWidget(self._field("clean", "Remove a run's folder there", self.clean), 2, 1)
        layout.addLayout(grid)
        choose = Button("Choose…", "ph.folder-open")
        choose.setAccessibleName("Choose a folder of wheels")
        choose.setAutoDefault(False)
        on_click(choose, self.choose_wheels)
        layout.addWidget(self._field("wheels", "Folder of wheels", self.wheels, choose))

    def _field(self, name: str, title: str, control: QWidget, beside: Button | None = None) -> LabelledField:
        made = LabelledField(title, control, _HELP.get(name, ""), beside)
        self.fields[name] = made
        return made

    def _fill(self, draft: HostDraft) -> None:
        for name, line in self._lines().items():
            line.setText(getattr(draft, name))
            line.setCursorPosition(0)

    def _edited(self) -> None:
        for labelled in self.fields.values():
            labelled.take_back()
        self._count()
        self.edited.emit()

    def _toggle(self) -> None:
        self.open_advanced(not self.is_advanced_open)

    def _count(self) -> None:
        to_fix = sum(bool(self.fields[name].complaint) for name in _ADVANCED)
        self.header.show_count(GroupCount(changed=advanced_changes(self.draft()), to_fix=to_fix))

    def _lines(self) -> dict[str, QLineEdit]:
        return {
            "name": self.name,
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "key_file": self.key_file,
            "folder": self.folder,
            "python": self.python,
            "environment": self.environment,
            "wheels": self.wheels,
        }

    def _boxes(self) -> dict[str, ChoiceBox]:
        return {"torch_build": self.torch_build, "bring_home": self.bring_home, "clean": self.clean}


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(SPACE.l)
    grid.setVerticalSpacing(SPACE.m)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 1)
    return grid


def _choice(name: str, choices: Sequence[tuple[str, str]], current: str) -> ChoiceBox:
    box = ChoiceBox(name)
    for key, words in choices:
        box.addItem(words, key)
    if box.findData(current) < 0:  # one that the command line knows, or knew
        box.addItem(current, current)
    box.setCurrentIndex(box.findData(current))
    return box
