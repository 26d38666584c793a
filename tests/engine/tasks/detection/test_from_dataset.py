"""From a dataset's files to figures: what the import, the targets and the judge make of COCO JSON, against a reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hotcoco
import numpy as np
import pytest

from engine.data.targets import SplitFiles
from engine.datasets.library import Library
from engine.protocol.home import Home
from engine.tasks.detection.detection import Detection
from engine.tasks.predictions import Detections
from tests.fixtures.coco_references import read


def guesses(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Answers near most objects, some of a wrong class, in the order of images."""
    rng = np.random.default_rng(0)
    classes = [category["id"] for category in truth["categories"]]
    answers: list[dict[str, Any]] = []
    for row in sorted(truth["annotations"], key=lambda row: row["image_id"]):
        if rng.random() < 0.9:
            box = np.array(row["bbox"]) + rng.normal(0, 0.06, 4) * np.tile(row["bbox"][2:], 2)
            label = row["category_id"] if rng.random() < 0.9 else int(rng.choice(classes))
            score = float(np.float32(rng.random()))
            rounded = [float(np.float32(side)) for side in box]
            answers.append({**row, "bbox": rounded, "category_id": label, "score": score})
    return answers


def test_that_the_judge_says_of_an_imported_dataset_what_the_tool_says_of_its_json(
    shared_data: Path, lensmith_home: Path
) -> None:
    source = shared_data / "detection_bccd" / "coco"
    (file,) = [path for path in source.rglob("*.json") if "test" in path.as_posix()]
    truth = read(file)
    answers = guesses(truth)
    reference = hotcoco.COCO(truth)
    evaluation = hotcoco.COCOeval(reference, reference.load_res(answers), "bbox")
    evaluation.run()
    library = Library(Home(lensmith_home).ensure())
    manifest = library.import_dataset(source, name="cells")
    indices = [index for index, item in enumerate(manifest.items) if item.split == "test"]
    task = Detection()
    files = SplitFiles(manifest, library.root("cells"), indices, library.annotations_file(manifest))
    targets = task.targets(files)
    images = {Path(image["file_name"]).name: image["id"] for image in truth["images"]}
    numbers = {category["id"]: manifest.classes.index(category["name"]) for category in truth["categories"]}
    predictions = []
    for item in files.items:
        own = [row for row in answers if row["image_id"] == images[Path(item.path).name]]
        corners = np.array([row["bbox"] for row in own], dtype=np.float64).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        labels = np.array([numbers[row["category_id"]] for row in own], dtype=np.int64)
        scores = np.array([row["score"] for row in own], dtype=np.float32)
        predictions.append(Detections(corners.astype(np.float32), scores, labels))

    collated = targets.collate([targets.original(position) for position in range(len(indices))])
    judgement = task.judge(predictions, collated, manifest.classes)

    names = ("map", "map50", "map75")
    found = [judgement.metrics[name] for name in names]
    assert found == pytest.approx([float(value) for value in evaluation.stats[:3]], abs=1e-4)
    assert 0.3 < judgement.metrics["map"] < 0.9
    assert judgement.per_class["support"] == {"Platelets": 39, "RBC": 417, "WBC": 39}
