"""What `lensmith evaluate` reads and tells; the way to the end of a run is tested in tests/end_to_end."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from engine.datasets.library import Library
from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.job import DatasetRef, JobSpec, PluginRef
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, write_record
from engine.verbs.evaluate import parse_mapping, told
from engine.verbs.evaluate_folder import take_folder
from engine.verbs.reply import Session
from tests.engine.datasets.pictures import write_classes, write_picture

META = CheckpointMeta(
    kind="best", run="r", attempt=1, epoch=3, step=30, plugin="p", plugin_hash="", config_hash="",
    class_names=("cat", "dog"),
)  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Home(tmp_path / "home").ensure(), as_json=True)


def take(session: Session, data: Path | str | None, **changed: object) -> tuple[str | None, Path | None]:
    given = {"map": [], "name": None, "unlabelled": False, "data": None if data is None else str(data)}
    taken = take_folder(session, argparse.Namespace(**given | changed), META)
    return taken.dataset, taken.folder


def test_that_pairs_of_names_may_hold_equals_signs() -> None:
    classes = ("a", "a=b", "x y")

    assert parse_mapping(["a=cat", "a=b=dog", "x y="], classes) == {"a": "cat", "a=b": "dog", "x y": None}
    assert parse_mapping([], classes) == {}


@pytest.mark.parametrize(
    ("pair", "code", "hint"),
    [("cat", "map_invalid", "--map tabby=cat"), ("cta=dog", "map_unknown", "Did you mean cat?")],
)
def test_that_a_pair_that_names_no_class_is_refused(pair: str, code: str, hint: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_mapping([pair], ("cat", "dog"))
    assert refused.value.code == code
    assert hint in refused.value.hint


def test_that_a_labelled_folder_is_imported_for_tests_once(session: Session, tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "found", {"cat": 2, "dog": 2})

    assert take(session, folder, name="pets") == ("pets", None)
    assert take(session, folder) == ("pets", None)
    assert take(session, "pets") == ("pets", None)
    assert take(session, None) == (None, None)
    (manifest,) = Library(session.home).list()
    assert {item.split for item in manifest.items} == {"test"}


def test_that_a_folder_without_labels_is_not_imported(session: Session, tmp_path: Path) -> None:
    write_picture(tmp_path / "photos" / "1.png")
    folder = write_classes(tmp_path / "by year", {"2024": 1, "2025": 1})

    assert take(session, tmp_path / "photos") == (None, tmp_path / "photos")
    assert take(session, folder, unlabelled=True) == (None, folder)
    with pytest.raises(UserError, match="no class in common") as refused:
        take(session, folder)
    assert "--unlabelled" in refused.value.hint
    with pytest.raises(UserError, match="no dataset named") as unknown:
        take(session, tmp_path / "nowhere")
    assert (refused.value.code, unknown.value.code) == ("classes_differ", "dataset_unknown")
    assert Library(session.home).list() == []


def run_of_a_test(folder: Path, options: dict[str, object], **summary: object) -> RunFolder:
    run = RunFolder(folder)
    plugin = PluginRef(id="p", model="P", source_hash="")
    job = JobSpec(run=folder.name, kind="evaluate", created="", plugin=plugin, task_options=options)
    data = DatasetRef(name="pets", version="v")
    write_record(run.job_path, job.model_copy(update={"dataset": data}))
    written = {"task": "classification", "split": "test", "epoch": 3, "step": 30, "checkpoint": "best"}
    write_record(run.results / "0001" / "summary.json", ResultSummary.model_validate(written | summary))
    return run


def text_of(run: RunFolder) -> str:
    console = Console(width=140, file=None)
    with console.capture() as captured:
        console.print(told(run).text)
    return captured.get()


def test_that_all_that_makes_numbers_less_true_is_told_beside_them(tmp_path: Path) -> None:
    match = {"matched": {"kitty": "cat", "dog": "dog"}, "left_out": ["cow"], "missing": ["bird"]}
    run = run_of_a_test(
        tmp_path / "t1", {"parent_run": "r", "classes": match}, images=1200, left_out=3,
        seen_in_training=7, class_names=("cat", "dog"), metrics={"test/accuracy": 0.5},
    )  # fmt: skip

    shown = text_of(run)

    assert "1,200 images of pets (test), checkpoint best" in shown
    assert "3 could not be read and were left out." in shown
    assert "learnt from 7 of them: the numbers are too kind." in shown
    assert "Classes taken for others: kitty is cat." in shown
    assert "Classes left out: cow." in shown
    assert "Classes without images: bird." in shown
    assert "test/accuracy  0.5000" in shown
    data = cast("dict[str, object]", told(run).data)
    assert (data["parent"], data["labelled"], data["class_match"], data["left_out"]) == ("r", True, match, 3)


def test_that_what_is_left_of_a_result_in_the_making_is_not_told(tmp_path: Path) -> None:
    run = run_of_a_test(tmp_path / "t1", {"parent_run": "r"}, images=4, metrics={"test/accuracy": 0.5})
    part = ResultSummary(task="classification", split="test", epoch=3, step=30, images=2, expected=4)
    write_record(run.results / "partial-00000000000001" / "summary.json", part)

    assert "4 images of pets" in text_of(run)


def test_that_a_result_without_truth_tells_that_there_are_no_metrics(tmp_path: Path) -> None:
    run = run_of_a_test(tmp_path / "t1", {"parent_run": "r"}, images=4, is_labelled=False, split="all")

    shown = text_of(run)

    assert "4 images of pets, checkpoint best" in shown
    assert "no metrics" in shown
    assert "Metric" not in shown
