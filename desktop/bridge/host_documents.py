"""What is said to `lensmith hosts` about a machine, and what it answers, as records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from pydantic import ValidationError

from desktop.bridge.host_state import Verb
from engine.errors import UserError
from engine.protocol.hosts import EnvironmentFacts, HostFacts, HostRecord

OPTIONS: Final = {
    "host": "--host",
    "port": "--port",
    "user": "--user",
    "key_file": "--key",
    "folder": "--folder",
    "python": "--python",
    "environment": "--environment",
    "torch_build": "--torch",
    "wheels": "--wheels",
    "bring_home": "--bring-home",
    "clean": "--clean",
}
"""Field of a record, and the option of `hosts add` and `hosts edit` that sets it."""


@dataclass(frozen=True, slots=True)
class HostAnswers:
    """What the user said when a machine was connected to.

    Attributes:
        fingerprint: of the machine's key, accepted.
        passphrase: of the user's key; given to the child's standard input, kept nowhere else.
    """

    fingerprint: str = ""
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What a machine says now.

    Attributes:
        facts: as they are at this moment.
        bytes_to_send: of the dataset that was asked about; None when none was.
        seconds_to_send: by the speed that was measured; None when it is not known.
    """

    facts: HostFacts
    bytes_to_send: int | None = None
    seconds_to_send: float | None = None


@dataclass(frozen=True, slots=True)
class KeptHost:
    """A machine as it is on the list now.

    Attributes:
        record: as it was kept.
        passphrase_in: keyring or memory, where a passphrase was given; else empty.
        facts: what was found on it; None when nothing was looked at.
    """

    record: HostRecord
    passphrase_in: str = ""
    facts: HostFacts | None = None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of what Lensmith keeps on a machine.

    Attributes:
        removed_bytes: that came free.
        kept: what was not removed and why, one sentence each.
    """

    removed_bytes: int
    kept: tuple[str, ...] = ()


Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class HostOrder:
    """One call of `lensmith hosts`.

    Attributes:
        verb: which.
        name: of the machine.
        arguments: after the name.
        read: makes a record of the answer.
        secret: given to standard input.
    """

    verb: Verb
    name: str
    arguments: tuple[str, ...] = ()
    read: Callable[[Document], object] = dict
    secret: bytes = field(default=b"", repr=False)

    def answer(self, document: object) -> object:
        """Give what was answered, or the UserError that it cannot be read."""
        try:
            return self.read(cast("Document", document))
        except (ValidationError, KeyError, TypeError, ValueError):
            return UserError(
                "engine_differs",
                f"The engine's answer about the machine ({self.verb}) cannot be read.",
                "The window and the engine may be of different versions: see Settings, Engine.",
            )


def record_order(verb: Verb, record: HostRecord, known: HostRecord, answers: HostAnswers | None) -> HostOrder:
    """Order what makes `record` of `known`: only the options that differ are named."""
    arguments: list[str] = []
    for name, option in OPTIONS.items():
        value = getattr(record, name)
        if value != getattr(known, name):
            arguments += [option, str(value)]
    return answered(HostOrder(verb, record.name, tuple(arguments), kept_host_of), answers)


def answered(order: HostOrder, answers: HostAnswers | None) -> HostOrder:
    """Add what the user has said."""
    given = answers or HostAnswers()
    arguments = list(order.arguments)
    arguments += ["--accept-fingerprint", given.fingerprint] if given.fingerprint else []
    arguments += ["--passphrase-stdin"] if given.passphrase else []
    secret = f"{given.passphrase}\n".encode() if given.passphrase else b""
    return HostOrder(order.verb, order.name, tuple(arguments), order.read, secret)


def kept_host_of(document: Document) -> KeptHost:
    facts = facts_of(document) if document.get("facts") else None
    return KeptHost(HostRecord.model_validate(document["host"]), str(document.get("kept") or ""), facts)


def facts_of(document: Document) -> HostFacts:
    return HostFacts.model_validate(document["facts"])


def environment_of(document: Document) -> EnvironmentFacts:
    return EnvironmentFacts.model_validate(document["environment"])


def cleaned_of(document: Document) -> Cleaned:
    kept = cast("list[object]", document.get("kept") or [])
    return Cleaned(int(cast("int", document["removed_bytes"])), tuple(str(line) for line in kept))


def status_of(document: Document) -> HostStatus:
    to_send, seconds = document.get("bytes_to_send"), document.get("seconds_to_send")
    return HostStatus(
        facts_of(document),
        int(cast("int", to_send)) if to_send is not None else None,
        float(cast("float", seconds)) if seconds is not None else None,
    )
