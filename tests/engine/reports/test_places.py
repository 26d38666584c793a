"""Sentences lose the places that they name, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.reports.places import without_places


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The file /home/ada/shots/1.jpg cannot be read.", "The file …/1.jpg cannot be read."),
        (r"Writing C:\Users\Ada\runs\r1 failed: closed.", "Writing …/r1 failed: closed."),
        (r"See \\server\share\x and ~/y/.", "See …/x and …/y."),
        ("Classes cat/dog differ, 3/4 of 1:2 at 12:30; see https://example.org/a.", None),
        ("Nothing to hide.", None),
    ],
)
def test_that_paths_of_any_system_keep_their_last_name(text: str, told: str | None) -> None:
    assert without_places(text, []) == (text if told is None else told)


def test_that_a_folder_with_spaces_is_taken_out_where_it_is_known() -> None:
    folders = [Path("/home/ada"), Path("/home/ada/my photos"), Path("/")]

    assert without_places("No image in /home/ada/my photos/may day.", folders) == "No image in …/may day."
