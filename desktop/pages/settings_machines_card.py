"""One machine on its card: who it is, how it stands, what it has, and what can be done with it."""

from __future__ import annotations

import time

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu

from desktop.bridge.host_desk import HostDesk
from desktop.bridge.host_state import HostState
from desktop.models.host_words import (
    KIND_WORDS,
    address_words,
    checked_words,
    checks_summary,
    key_words,
    remedy,
)
from desktop.pages.settings_machines_facts import ChecksPanel, FactsPanel
from desktop.pages.settings_machines_steps import changed_key_words
from desktop.pages.settings_machines_work import LogPanel, WorkPanel
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, IconTile, divider, text_label
from desktop.widgets.message_banner import Banner
from desktop.widgets.pill import Pill
from engine.protocol.hosts import HostRecord

_LOCKED = ("host_passphrase_needed", "host_passphrase_wrong")
_TO_CHANGE = ("host_login_refused", "host_key_file_missing", "host_key_file_invalid")


class MachineCard(Card):
    """Shows a machine; what is asked of it goes out by `wanted`.

    Args:
        name: of the machine.
        desk: what is known of it.
    """

    wanted = Signal(str, str)
    """The machine's name, and: test, prepare, prepare_again, cancel, edit, unlock, compare, forget_key, clean,
    remove."""

    def __init__(self, name: str, desk: HostDesk) -> None:
        super().__init__(spacing=SPACE.m)
        self.name = name
        self._desk = desk
        self._is_opened: dict[str, bool] = {}
        self._offers: list[Button] = []
        self.setAccessibleName(f"Machine {name}")
        self.pill = Pill()
        self.address = ElidedLabel("", "caption")
        self.sentence = text_label("", "muted", wrap=True)
        self.banner = Banner("bad")
        self.work = WorkPanel(name)
        self.facts = FactsPanel()
        self.checks = ChecksPanel()
        self.log = LogPanel(name)
        self.asked = text_label("", "caption")
        self.rule = divider()
        self._make_buttons()
        self._compose()
        self.work.cancelled.connect(lambda: self._want("cancel"))
        self._said: tuple[str, str] = ("", "")

    def refresh(self) -> None:
        """Show what the desk knows now."""
        record = self._desk.host(self.name)
        if record is None:
            return
        facts, state = self._desk.facts(self.name), self._desk.state(self.name)
        work = self._desk.work(self.name)
        self._show_head(record, state)
        self._show_trouble(record, state)
        self.refresh_work()
        self.facts.show_facts(facts)
        is_known = facts is not None and facts.checked > 0
        self.facts.setVisible(is_known)
        self.rule.setVisible(is_known)
        self.show_age()
        is_free = work is None
        self.test_button.setEnabled(is_free)
        self.prepare_button.setEnabled(is_free)
        self.prepare_button.setVisible(state.kind == "needs_preparing" and is_free)
        checks = facts.checks if facts is not None else ()
        self.checks.show_checks(checks)
        self.checks_button.setVisible(bool(checks))
        self.checks_button.setText(f"Checks: {checks_summary(checks)}")
        self._show_parts()

    def show_age(self) -> None:
        """Say how long ago the machine was asked."""
        self.asked.setText(checked_words(self._desk.facts(self.name), time.time()))

    def refresh_work(self) -> None:
        """Show how far the work is; called many times a second while there is some."""
        self.work.show_work(self._desk.work(self.name))
        log = self._desk.log(self.name)
        self.log.show_log(log)
        if self.log_button.isHidden() == bool(log.lines):
            self.log_button.setVisible(bool(log.lines))
            self._show_parts()

    def open_checks(self, is_open: bool = True) -> None:
        self._is_opened["checks"] = is_open
        self._show_parts()

    def open_log(self, is_open: bool = True) -> None:
        self._is_opened["log"] = is_open
        self._show_parts()

    def banner_buttons(self) -> list[Button]:
        """What the banner offers to do about the trouble."""
        return list(self._offers)

    def menu(self) -> QMenu:
        """Make the menu of what is done less often."""
        menu = QMenu(self)
        is_free = self._desk.work(self.name) is None
        facts = self._desk.facts(self.name)
        environment = facts.environment.state if facts is not None else "missing"
        is_prepared, is_own = environment in ("ready", "outdated"), environment == "own"
        entries = [
            ("edit", "ph.pencil-simple", "Change…", True),
            ("unlock", "ph.key", "Unlock the key…", True),
            ("prepare", "ph.package", "Prepare", not is_prepared and not is_own),
            ("prepare_again", "ph.arrows-clockwise", "Prepare anew", is_prepared),
            ("clean", "ph.eraser", "Remove what is kept there…", True),
            ("forget_key", "ph.fingerprint", "Forget its key…", True),
            ("remove", "ph.trash", "Remove…", True),
        ]
        for key, icon, text, is_offered in entries:
            if not is_offered:
                continue
            if key in ("clean", "remove"):
                menu.addSeparator()
            action = menu.addAction(theme.icon(icon), text)
            action.setEnabled(is_free)
            action.triggered.connect(lambda _checked=False, wanted=key: self._want(wanted))
        return menu

    # ---- parts

    def _show_head(self, record: HostRecord, state: HostState) -> None:
        word, tone = KIND_WORDS[state.kind]
        self.pill.say(word, tone)
        self.pill.setAccessibleName(f"{self.name}: {word}")
        self.address.setText(f"{address_words(record)}  ·  {key_words(record)}")

    def _show_trouble(self, record: HostRecord, state: HostState) -> None:
        is_bad = state.kind in ("unreachable", "needs_attention")
        self.banner.setVisible(is_bad)
        self.sentence.setVisible(not is_bad and self._desk.work(self.name) is None)
        self.sentence.setText(f"{state.sentence} {remedy(state.code, state.hint)}".strip())
        if not is_bad:
            self._said = ("", "")
            return
        if self._said == (state.code, state.sentence):
            return
        self._said = (state.code, state.sentence)
        self._fill_banner(record, state)

    def _fill_banner(self, record: HostRecord, state: HostState) -> None:
        self.banner.clear_actions()
        self._offers = []
        title, text = state.sentence, remedy(state.code, state.hint)
        tone = "bad"
        if state.code == "host_key_changed":
            title, text = changed_key_words(record.host)
            self._offer("Forget the old key…", "forget_key", "danger")
        elif state.code == "host_key_unknown":
            tone = "warn"
            self._offer("Compare its key…", "compare")
        elif state.code in _LOCKED:
            tone = "warn"
            self._offer("Unlock…", "unlock")
        elif state.code in _TO_CHANGE:
            self._offer("Change…", "edit")
        self.banner.say(tone, title, text)

    def _offer(self, text: str, what: str, kind: str | None = None) -> None:
        self._offers.append(self.banner.add_action(text, lambda: self._want(what), kind))

    def _show_parts(self) -> None:
        for key, part, made in (
            ("checks", self.checks, self.checks_button),
            ("log", self.log, self.log_button),
        ):
            is_open = self._is_opened.get(key, False) and not made.isHidden()
            part.setVisible(is_open)
            made.set_icon("ph.caret-down" if is_open else "ph.caret-right")
            made.setAccessibleDescription("open" if is_open else "closed")

    def _make_buttons(self) -> None:
        self.test_button = Button("Test", "ph.heartbeat")
        self.test_button.explain("Connect to it and look at everything that a training needs")
        self.test_button.setAccessibleName(f"Test {self.name}")
        on_click(self.test_button, lambda: self._want("test"))
        self.prepare_button = Button("Prepare", "ph.package")
        self.prepare_button.explain(
            "Make an environment of its own there, with the torch that fits; nothing needs root"
        )
        self.prepare_button.setAccessibleName(f"Prepare {self.name}")
        on_click(self.prepare_button, lambda: self._want("prepare"))
        self.more_button = IconButton("ph.dots-three", f"More for {self.name}", "Change, unlock, remove …")
        on_click(self.more_button, self._open_menu)
        self.checks_button = Button("Checks", "ph.caret-right", "link")
        on_click(self.checks_button, lambda: self.open_checks(self.checks.isHidden()))
        self.log_button = Button("Log", "ph.caret-right", "link")
        self.log_button.setAccessibleName(f"Log of the preparation of {self.name}")
        on_click(self.log_button, lambda: self.open_log(self.log.isHidden()))

    def _compose(self) -> None:
        head = row(SPACE.m)
        head.addWidget(IconTile("ph.hard-drives"), alignment=Qt.AlignmentFlag.AlignTop)
        words = column(SPACE.xxs)
        title = row(SPACE.s)
        title.addWidget(text_label(self.name, "section"))
        title.addWidget(self.pill)
        title.addStretch(1)
        words.addLayout(title)
        words.addWidget(self.address)
        head.addLayout(words, 1)
        for made in (self.prepare_button, self.test_button, self.more_button):
            head.addWidget(made, alignment=Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(head)
        for part in (self.sentence, self.banner, self.work, self.rule, self.facts):
            self.body.addWidget(part)
        foot = row(SPACE.m)
        foot.addWidget(self.checks_button)
        foot.addWidget(self.log_button)
        foot.addStretch(1)
        foot.addWidget(self.asked)
        self.body.addLayout(foot)
        self.body.addWidget(self.checks)
        self.body.addWidget(self.log)

    def _open_menu(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more_button.mapToGlobal(QPoint(0, self.more_button.height())))

    def _want(self, what: str) -> None:
        self.wanted.emit(self.name, what)
