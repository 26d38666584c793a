"""`lensmith profile` from the command to its table, and `runs show` of such a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocol.profile import Profile
from tests.conftest import CommandLine
from tests.engine.jobs.run_maker import write_pictures

SMALL = ("--plugin", "example_minimal", "--data", "pictures", "--set", "image_size=32")


@pytest.mark.slow
def test_that_a_profile_is_a_run_whose_table_is_shown_again(lensmith: CommandLine, tmp_path: Path) -> None:
    lensmith("data", "import", write_pictures(tmp_path / "data"), "--name", "pictures")

    told = lensmith("profile", *SMALL, "--steps", "3", "--name", "where")
    found = Profile.model_validate(told["profile"])
    assert (found.steps, found.traced_steps) == (3, 3)
    assert (Path(told["folder"]) / found.trace).is_file()

    shown = lensmith("runs", "show", "where")
    assert shown["state"] == "completed"
    assert shown["best"] is None
    assert shown["profile"] == told["profile"]
    text = lensmith.run("runs", "show", "where").stdout
    assert "What to do" in text
    assert "backward" in text


def test_that_a_number_of_steps_that_makes_no_sense_is_refused(lensmith: CommandLine) -> None:
    refused = lensmith("profile", *SMALL, "--steps", "0", code=2)
    assert refused["error"]["code"] == "steps_invalid"
