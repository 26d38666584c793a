"""Runs as the engine leaves them, made by hand: a dataset on disk, results written by the engine's own writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.evaluation.partial import Pace, PartialResults
from engine.evaluation.result_folder import ResultFacts, newest_folder, write_result
from engine.protocol.checkpoint import META_NAME, CheckpointKind, CheckpointMeta
from engine.protocol.events import CheckpointSaved, Event, ResultWritten, RunEnded, StateChanged
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec, DatasetRef, JobKind, JobSpec, Placement, PluginRef, RunState
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.rebuild import take_run
from engine.tasks.classification.judge import judge_scores, score_table
from engine.tasks.predictions import ClassScores
from engine.tasks.task import Judgement

CLASSES = ("circle", "cross", "star")
VAL_PER_CLASS = 4


def import_pictures(home: Home, folder: Path) -> Manifest:
    """Import a folder with train, val and test images of three classes as `pictures`."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 2), ("val", VAL_PER_CLASS), ("test", 1)):
        for name in CLASSES:
            place = folder / "pictures" / split / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 255, (12, 16, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{name}-{number}.png")
    return Library(home.ensure()).import_dataset(folder / "pictures")


@dataclass
class _Measured:
    """A collector that is asked for nothing but what it knows."""

    known: Judgement

    def judgement(self) -> Judgement:
        return self.known


@dataclass
class MeasuredRun:
    """A run folder below HOME/runs that the store knows."""

    home: Home
    run: str
    manifest: Manifest
    kind: JobKind = "train"
    parent: str | None = None
    split: str = "val"
    said: list[Event] = field(default_factory=list[Event])

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.home.runs / self.run)

    def create(self) -> MeasuredRun:
        options: dict[str, object] = {} if self.parent is None else {"parent_run": self.parent}
        job = JobSpec(
            run=self.run,
            kind=self.kind,
            created=f"2026-01-01T00:00:{len(list(self.home.runs.iterdir())):02}+00:00",
            plugin=PluginRef(id="tiny", model="Tiny", source_hash="0" * 64),
            dataset=DatasetRef(name=self.manifest.name, version=self.manifest.version),
            task=self.manifest.task,
            config={"epochs": 9, "validation.enabled": True, "validation.val_split": 0.2},
            task_options=options,
        )
        write_record(self.folder.job_path, job)
        self.manifest.save(self.folder.manifest_path)
        root = Library(self.home).root(self.manifest.name)
        placement = Placement(dataset_root=str(root))
        write_record(self.folder.attempt(1).spec_path, AttemptSpec(attempt=1, placement=placement))
        return self

    def measure(self, epoch: int, wrong: int = 0, *, per_image: bool = True) -> str:
        """Write a result in which the first `wrong` images are taken for the next class; give its folder."""
        return self.keep(self.judged(wrong), epoch, per_image=per_image)

    def measure_part(self, epoch: int, images: int, wrong: int = 0) -> None:
        """Show the first images as the engine does while it measures the others."""
        moments = iter((0.0, 10.0, 10.0))
        pace = Pace(0.5, clock=lambda: next(moments))
        expected = sum(item.split == self.split for item in self.manifest.items)
        partial = PartialResults(self.folder.results, self.facts(epoch), expected, pace)
        partial.look(_Measured(self.judged(wrong, images)))

    def judged(self, wrong: int, images: int | None = None) -> Judgement:
        """What is known of the first images of the split (of all, where none are named)."""
        numbered = [(n, item) for n, item in enumerate(self.manifest.items) if item.split == self.split][
            :images
        ]
        targets = np.array([item.label for _, item in numbered], dtype=np.int64)
        scores: list[ClassScores] = []
        for place, target in enumerate(targets):
            says = (target + 1) % len(CLASSES) if place < wrong else target
            probs = np.full(len(CLASSES), 0.1 - 0.005 * place, dtype=np.float32)
            probs[says] = 1 - 2 * probs[0]
            scores.append(ClassScores(probs))
        judgement = judge_scores(score_table(scores, targets, len(CLASSES)), CLASSES)
        judgement.columns["item"] = np.array([n for n, _ in numbered], dtype=np.int64)
        return judgement

    def keep(self, judgement: Judgement, epoch: int, *, per_image: bool = True) -> str:
        """Write what was judged as a result; give its folder."""
        facts = self.facts(epoch, per_image=per_image)
        summary = write_result(self.folder.results, judgement, facts)
        folder = newest_folder(self.folder.results) or ""
        self.said.append(
            ResultWritten(
                folder=folder,
                split=self.split,
                epoch=epoch,
                step=facts.step,
                checkpoint=facts.checkpoint,
                metrics=summary.metrics,
            )
        )
        return folder

    def facts(self, epoch: int, *, per_image: bool = True) -> ResultFacts:
        return ResultFacts(
            task=self.manifest.task,
            split=self.split,
            prefix="val" if self.kind == "train" else "test",
            epoch=epoch,
            step=epoch * 10,
            class_names=self.manifest.classes,
            dataset=self.manifest.name,
            dataset_version=self.manifest.version,
            checkpoint=None if self.kind == "train" else "best",
            per_image=per_image,
        )

    def checkpoint(self, name: str, kind: CheckpointKind, epoch: int) -> Path:
        """Leave a checkpoint that has all but weights; give its folder."""
        meta = CheckpointMeta(
            kind=kind,
            run=self.run,
            attempt=1,
            epoch=epoch,
            step=epoch * 10,
            plugin="tiny",
            plugin_hash="0" * 64,
            config_hash="0" * 64,
            task=self.manifest.task,
            class_names=self.manifest.classes,
            metrics={"val/accuracy": 0.5},
            created=f"2026-01-01T00:0{epoch}:00+00:00",
        )
        write_record(self.folder.checkpoints / name / META_NAME, meta)
        self.said.append(CheckpointSaved(name=name, kind=kind, epoch=epoch, step=epoch * 10))
        return self.folder.checkpoints / name

    def tell(self, state: str = "completed") -> MeasuredRun:
        """Let the store know of everything up to now."""
        is_first = not self.folder.attempt(1).supervision_path.exists()
        states: tuple[RunState, ...] = ("preparing", "starting", "running") if is_first else ()
        told: list[Event] = [StateChanged(state=entry, attempt=1) for entry in states]
        told += self.said
        if state != "running":
            told.append(RunEnded.model_validate({"state": state}))
        self.said = []
        add_supervision(self.folder.attempt(1), *told)
        with Store.open(self.home.store_path) as store:
            if store.is_known(self.run):
                store.forget_run(self.run)
            take_run(store, self.folder)
        return self


def measured_run(home: Home, folder: Path, epochs: tuple[int, ...] = (1, 2, 3)) -> MeasuredRun:
    """A finished training with a validation an epoch, each with one mistake less."""
    made = MeasuredRun(home, "20260101-000000-aaaa", import_pictures(home, folder)).create()
    for epoch in epochs:
        made.measure(epoch, wrong=max(0, 4 - epoch))
    made.checkpoint("last", "last", epochs[-1])
    made.checkpoint("best", "best", epochs[-1])
    return made.tell()


def evaluation_of(parent: MeasuredRun, wrong: int = 1) -> MeasuredRun:
    """A finished evaluation of a run's best checkpoint on the test images."""
    made = MeasuredRun(
        parent.home,
        "20260101-000100-bbbb",
        parent.manifest,
        kind="evaluate",
        parent=parent.run,
        split="test",
    ).create()
    made.measure(3, wrong=wrong)
    return made.tell()
