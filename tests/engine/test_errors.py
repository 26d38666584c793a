"""What the user is told, and what programs read of it."""

from __future__ import annotations

import pickle

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


class _Particular(PluginError):
    def __init__(self, part: str) -> None:
        super().__init__("part_broken", f"{part} is broken.", "Mend it.", {"part": part})


def test_that_an_error_comes_out_of_another_process_as_it_was() -> None:
    error = _Particular("The wheel")
    error.add_note("seen there")

    found = pickle.loads(pickle.dumps(error))

    assert type(found) is _Particular
    assert found.to_dict() == error.to_dict()
    assert found.args == error.args
    assert found.__notes__ == ["seen there"]
