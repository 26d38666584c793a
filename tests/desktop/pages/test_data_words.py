from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from desktop.pages.data_words import listed, use_of
from engine.store.runs import RunRow


def run(name: str, state: str, dataset: str = "pets", kind: str = "train") -> RunRow:
    return cast(
        "RunRow", SimpleNamespace(run=f"id-{name}", name=name, state=state, dataset=dataset, kind=kind)
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_that_names_are_listed_as_in_a_sentence(names: list[str], said: str) -> None:
    assert listed(names) == said


def test_that_runs_that_need_a_dataset_are_told_from_those_that_ended() -> None:
    rows = [
        run("a", "running"),
        run("b", "queued"),
        run("c", "completed"),
        run("d", "running", dataset="cars"),
        run("e", "completed", kind="evaluate"),
    ]
    use = use_of(rows, "pets")
    assert (use.needing, use.ended) == (("a", "b"), ("c",))
    assert "a and b go on with it, but cannot be resumed" in use.sentence()
    assert "c keeps its results" in use.sentence()


def test_that_a_dataset_nobody_uses_needs_no_sentence() -> None:
    assert use_of([], "pets").sentence() == ""
