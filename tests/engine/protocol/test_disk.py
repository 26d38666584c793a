"""One translation of the operating system's words about a failed write."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from engine.protocol.disk import write_error


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
