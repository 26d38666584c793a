"""The sheet that adds a machine or changes one, with the questions that come up while it is connected to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QStackedWidget, QWidget

from desktop.bridge.host_desk import HostDesk
from desktop.bridge.host_documents import HostAnswers, HostStatus, KeptHost
from desktop.models.host_draft import (
    FIELD_OF_CODE,
    HostDraft,
    draft_of,
    draft_problems,
    record_of_draft,
    taken_apart,
)
from desktop.models.host_words import KEPT_WORDS, address_words, known_name, remedy
from desktop.pages.settings_machines_form import MachineForm
from desktop.pages.settings_machines_steps import ChangedKeyStep, FingerprintStep, PassphraseStep
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import column
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from desktop.widgets.message_banner import Banner
from engine.errors import UserError
from engine.protocol.hosts import HostRecord

Step = Literal["form", "fingerprint", "passphrase", "changed"]
_OURS = ("add", "edit", "unlock")
"""Verbs that the sheet starts, and ends when it is left."""
_TITLES: Mapping[Step, str] = {
    "fingerprint": "Is it the right machine?",
    "passphrase": "Passphrase",
    "changed": "Another key than before",
}


class MachineSheet(Sheet):
    """Asks, connects, asks again what the machine or the key asks; closes when the machine is on the list.

    Args:
        parent: over which it opens.
        desk: of the machines.
        record: of the machine that is changed; None adds one.
    """

    kept = Signal(str, str, str)
    """The machine's name; added, saved, unlocked or reached; and a sentence on where its passphrase is kept, which is
    empty when none was asked for."""
    forget_wanted = Signal(str)
    """The user wants the old key of a machine on the list forgotten."""

    def __init__(self, parent: QWidget | None, desk: HostDesk, record: HostRecord | None = None) -> None:
        self._title = "Add a machine" if record is None else f"Change {record.name}"
        super().__init__(parent, self._title)
        self._desk = desk
        self._known = record
        self._wanted = record or HostRecord(name="none", host="")
        self._answers = HostAnswers()
        self._is_waiting = False
        self.step: Step = "form"
        self.form = MachineForm(
            draft_of(record) if record is not None else HostDraft(), is_new=record is None
        )
        self.banner = Banner("bad")
        self.fingerprint = FingerprintStep()
        self.passphrase = PassphraseStep()
        self.changed_key = ChangedKeyStep()
        self.stack = QStackedWidget()
        self._places: dict[Step, QWidget] = {}
        self.bar = QProgressBar()
        self.waiting = text_label("", "caption")
        self._compose()
        self.form.grew.connect(self._fit)
        self.form.edited.connect(self.banner.hide)
        self.show_step("form")

    # ---- what is asked

    def connect_machine(self) -> None:
        """Take the form, and connect."""
        draft = taken_apart(self.form.draft())
        self.form.show_address(draft)
        others = [host.name for host in self._desk.hosts()] if self._known is None else []
        problems = draft_problems(draft, others)
        self.banner.hide()
        self.form.complain(problems)
        if problems:
            return
        self._wanted = record_of_draft(draft)
        self._answers = HostAnswers()
        self._send()

    def accept_key(self) -> None:
        """The user has compared the fingerprint that is shown."""
        self._answers = replace(self._answers, fingerprint=self.fingerprint.fingerprint.text())
        self._send()

    def give_passphrase(self) -> None:
        """The user has typed the passphrase."""
        passphrase = self.passphrase.take()
        if not passphrase:
            self.passphrase.ask(self._wanted.key_file, "Type the passphrase of the key.")
            return
        self._answers = replace(self._answers, passphrase=passphrase)
        self._send()

    def start_with(self, error: UserError) -> None:
        """Begin with what stands between us and a machine on the list."""
        self._failed(error)

    def start_connecting(self) -> None:
        """Begin by connecting to a machine on the list, to see what it asks."""
        self._wait(f"Connecting to {address_words(self._wanted)} …")
        self._desk.status(self._wanted.name, then=self._reached, failed=self._failed)

    def reject(self) -> None:
        """Leave off; what is under way ends."""
        work = self._desk.work(self._wanted.name)
        if self._is_waiting and work is not None and work.verb in _OURS:
            self._desk.cancel(self._wanted.name)
        self._answers = HostAnswers()
        self.passphrase.line.clear()
        super().reject()

    def _cancel(self) -> None:
        """From a question back to the form, where the sheet began with it; else away."""
        if self._is_waiting or self.step == "form" or self._known is not None:
            self.reject()
        else:
            self._answers = HostAnswers()
            self.show_step("form")

    # ---- what comes back

    def _send(self) -> None:
        self._wait(f"Connecting to {address_words(self._wanted)} …")
        send = self._desk.add if self._known is None else self._desk.edit
        if self._known is not None and self._answers.passphrase and self._wanted == self._known:
            self._desk.unlock(
                self._wanted.name, self._answers.passphrase, then=self._unlocked, failed=self._failed
            )
        else:
            send(self._wanted, then=self._kept, failed=self._failed, answers=self._answers)

    def _reached(self, _status: HostStatus) -> None:
        self._close_with("reached", "")

    def _unlocked(self, host: KeptHost) -> None:
        self._close_with("unlocked", host.passphrase_in)

    def _kept(self, host: KeptHost) -> None:
        self._close_with("added" if self._known is None else "saved", host.passphrase_in)

    def _close_with(self, what: str, passphrase_in: str) -> None:
        self._wait("")
        self._answers = HostAnswers()
        self.kept.emit(self._wanted.name, what, KEPT_WORDS.get(passphrase_in, ""))
        self.accept()

    def _failed(self, error: UserError) -> None:
        self._wait("")
        address = self._wanted.host
        if error.code == "host_key_unknown":
            self.fingerprint.ask(address, error.details)
            self.show_step("fingerprint")
        elif error.code in ("host_passphrase_needed", "host_passphrase_wrong"):
            is_wrong = error.code == "host_passphrase_wrong"
            self.show_step("passphrase")
            key = error.details.get("key") or self._wanted.key_file
            self.passphrase.ask(key, "This is not its passphrase. Type it again." if is_wrong else "")
            self._fit()
        elif error.code in ("host_key_changed", "host_key_differs"):
            self.changed_key.explain(address, error, self._forgetting() if self._known is None else ())
            self.show_step("changed")
        else:
            self._complain(error)

    def _forgetting(self) -> list[str]:
        """The commands that forget the key of a machine that is not on the list."""
        name = known_name(self._wanted)
        return [f"ssh-keygen -R '{name}' -f '{self._desk.known_hosts}'", f"ssh-keygen -R '{name}'"]

    def _complain(self, error: UserError) -> None:
        hint = remedy(error.code, error.hint)
        field = FIELD_OF_CODE.get(error.code)
        self.show_step("form")
        if field is not None:
            self.form.complain({field: f"{error.message} {hint}".strip()})
            self.banner.hide()
        else:
            self.form.complain({})
            self.banner.say("bad", error.message, hint)
            self.banner.show()
        self._fit()

    # ---- looks

    def show_step(self, step: Step) -> None:
        """Show a question, with the buttons that answer it."""
        self.step = step
        self.heading.setText(_TITLES.get(step, self._title))
        self.stack.setCurrentWidget(self._places[step])
        self.save.setVisible(step == "form")
        self.accept_button.setVisible(step == "fingerprint")
        self.unlock_button.setVisible(step == "passphrase")
        self.forget_button.setVisible(step == "changed" and self._known is not None)
        default = {"form": self.save, "passphrase": self.unlock_button}.get(step, self.cancel)
        for made in (self.save, self.accept_button, self.unlock_button, self.forget_button, self.cancel):
            made.setAutoDefault(made is default)
            made.setDefault(made is default)
        if step in ("fingerprint", "changed"):
            self.cancel.setFocus()
        elif step == "form":
            (self.form.name if self._known is None else self.form.host).setFocus()
        self._fit()

    def _wait(self, sentence: str) -> None:
        self._is_waiting = bool(sentence)
        self.waiting.setText(sentence)
        self.waiting.setVisible(self._is_waiting)
        self.bar.setVisible(self._is_waiting)
        self.stack.setEnabled(not self._is_waiting)
        for made in (self.save, self.accept_button, self.unlock_button, self.forget_button):
            made.setEnabled(not self._is_waiting)
        if self._is_waiting:
            self.cancel.setFocus()
        self._fit()

    def _compose(self) -> None:
        page = QWidget()
        layout = column(SPACE.m)
        page.setLayout(layout)
        self.banner.hide()
        layout.addWidget(self.banner)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.form)
        layout.addWidget(area, 1)
        self._places = {
            "form": page,
            "fingerprint": self.fingerprint,
            "passphrase": self.passphrase,
            "changed": self.changed_key,
        }
        for place in self._places.values():
            self.stack.addWidget(place)
        self.body.addWidget(self.stack, 1)
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Connecting")
        self.bar.hide()
        self.body.addWidget(self.bar)
        self.waiting.hide()
        self.body.addWidget(self.waiting)
        self._make_buttons()

    def _make_buttons(self) -> None:
        self.forget_button = self._foot("Forget the old key…", "danger", self._forget)
        self.cancel = self._foot("Cancel", None, self._cancel)
        self.accept_button = self._foot("This is the machine", None, self.accept_key)
        self.unlock_button = self._foot("Unlock", "primary", self.give_passphrase)
        words = "Connect and add" if self._known is None else "Connect and save"
        self.save = self._foot(words, "primary", self.connect_machine)

    def _foot(self, text: str, kind: str | None, action: Callable[[], object]) -> Button:
        made = self.add_button(text, kind)
        made.clicked.connect(lambda _checked=False: action())
        return made

    def _forget(self) -> None:
        name = self._wanted.name
        self.reject()
        self.forget_wanted.emit(name)

    def _fit(self) -> None:
        """Be as high as the step needs, and no higher than the window; the form scrolls then."""
        width = max(self.width(), SIZE.sheet) - 2 * SPACE.xl
        if self.step == "form":
            needed = self._height_of(self.form, width)
            needed += self._height_of(self.banner, width) + SPACE.m if not self.banner.isHidden() else 0
        else:
            needed = self._height_of(self._places[self.step], width)
        around = 2 * SIZE.primary + 2 * SPACE.l + 2 * SPACE.m
        around += SIZE.control + SPACE.m if self._is_waiting else 0
        most = self._most_height()
        self.stack.setMinimumHeight(min(needed, most - around))
        layout = self.layout()
        if layout is not None:
            layout.activate()
        self.resize(QSize(max(self.width(), SIZE.sheet), min(needed + around, most)))
        self._stay_above_the_edge()

    def _stay_above_the_edge(self) -> None:
        """Move up where it has grown over the lower edge of the window."""
        parent = self.parentWidget()
        if parent is None or not self.isVisible():
            return
        window = parent.window().frameGeometry()
        border = self.frameGeometry().height() - self.geometry().height()
        over = self.frameGeometry().top() + self.height() + border + SPACE.l - window.bottom()
        if over > 0:
            self.move(self.x(), max(window.top() + SPACE.l, self.y() - over))

    @staticmethod
    def _height_of(widget: QWidget, width: int) -> int:
        layout = widget.layout()
        wrapped = layout.totalHeightForWidth(width) if layout is not None else -1
        return wrapped if wrapped > 0 else widget.sizeHint().height()

    def _most_height(self) -> int:
        parent = self.parentWidget()
        window = parent.window().height() if parent is not None else SIZE.first_height
        return max(window, SIZE.minimum_height) - SIZE.top_bar
