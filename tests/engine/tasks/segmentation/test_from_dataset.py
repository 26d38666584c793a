"""From a dataset's masks to figures: what the import, the targets and the judge make of PNG masks, against a reader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics as reference

from engine.data.targets import SplitFiles
from engine.datasets.library import Library
from engine.protocol.home import Home
from engine.tasks.predictions import SegmentationMap
from engine.tasks.segmentation.segmentation import Segmentation


def test_that_the_judge_says_of_imported_masks_what_scikit_learn_says_of_their_pixels(
    shared_data: Path, lensmith_home: Path
) -> None:
    source = shared_data / "segmentation_camvid"
    library = Library(Home(lensmith_home).ensure())
    manifest = library.import_dataset(source, name="roads")
    indices = [index for index, item in enumerate(manifest.items) if item.split == "test"][:6]
    task = Segmentation()
    targets = task.targets(SplitFiles(manifest, library.root("roads"), indices))
    true = [
        np.array(Image.open(source / "masks" / "test" / f"{Path(manifest.items[index].path).stem}.png"))
        for index in indices
    ]
    predicted = [np.minimum(np.roll(mask, (5, 8), axis=(0, 1)), 10).astype(np.int64) for mask in true]

    judgement = task.judge(
        [SegmentationMap(labels) for labels in predicted],
        [targets.original(position) for position in range(len(indices))],
        manifest.classes,
    )

    everything = np.concatenate([mask.ravel() for mask in true])
    counted = everything != 11
    truth, called = everything[counted], np.concatenate([labels.ravel() for labels in predicted])[counted]
    table = json.loads((source / "classes.json").read_text(encoding="utf-8"))["classes"]
    assert list(manifest.classes) == [row["name"] for row in table[:11]]
    assert judgement.metrics["miou"] == pytest.approx(reference.jaccard_score(truth, called, average="macro"))
    assert judgement.metrics["dice"] == pytest.approx(reference.f1_score(truth, called, average="macro"))
    assert judgement.metrics["pixel_accuracy"] == pytest.approx(reference.accuracy_score(truth, called))
    for label in set(truth) | set(called):
        iou = reference.jaccard_score(truth == label, called == label)
        assert judgement.per_class["iou"][manifest.classes[label]] == pytest.approx(iou)
