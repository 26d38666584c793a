"""Other machines to train on: added, tested, prepared, changed and removed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from desktop.bridge.host_desk import HostDesk
from desktop.bridge.host_documents import Cleaned
from desktop.context import Context
from desktop.models.host_words import kept_there_words, known_name, remedy, removed_words
from desktop.models.run_words import without_commands
from desktop.pages.settings_machines_card import MachineCard
from desktop.pages.settings_machines_sheet import MachineSheet
from desktop.pages.settings_section import Section
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.dialogs import ask, confirm
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.message_banner import Banner
from engine.errors import UserError
from engine.protocol.hosts import EnvironmentFacts, HostFacts

_CLOCK_MS = 20_000
_DONE_WORDS = {
    "added": "{} is on the list",
    "saved": "{} is changed",
    "unlocked": "The key for {} is unlocked",
    "reached": "{} lets you in",
}


class MachinesSection(Section):
    """The list of machines."""

    key, title, icon = "machines", "Machines", "ph.desktop-tower"
    lead = "Other computers that trainings can run on, over SSH. Nothing needs to be installed there, and no root."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._desk: HostDesk = context.hosts
        self.cards: dict[str, MachineCard] = {}
        self.add_button = Button("Add machine", "ph.plus", "primary")
        on_click(self.add_button, self.add_machine)
        self.trouble = Banner("bad")
        self.trouble.hide()
        self.empty = EmptyState(
            "ph.desktop-tower",
            "No other machine yet",
            "A computer with a better GPU can train for you while you go on working here. It needs an SSH login and "
            "Python; Lensmith brings everything else, and the results come back by themselves.",
            "Add machine",
        )
        self.empty.acted.connect(self.add_machine)
        self._line = QWidget()
        line = row(SPACE.s)
        self._line.setLayout(line)
        line.addWidget(self.add_button)
        line.addStretch(1)
        self._list = column(SPACE.m)
        for widget in (self.trouble, self._line):
            self.add(widget)
        self.column.addLayout(self._list)
        self.add(self.empty)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._show_ages)
        self._clock.start()
        self._desk.changed.connect(self.show_machines)
        self._desk.progress.connect(self._progressed)
        self.show_machines()

    def come_into_view(self) -> None:
        self._desk.refresh()

    def show_machines(self) -> None:
        """Show the list as the desk has it now."""
        names = [host.name for host in self._desk.hosts()]
        trouble = self._desk.list_trouble
        self.trouble.setVisible(trouble is not None)
        if trouble is not None:
            self.trouble.say("bad", trouble.message, without_commands(trouble.hint))
        for name in [name for name in self.cards if name not in names]:
            card = self.cards.pop(name)
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        for place, name in enumerate(names):
            if name not in self.cards:
                self.cards[name] = MachineCard(name, self._desk)
                self.cards[name].wanted.connect(self.act)
                self._list.insertWidget(place, self.cards[name])
            self.cards[name].refresh()
        is_empty = not names and trouble is None and self._desk.is_loaded
        self.empty.setVisible(is_empty)
        self._line.setVisible(not is_empty)

    def _show_ages(self) -> None:
        for card in self.cards.values() if self.isVisible() else ():
            card.show_age()

    def act(self, name: str, what: str) -> None:
        """Do what a card wants."""
        actions = {
            "test": self.test_machine,
            "prepare": self.prepare_machine,
            "prepare_again": partial(self.prepare_machine, again=True),
            "cancel": self._desk.cancel,
            "edit": self.edit_machine,
            "unlock": self.unlock_machine,
            "compare": self.compare_key,
            "forget_key": self.forget_key,
            "clean": self.clean_machine,
            "remove": self.remove_machine,
        }
        actions[what](name)

    # ---- adding and changing

    def add_machine(self) -> None:
        """Open the sheet for a new machine."""
        self._open(MachineSheet(self.window(), self._desk))

    def edit_machine(self, name: str) -> None:
        """Open the sheet with a machine's fields."""
        sheet = self._sheet(name)
        if sheet is not None:
            self._open(sheet)

    def unlock_machine(self, name: str) -> None:
        """Ask for the passphrase of a machine's key."""
        self._answer(name, UserError("host_passphrase_needed", "Its key is locked."))

    def compare_key(self, name: str) -> None:
        """Show the key of a machine whose key is not known."""
        trouble = self._desk.trouble(name)
        if trouble is not None and trouble.code == "host_key_unknown":
            self._answer(name, trouble)
            return
        sheet = self._sheet(name)
        if sheet is not None:
            sheet.start_connecting()
            self._open(sheet)

    def _answer(self, name: str, error: UserError) -> None:
        sheet = self._sheet(name)
        if sheet is not None:
            sheet.start_with(error)
            self._open(sheet)

    def _sheet(self, name: str) -> MachineSheet | None:
        record = self._desk.host(name)
        return MachineSheet(self.window(), self._desk, record) if record is not None else None

    def _open(self, sheet: MachineSheet) -> None:
        sheet.kept.connect(self._kept)
        sheet.forget_wanted.connect(self.forget_key)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()

    def _kept(self, name: str, what: str, sentence: str) -> None:
        self.context.toast(_DONE_WORDS[what].format(name), "ok", sentence)
        facts = self._desk.facts(name)
        if what == "added" and facts is not None:
            self._tested(name, facts)  # adding has tested it
        else:
            self.test_machine(name)

    # ---- looking and preparing

    def test_machine(self, name: str) -> None:
        """Look at everything there; its checks are shown when they are known."""
        self._desk.test(name, then=partial(self._tested, name), failed=self._told_on_the_card)

    def prepare_machine(self, name: str, *, again: bool = False) -> None:
        """Make the environment there."""
        self._desk.prepare(
            name, then=partial(self._prepared, name), failed=partial(self._not_prepared, name), again=again
        )
        if name in self.cards:
            self.cards[name].open_checks(False)
            self.cards[name].open_log()

    def _tested(self, name: str, facts: HostFacts) -> None:
        is_told = len(facts.checks) == 1 and facts.checks[0].state == "failed"  # by the banner
        if name in self.cards:
            self.cards[name].open_checks(not is_told)

    def _prepared(self, name: str, environment: EnvironmentFacts) -> None:
        torch = f" with torch {environment.torch}" if environment.torch else ""
        self.context.toast(f"{name} can train now{torch}", "ok")
        if name in self.cards:
            self.cards[name].open_log(False)

    def _not_prepared(self, name: str, _error: UserError) -> None:
        if name in self.cards:
            self.cards[name].open_log()

    def _told_on_the_card(self, _error: UserError) -> None:
        """The card's banner says it."""

    def _progressed(self, name: str, _done: int, _total: int, _phase: str) -> None:
        if name in self.cards and self.isVisible():
            self.cards[name].refresh_work()

    # ---- what cannot be undone

    def forget_key(self, name: str) -> None:
        """Forget the key that a machine was known by, after a question; then look at the one it shows."""
        text = (
            "Do this only when its owner has told you that the machine was set up anew. The key that it shows "
            "then is shown to you, to compare it before anything is sent."
        )
        if confirm(self.window(), f"Forget the key of {name}?", text, "Forget the key"):
            self._desk.forget_key(name, then=partial(self._forgotten, name), failed=self._complain)

    def clean_machine(self, name: str) -> None:
        """Remove what Lensmith keeps there and nobody needs, after a question."""
        text = (
            "Folders of runs that are all here go, and datasets, which are sent again when they are needed. The "
            "environment would be prepared again. What is at work there or not here yet stays in any case."
        )
        answers: list[tuple[str, str, str | None]] = [
            ("all", "The environment too", "danger"),
            ("some", "Runs and data", "danger"),
        ]
        chosen = ask(self.window(), f"Remove what is kept on {name}?", text, answers)
        parts = {"all": ["runs", "data", "environment"], "some": ["runs", "data"]}.get(chosen)
        if parts is not None:
            self._desk.clean(name, parts, then=partial(self._cleaned, name), failed=self._complain)

    def remove_machine(self, name: str) -> None:
        """Take a machine off the list, after a question; its files there on demand."""
        text = (
            "It is taken off the list, and its passphrase is forgotten. Your runs stay. What Lensmith keeps on the "
            "machine and nobody needs can be removed as well."
        )
        answers: list[tuple[str, str, str | None]] = [
            ("clean", "With its files there", "danger"),
            ("forget", "Remove", "danger"),
        ]
        chosen = ask(self.window(), f"Remove {name}?", text, answers)
        if chosen in ("clean", "forget"):
            self._desk.remove(
                name,
                then=partial(self._removed, name),
                failed=self._complain,
                clean=chosen == "clean",
            )

    def _forgotten(self, name: str, document: dict[str, object]) -> None:
        record = self._desk.host(name)
        if document.get("forgotten") is False and record is not None:
            text = (
                "Lensmith does not change that list. When the machine was set up anew, forget the old key with: "
                f"ssh-keygen -R '{known_name(record)}'"
            )
            self.context.toast(f"OpenSSH's own list holds the key of {name}", "bad", text)
            return
        self.test_machine(name)

    def _cleaned(self, name: str, cleaned: Cleaned) -> None:
        self.context.toast(removed_words(name, cleaned.removed_bytes), "ok", kept_there_words(cleaned.kept))
        self.test_machine(name)

    def _removed(self, name: str, cleaned: Cleaned) -> None:
        self.context.toast(f"{name} is off the list", "info", kept_there_words(cleaned.kept))

    def _complain(self, error: UserError) -> None:
        self.context.toast(error.message, "bad", remedy(error.code, error.hint))
