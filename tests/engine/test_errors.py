"""What the user is told, and what programs read of it."""

from __future__ import annotations

import pytest

from engine.errors import PluginError, RemoteError, UserError


def test_that_an_error_reads_as_its_message_and_then_what_to_do() -> None:
    error = UserError("disk_full", "The disk is full.", "Free some space.")

    assert str(error) == "The disk is full. Free some space."
    assert error.to_dict() == {
        "code": "disk_full",
        "message": "The disk is full.",
        "hint": "Free some space.",
    }


def test_that_an_error_without_a_hint_ends_with_its_message() -> None:
    assert str(UserError("file_missing", "There is no file a.jpg.")) == "There is no file a.jpg."


@pytest.mark.parametrize("kind", [PluginError, RemoteError])
def test_that_faults_of_plugins_and_other_machines_are_caught_as_user_errors(kind: type[UserError]) -> None:
    with pytest.raises(UserError, match="It broke"):
        raise kind("broken", "It broke.")
