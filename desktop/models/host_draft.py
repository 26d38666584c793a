"""A machine as it is typed into a form: the address taken apart, and what is wrong, by field."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from desktop.models.host_words import SSH_PORT
from engine.errors import UserError
from engine.protocol.hosts import DEFAULT_FOLDER, BringHome, Clean, HostRecord, require_host_name

TORCH_BUILDS: Final = (
    ("auto", "What fits its GPU"),
    ("cpu", "Processor only"),
    ("cu126", "CUDA 12.6"),
    ("cu130", "CUDA 13.0"),
    ("default", "That of its own package index"),
)
BRING_HOME: Final[tuple[tuple[BringHome, str], ...]] = (
    ("as_they_appear", "As they appear"),
    ("at_the_end", "At the end of a run"),
    ("on_demand", "When I ask for them"),
)
CLEAN: Final[tuple[tuple[Clean, str], ...]] = (
    ("when_home", "When all of it is here"),
    ("keep", "Never"),
)
FIELD_OF_CODE: Final[Mapping[str, str]] = {
    "host_name_invalid": "name",
    "host_exists": "name",
    "host_unreachable": "host",
    "host_login_refused": "user",
    "host_key_file_missing": "key_file",
    "host_key_file_invalid": "key_file",
    "host_without_python": "python",
    "host_python_missing": "python",
    "host_not_writable": "folder",
    "host_environment_broken": "environment",
    "host_environment_differs": "environment",
    "wheels_missing": "wheels",
    "torch_build_unknown": "torch_build",
}
"""Beside which field an engine's complaint is shown; all others stand above the form."""
_WHOLE: Final = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s]+)@)?(?P<host>\[[^\]\s]+\]|[^:\s]+)(?::(?P<port>\d+))?/?\Z"
)


@dataclass(frozen=True, slots=True)
class HostDraft:
    """The form's fields as they are."""

    name: str = ""
    host: str = ""
    port: str = str(SSH_PORT)
    user: str = ""
    key_file: str = ""
    folder: str = ""
    python: str = ""
    environment: str = ""
    torch_build: str = "auto"
    wheels: str = ""
    bring_home: str = "as_they_appear"
    clean: str = "when_home"


def draft_of(record: HostRecord) -> HostDraft:
    """A record as the form shows it; the usual folder shows as an empty line."""
    folder = "" if record.folder == DEFAULT_FOLDER else record.folder
    return HostDraft(**{**record.model_dump(), "port": str(record.port), "folder": folder})


def taken_apart(draft: HostDraft) -> HostDraft:
    """Take user and port out of an address such as `ada@box:2222`, where they were typed there."""
    typed = draft.host.strip()
    found = _WHOLE.match(typed)
    if found is None:
        return replace(draft, host=typed)
    return replace(
        draft,
        host=found["host"].strip("[]"),
        user=found["user"] or draft.user,
        port=found["port"] or draft.port,
    )


def draft_problems(draft: HostDraft, taken: Collection[str] = ()) -> dict[str, str]:
    """What is wrong with a draft, by field, before anybody is asked.

    Args:
        draft: with its address taken apart.
        taken: names of other machines.
    """
    problems: dict[str, str] = {}
    if not draft.name.strip():
        problems["name"] = "Give it a name."
    elif draft.name.strip() in taken:
        problems["name"] = f"There is a machine named {draft.name.strip()} already."
    else:
        try:
            require_host_name(draft.name.strip())
        except UserError as error:
            problems["name"] = error.hint
    if not draft.host:
        problems["host"] = (
            "Give its address: a name in your network such as box.local, or numbers such as 10.0.0.5."
        )
    elif re.search(r"\s", draft.host):
        problems["host"] = "An address has no spaces."
    if not re.fullmatch(r"[0-9]{1,5}", draft.port.strip()) or not 1 <= int(draft.port) <= 65535:
        problems["port"] = "From 1 to 65535; 22 is the usual one."
    if draft.key_file.strip().endswith(".pub"):
        problems["key_file"] = "This is the public half. Choose the file without .pub."
    if draft.environment.strip() and not draft.environment.strip().startswith(("/", "~")):
        problems["environment"] = "Give the whole path of the Python there, such as ~/venv/bin/python."
    return problems


def record_of_draft(draft: HostDraft) -> HostRecord:
    """Make the record of a draft without problems."""
    values = {name: str(getattr(draft, name)).strip() for name in HostDraft.__dataclass_fields__}
    values["folder"] = values["folder"] or DEFAULT_FOLDER
    return HostRecord.model_validate(values)


def advanced_changes(draft: HostDraft) -> int:
    """How many of the advanced fields differ from what they are by default."""
    plain = HostDraft()
    names = ("folder", "python", "environment", "torch_build", "wheels", "bring_home", "clean")
    return sum(getattr(draft, name) != getattr(plain, name) for name in names)
