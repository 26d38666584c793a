"""Lines of a table of runs: their names, notes, order and filters."""

from __future__ import annotations

import math

import pytest

from desktop.models.run_table_entry import RunColumn, RunEntry, RunFilter, arrange, make_entries
from tests.desktop.places import GONE
from tests.desktop.run_rows import OUT_OF_MEMORY, row


def order(entries: list[RunEntry], column: RunColumn, *, descending: bool = False) -> list[str]:
    return [entry.row.run for entry in arrange(entries, column, descending=descending)]


def test_that_an_evaluation_is_named_after_what_it_measured() -> None:
    entries = make_entries([row("big"), row("e", kind="evaluate", parent="big")])
    assert entries[1].name == "Evaluation of big"


def test_that_a_derived_run_stands_under_its_parent_and_needs_no_name_there() -> None:
    rows = [
        row("old", started=1.0),
        row("new", started=9.0),
        row("e", kind="evaluate", parent="old", started=10.0),
    ]
    arranged = arrange(make_entries(rows), RunColumn.STARTED, descending=True)
    assert [entry.row.run for entry in arranged] == ["new", "old", "e"]
    assert (arranged[2].name, arranged[2].is_below_parent) == ("Evaluation", True)


def test_that_a_derived_run_whose_parent_is_not_shown_stands_alone() -> None:
    entry = make_entries([row("big"), row("e", kind="export", parent="big")])[1]
    assert arrange([entry], RunColumn.NAME, descending=False)[0].name == "Export of big"


def test_that_runs_that_name_each_other_as_parents_are_neither_followed_for_ever_nor_lost() -> None:
    rows = [row("a", parent="b"), row("b", parent="a"), row("c", parent="c")]
    assert sorted(order(make_entries(rows), RunColumn.NAME)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        (RunColumn.NAME, [{"name": "Alpha"}, {"name": "beta"}]),
        (RunColumn.MODEL, [{"model": "a"}, {"model": "B"}]),
        (RunColumn.DATASET, [{"dataset": "a"}, {"dataset": "b"}]),
        (RunColumn.STATE, [{"state": "failed"}, {"state": "stopped"}]),
        (RunColumn.BEST, [{"best_value": 0.1}, {"best_value": 0.9}]),
        (RunColumn.EPOCHS, [{"epoch": 9}, {"epoch": 10}]),
        (RunColumn.DURATION, [{"ended": 1001.0}, {"ended": 1100.0}]),
        (RunColumn.STARTED, [{"started": 1.0}, {"started": 2.0}]),
    ],
)
def test_that_every_column_sorts_both_ways(column: RunColumn, changes: list[dict[str, object]]) -> None:
    entries = make_entries([row("second", **changes[1]), row("first", **changes[0])])
    assert order(entries, column) == ["first", "second"]
    assert order(entries, column, descending=True) == ["second", "first"]


@pytest.mark.parametrize("descending", [False, True])
def test_that_what_has_no_value_comes_last_both_ways(descending: bool) -> None:
    entries = make_entries([row("none", best_value=None), row("nan", best_value=math.nan), row("some")])
    assert order(entries, RunColumn.BEST, descending=descending)[0] == "some"


def test_that_a_failure_a_lost_folder_and_silence_are_noted() -> None:
    failed, lost, fine = row("f", state="failed", failure=OUT_OF_MEMORY), row("l", state="lost"), row("ok")
    notes = [entry.note for entry in make_entries([failed, lost, fine], {"f", "l", "ok"})]
    assert notes[0] == ("The memory was not enough.", "bad")
    assert notes[1] is not None
    assert notes[1][0].startswith("Not answering, last seen")
    assert notes[2] is None


def test_that_a_removed_folder_is_noted_only_when_it_was_looked_for() -> None:
    gone = make_entries([row("a")], set())[0]
    assert gone.is_folder_gone
    assert gone.note is not None
    assert gone.note[1] == "warn"
    assert not make_entries([row("a")], None)[0].is_folder_gone


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), ["a", "b"]),
        (RunFilter(text="mem NOT"), ["b"]),
        (RunFilter(text="pets tiny"), ["a", "b"]),
        (RunFilter(text="cat"), []),
        (RunFilter(state="completed"), ["a"]),
        (RunFilter(kind="evaluate"), []),
        (RunFilter(dataset="pets", plugin="tiny", state="failed"), ["b"]),
    ],
)
def test_that_a_filter_takes_all_words_and_all_choices(wanted: RunFilter, found: list[str]) -> None:
    entries = make_entries([row("a"), row("b", state="failed", failure=OUT_OF_MEMORY)])
    assert [entry.row.run for entry in entries if wanted.accepts(entry)] == found


def test_that_machines_sort_and_filter_and_are_found_by_name() -> None:
    rows = [row("a"), row("b"), row("c")]
    entries = make_entries(rows, places={"a": "ssh:box", "b": "ssh:lab"})
    assert order(entries, RunColumn.MACHINE) == ["a", "b", "c"]
    assert order(entries, RunColumn.MACHINE, descending=True) == ["c", "b", "a"]
    assert [e.row.run for e in entries if RunFilter(machine="ssh:lab").accepts(e)] == ["b"]
    assert [e.row.run for e in entries if RunFilter(machine="local").accepts(e)] == ["c"]
    assert [e.row.run for e in entries if RunFilter("box").accepts(e)] == ["a"]


def test_that_silence_of_a_machine_is_noted_only_while_a_run_is_at_work_there() -> None:
    rows = [row("works", state="running"), row("done")]
    gone = {"works": GONE, "done": GONE}
    works, done = make_entries(rows, places={"works": "ssh:box", "done": "ssh:box"}, lost=gone)
    assert works.note is not None
    assert works.note[0].startswith("box is out of reach, last seen ")
    assert works.note[1] == "warn"
    assert done.note is None
