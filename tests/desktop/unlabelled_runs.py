"""Test runs on images without labels, as the engine leaves them: answers alone, written by the engine's own writer."""

from __future__ import annotations

import numpy as np

from engine.data.samples import SampleSource
from engine.data.targets import LabelTargets, SplitFiles
from engine.datasets.library import Library
from engine.datasets.unlabelled import FORMAT
from engine.evaluation.result_folder import ResultFacts, newest_folder, write_result
from engine.evaluation.unlabelled import ask
from engine.protocol.events import ResultWritten
from engine.tasks.predictions import ClassScores, Detections, SegmentationMap
from engine.tasks.task import Prediction
from tests.desktop.measured_runs import MeasuredRun

IMAGES = 4


def answers_of(parent: MeasuredRun) -> MeasuredRun:
    """A finished test run of a run's best checkpoint on the first four images of its data, as if nobody knew them."""
    known = parent.manifest
    items = tuple(
        item.model_copy(update={"label": None, "mask": None, "split": "test"}) for item in known.items
    )[:IMAGES]
    bare = known.model_copy(
        update={"name": "photos", "format": FORMAT, "items": items, "annotations": "", "mask_values": ()}
    )
    run = MeasuredRun(parent.home, "20260101-000200-cccc", known, "evaluate", parent.run, "all").create()
    job = run.folder.job()
    assert job.dataset is not None
    named = job.model_copy(update={"dataset": job.dataset.model_copy(update={"name": "photos"})})
    run.folder.job_path.write_text(named.model_dump_json(), encoding="utf-8")
    bare.save(run.folder.manifest_path)
    root = Library(parent.home).root(known.name)
    source = SampleSource(
        SplitFiles(bare, root, range(len(items))), LabelTargets([-1] * len(items)), 32, "bilinear"
    )
    answers = iter(range(len(items)))
    judgement = ask(
        lambda images: [_answer(known.task, next(answers), image.shape, known.classes) for image in images],
        source, known.classes, batch_size=2,
    )  # fmt: skip
    assert judgement is not None
    facts = ResultFacts(
        task=known.task, split="all", prefix="test", epoch=3, step=30, class_names=known.classes,
        checkpoint="best", is_labelled=False, left_out=2,
    )  # fmt: skip
    write_result(run.folder.results, judgement, facts)
    folder = newest_folder(run.folder.results) or ""
    run.said.append(
        ResultWritten(folder=folder, split="all", epoch=3, step=30, checkpoint="best", metrics={})
    )
    return run.tell()


def _answer(task: str, number: int, shape: tuple[int, ...], classes: tuple[str, ...]) -> Prediction:
    """Of image `number`: its class is that number's, with 0.5, 0.6, …; two boxes, with 0.9 and 0.2; two bands."""
    count = len(classes)
    if task == "classification":
        probs = np.full(count, (0.5 - 0.1 * number) / (count - 1), dtype=np.float32)
        probs[number % count] = 0.5 + 0.1 * number
        return ClassScores(probs)
    height, width = shape[:2]
    if task == "detection":
        boxes = np.array([[1, 1, width / 2, height / 2], [2, 2, width - 1, height - 1]], dtype=np.float32)
        return Detections(boxes, np.array([0.9, 0.2], dtype=np.float32), np.array([number % count, 0]))
    labels = np.zeros((height, width), dtype=np.int64)
    labels[: height // 3] = 1 + number % (count - 1)
    return SegmentationMap(labels)
