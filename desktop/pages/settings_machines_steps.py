"""What is asked while a machine is connected to: whether its key is the right one, and the passphrase of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from desktop.pages.settings_machines_field import LabelledField
from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card, column
from desktop.widgets.labels import text_label
from desktop.widgets.message_banner import Banner
from engine.errors import UserError

_KEY_FILES = {
    "ssh-ed25519": "ssh_host_ed25519_key.pub",
    "ssh-rsa": "ssh_host_rsa_key.pub",
    "ecdsa-sha2-nistp256": "ssh_host_ecdsa_key.pub",
}


class FingerprintStep(QWidget):
    """Shows the key of a machine that is not known yet."""

    def __init__(self) -> None:
        super().__init__()
        layout = column(SPACE.m)
        self.setLayout(layout)
        self.question = text_label("", "section", wrap=True)
        layout.addWidget(self.question)
        layout.addWidget(
            text_label(
                "Nothing was sent to it yet. Compare its fingerprint with what the machine's owner says: "
                "if they differ, somebody else answers in its place.",
                "muted",
                wrap=True,
            )
        )
        card = Card(spacing=SPACE.xs)
        self.kind = text_label("", "caption")
        card.body.addWidget(self.kind)
        self.fingerprint = _mono("Fingerprint of the machine's key")
        card.body.addWidget(self.fingerprint)
        layout.addWidget(card)
        layout.addWidget(text_label("Ask the machine's owner, or run there:", "muted"))
        self.command = _mono("Command that shows the fingerprint there")
        layout.addWidget(self.command)
        layout.addStretch(1)

    def ask(self, address: str, details: Mapping[str, str]) -> None:
        """Show a key.

        Args:
            address: of the machine.
            details: of `host_key_unknown`: fingerprint and key_type.
        """
        kind = details.get("key_type", "")
        self.question.setText(f"Is this {address}?")
        self.kind.setText(f"Key of type {kind}" if kind else "Key")
        self.fingerprint.setText(details.get("fingerprint", ""))
        self.command.setText(f"ssh-keygen -lf /etc/ssh/{_KEY_FILES.get(kind, 'ssh_host_ed25519_key.pub')}")


class PassphraseStep(QWidget):
    """Asks for the passphrase of the user's key."""

    def __init__(self) -> None:
        super().__init__()
        layout = column(SPACE.m)
        self.setLayout(layout)
        self.question = text_label("", "section", wrap=True)
        layout.addWidget(self.question)
        layout.addWidget(
            text_label(
                "It is kept in the system's keyring; where there is none, in memory only, and you are told so. "
                "It is never written to a file.",
                "muted",
                wrap=True,
            )
        )
        self.line = QLineEdit()
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData)
        self.field = LabelledField("Passphrase", self.line)
        self.line.textEdited.connect(self.field.take_back)
        layout.addWidget(self.field)
        layout.addStretch(1)

    def ask(self, key: str, complaint: str = "") -> None:
        """Ask for the passphrase of a key, again with what was wrong with the last one."""
        self.question.setText(f"The key {key} is locked" if key else "Your key is locked")
        self.line.clear()
        if complaint:
            self.field.complain(complaint)
        else:
            self.field.take_back()
        self.line.setFocus()

    def take(self) -> str:
        """Give the passphrase and clear the line."""
        passphrase = self.line.text()
        self.line.clear()
        return passphrase


class ChangedKeyStep(QWidget):
    """Says that a machine shows another key than before. There is nothing here to accept it with."""

    def __init__(self) -> None:
        super().__init__()
        layout = column(SPACE.m)
        self.setLayout(layout)
        self.banner = Banner("bad")
        layout.addWidget(self.banner)
        self.shown = _mono("Fingerprint that it shows now")
        self.expected = _mono("Fingerprint that is known")
        self._lines = [
            (text_label("It shows now", "caption"), self.shown),
            (text_label("Known is", "caption"), self.expected),
        ]
        for caption, line in self._lines:
            layout.addWidget(caption)
            layout.addWidget(line)
        self.way_out = text_label(
            "The old key is kept from before, by Lensmith or by OpenSSH. Once the owner has told you that the "
            "machine was set up anew, these commands forget it:",
            "muted",
            wrap=True,
        )
        layout.addWidget(self.way_out)
        self.commands = _mono("Commands that forget the old key")
        layout.addWidget(self.commands)
        layout.addStretch(1)

    def explain(self, address: str, error: UserError, commands: Sequence[str] = ()) -> None:
        """Say what is wrong.

        Args:
            address: of the machine.
            error: with the fingerprints in its details.
            commands: that forget the old key, where no button does.
        """
        self.way_out.setVisible(bool(commands))
        self.commands.setVisible(bool(commands))
        self.commands.setText("\n".join(commands))
        title, text = changed_key_words(address)
        self.banner.say("bad", title, text)
        values = (error.details.get("fingerprint", ""), error.details.get("expected", ""))
        for (caption, line), value in zip(self._lines, values, strict=True):
            caption.setVisible(bool(value))
            line.setVisible(bool(value))
            line.setText(value)


def changed_key_words(address: str) -> tuple[str, str]:
    """Title and text of the warning that a machine's key is another one."""
    return (
        f"Stop: {address} shows another key than before",
        "Somebody may be listening in between, so nothing was sent. Ask the machine's owner whether it was set up "
        "anew. Only when that is so, forget the old key; the new one is then shown to you to compare.",
    )


def _mono(name: str) -> QLabel:
    label = text_label("", "mono", wrap=True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setAccessibleName(name)
    return label
