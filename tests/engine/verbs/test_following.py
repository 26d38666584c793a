"""What a person who watches a run is told: each event once, of the attempt that is watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocol.events import Notice
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.verbs.following import EventTail, follow
from tests.fixtures.stand_in_runs import claimed, quiet_home


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return quiet_home(lensmith_home)


def ended_run(home: Home, attempts: int) -> RunFolder:
    """A run that has ended, and said one word in each attempt."""
    folder = claimed(home, "r")
    for number in range(1, attempts + 1):
        if number > 1:
            spec = folder.attempt(1).spec().model_copy(update={"attempt": number, "reason": "resume"})
            write_record(folder.attempt(number).spec_path, AttemptSpec.model_validate(spec.model_dump()))
        add_supervision(folder.attempt(number), Notice(code=f"word-{number}", message="A word."))
    with Store.open(home.store_path) as store, store.transaction() as connection:
        store.release("r")
        connection.execute("UPDATE runs SET state = 'stopped' WHERE run = 'r'")
    return folder


def words(home: Home, tails: dict[Path, EventTail] | None = None) -> list[str]:
    return [event.code for event in follow(home, "r", tails) if isinstance(event, Notice)]


def test_that_a_run_that_is_watched_again_does_not_repeat_itself(home: Home) -> None:
    folder = ended_run(home, 1)
    tails: dict[Path, EventTail] = {}
    assert words(home, tails) == ["word-1"]

    add_supervision(folder.attempt(1), Notice(code="later", message="A later word."))
    assert words(home, tails) == ["later"]


def test_that_a_resumed_run_is_watched_from_its_newest_attempt_on(home: Home) -> None:
    ended_run(home, 2)

    assert words(home) == ["word-2"]
