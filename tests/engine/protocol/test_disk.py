"""One translation of the operating system's words about a failed write."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from engine.protocol.disk import saving_error, write_error


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EFBIG, "disk_full"),
        (errno.EROFS, "folder_read_only"),
        (errno.EACCES, "folder_read_only"),
        (errno.EIO, "write_failed"),
    ],
)
def test_that_each_cause_has_its_code_names_the_file_and_says_what_to_do(number: int, code: str) -> None:
    error = write_error(OSError(number, "so says the system"), Path("runs") / "r1" / "events.jsonl")

    assert error.code == code
    assert "events.jsonl" in error.message
    assert error.hint.endswith(".")


def test_that_an_error_without_a_number_is_told_in_its_own_words() -> None:
    assert "something odd" in write_error(OSError("something odd"), Path("a")).message


@pytest.mark.parametrize(
    ("number", "code", "remedy"),
    [
        (errno.ENOSPC, "disk_full", "another disk"),
        (errno.EACCES, "file_not_saved", "another program has it open"),
        (errno.EIO, "file_not_saved", "another name or folder"),
    ],
)
def test_that_what_could_not_be_saved_for_the_user_speaks_of_no_run(
    number: int, code: str, remedy: str
) -> None:
    error = saving_error(OSError(number, "so says the system"), Path("answers.csv"))

    assert (error.code, "answers.csv" in error.message) == (code, True)
    assert remedy in error.hint
    assert "run" not in error.hint.split()
