"""The world's faults, told to the user in full sentences; anything else that is raised is a bug of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class UserError(Exception):
    """Something the user can mend: a path, a value, a disk, a dataset.

    Args:
        code: stable snake_case name of the fault, for programs.
        message: a full sentence: what happened, and to what.
        hint: a full sentence: what to do next. Empty when the message says it.
        details: what a program needs to offer the remedy, such as the fingerprint of a key. Never a secret.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", details: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = dict(details or {})

    def to_dict(self) -> dict[str, object]:
        """Give the parts as the JSON object that `--json` prints; `details` only where there are some."""
        told: dict[str, object] = {"code": self.code, "message": self.message, "hint": self.hint}
        return told | ({"details": self.details} if self.details else {})

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[Callable[..., UserError], tuple[object, ...]]:
        """Whatever its class asks for, an error comes out of another process as it was."""
        return _revived, (type(self), dict(self.__dict__))


class PluginError(UserError):
    """A model plugin is at fault: its file does not import, breaks the contract, or raised while it ran."""


class RemoteError(UserError):
    """Another machine, or the way to it, is at fault."""


def _revived(kind: type[UserError], parts: dict[str, object]) -> UserError:
    error = kind.__new__(kind, parts["message"])
    error.__dict__.update(parts)
    return error
