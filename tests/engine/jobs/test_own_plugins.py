"""Plugins of each task with network, loss and loop of their own, or with changes of the engine's: every kind of job."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from engine.inference.predictor import predict_files
from engine.inference.records import Telling
from engine.plugin.description import describe_source
from engine.plugin.discovery import source_at
from engine.plugin.restore import restore_model
from engine.plugin.trial import try_model
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.events import BestImproved, ExportWritten, MetricsLogged
from engine.protocol.job import Failure, JobKind
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record, write_record
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures
from tests.engine.jobs.scenes import write_scenes
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@dataclass(frozen=True)
class Author:
    """A plugin, what it is trained on, and what it must reach there."""

    folder: str
    task: str
    metric: str
    least: float
    config: dict[str, object]
    exports: bool = True
    """Whether a file can be written, by itself or by the engine."""

    def __str__(self) -> str:
        return self.folder

    @property
    def path(self) -> Path:
        return FIXTURES / self.folder


SLOW: dict[str, object] = {"epochs": 24, "image_size": 64, "optimizer.lr": 5e-3}
STILL: dict[str, object] = {"augmentation.random_rotation": 0.0, "augmentation.random_crop": False}
QUICK: dict[str, object] = {"epochs": 6, "image_size": 32, "optimizer.lr": 0.02}
AUTHORS = (
    Author(
        "own_classifier", "classification", "accuracy", 0.8, QUICK | {"learning_rate": 0.02, "gamma": 2.0}
    ),
    Author("own_detector", "detection", "map50", 0.25, SLOW | STILL | {"learning_rate": 5e-3}, exports=False),
    Author("own_segmenter", "segmentation", "miou", 0.6, QUICK | {"learning_rate": 0.05}),
    Author("changed_classifier", "classification", "accuracy", 0.8, QUICK | {"gamma": 1.0}),
    Author("changed_detector", "detection", "map50", 0.25, SLOW | STILL, exports=False),
    Author("changed_segmenter", "segmentation", "miou", 0.6, QUICK),
)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A dataset for each task."""
    folder = tmp_path_factory.mktemp("data")
    return {
        "classification": write_pictures(folder / "pictures", per_class=8),
        "detection": write_squares(folder / "squares", {"train": 24, "val": 8, "test": 8}),
        "segmentation": write_scenes(folder / "scenes"),
    }


def make(home: Path, data: Path, author: Author, kind: str = "train") -> MadeRun:
    first: JobKind = "train" if kind == "train" else "export"
    if author.task == "detection":
        return make_detection_run(home, data, author.path, author.config, first)
    return make_run(home, data, author.config, author.path, first)


@pytest.fixture(scope="module", params=AUTHORS, ids=str)
def author(request: pytest.FixtureRequest) -> Author:
    return request.param


@pytest.fixture(scope="module")
def trained(author: Author, places: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    run = make(tmp_path_factory.mktemp("home"), places[author.task], author)
    assert run.work().failure is None
    return run


def derived(author: Author, data: Path, parent: MadeRun, kind: str, **options: object) -> MadeRun:
    """A job on what a run has trained, not yet done."""
    run = make(parent.folder.path.parents[1], data, author, kind)
    wanted = {"parent_run": parent.folder.run, "checkpoint": "best", **options}
    job = run.folder.job().model_copy(update={"kind": kind, "task_options": wanted})
    write_record(run.folder.job_path, job)
    return run


def test_that_the_check_finds_nothing(author: Author) -> None:
    source = source_at(author.path)
    answer, models = describe_source(source)
    (entry,) = answer.entries
    problems = [*entry.problems, *try_model(source, models[0], entry)]
    if not author.exports:
        problems = [problem for problem in problems if problem.code != "trace_failed"]
    assert problems == []


def test_that_it_learns_and_its_best_checkpoint_is_kept(author: Author, trained: MadeRun) -> None:
    validations = [e for e in trained.events() if isinstance(e, MetricsLogged) and e.scope == "validation"]
    best = [e for e in trained.events() if isinstance(e, BestImproved)][-1]

    assert len(validations) == author.config["epochs"]
    assert max(event.values[f"val/{author.metric}"] for event in validations) >= author.least
    assert {"last", "best"} <= {name for name, _ in list_checkpoints(trained.folder.checkpoints)}
    assert 1 <= best.epoch <= int(str(author.config["epochs"]))
    assert validations[-1].per_class


def test_that_it_goes_on_from_its_last_checkpoint(
    author: Author, places: dict[str, Path], tmp_path: Path
) -> None:
    short = replace(author, config=author.config | {"epochs": 1})
    run = make(tmp_path, places[author.task], short)
    assert run.work().failure is None

    assert run.again("checkpoints/last", epochs=2).work().failure is None

    epochs = {e.epoch for e in run.events() if isinstance(e, MetricsLogged) and e.scope == "epoch"}
    assert epochs == {2}
    assert dict(list_checkpoints(run.folder.checkpoints))["last"].epoch == 2


def test_that_its_best_checkpoint_is_evaluated(
    author: Author, places: dict[str, Path], trained: MadeRun
) -> None:
    split = "val" if author.task == "classification" else "test"
    run = derived(author, places[author.task], trained, "evaluate", split=split)
    assert run.work().failure is None
    summary = read_record(run.folder.results / "0001" / "summary.json", ResultSummary)
    assert summary.metrics[f"test/{author.metric}"] >= author.least - 0.15


def test_that_it_answers_pictures_of_any_size(
    author: Author, places: dict[str, Path], trained: MadeRun, tmp_path: Path
) -> None:
    model = restore_model(trained.folder.checkpoints / "best")
    files = sorted(places[author.task].rglob("val/**/*.png"))[:3]

    records = list(predict_files(model, files, Telling(masks=tmp_path)))
    answers = model.infer([np.zeros((31, 77, 3), np.uint8), np.full((90, 20, 3), 255, np.uint8)])

    assert [record.error for record in records] == [None] * len(files)
    assert len(answers) == 2
    if author.task == "segmentation":
        assert [answer.labels.shape for answer in answers] == [(31, 77), (90, 20)]  # pyright: ignore[reportAttributeAccessIssue]  # the task's own type
    assert json.dumps([record.model_dump(mode="json") for record in records])


@pytest.mark.slow
def test_that_it_is_exported_and_verified_or_refused_in_a_sentence(
    author: Author, places: dict[str, Path], trained: MadeRun
) -> None:
    run = derived(author, places[author.task], trained, "export", options={})
    failure = run.work().failure
    written = [event for event in run.events() if isinstance(event, ExportWritten)]

    if author.exports:
        assert failure is None
        assert written[0].verified
    else:
        assert isinstance(failure, Failure)
        assert failure.code == "export_unsupported"
        assert written == []


@pytest.mark.slow
def test_that_the_bare_outputs_of_an_own_detector_can_be_exported(
    places: dict[str, Path], tmp_path: Path
) -> None:
    (author,) = (one for one in AUTHORS if one.folder == "own_detector")
    short = replace(author, config=author.config | {"epochs": 1})
    trained = make(tmp_path, places["detection"], short)
    assert trained.work().failure is None
    options = {"include_postprocessing": False}
    run = derived(short, places["detection"], trained, "export", options=options)
    assert run.work().failure is None
    assert next(event for event in run.events() if isinstance(event, ExportWritten)).verified
