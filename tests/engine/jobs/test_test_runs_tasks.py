"""Test runs of detectors and segmenters: numbers as COCO and scikit-learn count, other classes, no labels."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from faster_coco_eval import COCO, COCOeval_faster
from PIL import Image
from sklearn.metrics import confusion_matrix, jaccard_score

from engine.datasets.annotations import load_annotations
from engine.datasets.library import Library
from engine.datasets.masks import IGNORE, read_mask
from engine.errors import UserError
from engine.runner.given_data import Wanted
from tests.engine.jobs.run_maker import REPOSITORY, MadeRun, make_run, write_pictures
from tests.engine.jobs.scenes import write_scenes
from tests.engine.jobs.tested_runs import Outcome, enqueued, home_of, known_to_store, outcome_of
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares

FIXTURES = REPOSITORY / "tests" / "fixtures"
SMALL_DETECTOR: dict[str, object] = {
    "backbone": "resnet10t",
    "pretrained": "off",
    "pyramid_channels": 32,
    "head_depth": 1,
    "least_score": 0.0,
    "epochs": 2,
}
SEGMENTER: dict[str, object] = {"epochs": 3, "image_size": 32, "optimizer.lr": 0.05, "learning_rate": 0.05}


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    """Of light and dark squares."""
    folder = tmp_path_factory.mktemp("detector")
    data = write_squares(folder / "squares", {"train": 12, "val": 4, "test": 6})
    plugin = REPOSITORY / "plugins" / "torchvision_detector"
    run = make_detection_run(folder / "home", data, plugin, SMALL_DETECTOR)
    assert run.work().failure is None
    return known_to_store(run)


@pytest.fixture(scope="module", params=["changed_segmenter", "own_segmenter"])
def segmenter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    """Of a thing on its ground; in the engine's loop, and in one of its own."""
    folder = tmp_path_factory.mktemp("segmenter")
    run = make_run(folder / "home", write_scenes(folder / "scenes"), SEGMENTER, FIXTURES / request.param)
    assert run.work().failure is None
    return known_to_store(run)


def coco_figures(done: Outcome, tmp_path: Path) -> tuple[float, float]:
    """mAP and mAP50 of the stored boxes against the frozen objects, by faster-coco-eval."""
    manifest, table = done.run_manifest(), load_annotations(done.run.folder.annotations_path)
    items = done.column("item")
    images, annotations, answers = [], [], []
    offsets, boxes = done.array("box_offsets"), done.array("boxes").astype(float)
    scores, labels = done.array("box_scores"), done.array("box_labels")
    for place, item in enumerate(items.tolist()):
        told = manifest.items[item]
        images.append({"id": place + 1, "width": told.width, "height": told.height, "file_name": told.path})
        objects = table.of(item)
        for box, label, area in zip(objects.boxes, objects.labels, objects.areas, strict=True):
            left, top, right, bottom = (float(value) for value in box)
            annotations.append({
                "id": len(annotations) + 1, "image_id": place + 1, "category_id": int(label) + 1,
                "bbox": [left, top, right - left, bottom - top], "area": float(area), "iscrowd": 0,
            })  # fmt: skip
        for row in range(int(offsets[place]), int(offsets[place + 1])):
            left, top, right, bottom = boxes[row].tolist()
            answers.append({
                "image_id": place + 1, "category_id": int(labels[row]) + 1, "score": float(scores[row]),
                "bbox": [left, top, right - left, bottom - top],
            })  # fmt: skip
    categories = [{"id": n + 1, "name": name} for n, name in enumerate(manifest.classes)]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (tmp_path / "truth.json").write_text(json.dumps(document), encoding="utf-8")
    truth = COCO(str(tmp_path / "truth.json"))
    judge = COCOeval_faster(truth, truth.loadRes(answers), "bbox")
    judge.run()
    return float(judge.stats[0]), float(judge.stats[1])


def test_that_a_detectors_numbers_are_those_of_coco_on_what_was_stored(
    detector: MadeRun, tmp_path: Path
) -> None:
    done = outcome_of(detector, Wanted(split="test"))

    mean, at_half = coco_figures(done, tmp_path)
    assert done.summary.images == 6
    assert at_half > 0
    assert done.summary.metrics["test/map"] == pytest.approx(mean, abs=1e-4)
    assert done.summary.metrics["test/map50"] == pytest.approx(at_half, abs=1e-4)


def test_that_objects_of_other_class_names_are_mapped_and_left_out(detector: MadeRun, tmp_path: Path) -> None:
    own = outcome_of(detector, Wanted(split="test"))
    data = write_squares(tmp_path / "renamed", {"train": 12, "val": 4, "test": 6})
    for file in (data / "annotations").iterdir():
        document = json.loads(file.read_text(encoding="utf-8"))
        document["categories"] = [{"id": 1, "name": "bright"}, {"id": 2, "name": "Dark"}]
        file.write_text(json.dumps(document), encoding="utf-8")
    name = Library(home_of(detector)).import_dataset(data, name="renamed").name

    mapped = outcome_of(detector, Wanted(name, split="test", mapping={"bright": "light"}))
    without = outcome_of(detector, Wanted(name, split="all", mapping={"bright": "light", "Dark": "dark"}))

    assert mapped.summary.metrics == own.summary.metrics
    assert (without.summary.images, without.summary.split) == (22, "all")
    with pytest.raises(UserError) as refused:
        enqueued(detector, Wanted(name, split="test"))
    assert refused.value.code == "classes_differ"
    table = load_annotations(mapped.run.folder.annotations_path)
    assert mapped.run_manifest().annotations == table.digest()


def test_that_what_a_class_that_is_left_out_shows_is_not_counted(detector: MadeRun, tmp_path: Path) -> None:
    data = write_squares(tmp_path / "more", {"train": 1, "test": 6})
    for file in (data / "annotations").iterdir():
        document = json.loads(file.read_text(encoding="utf-8"))
        document["categories"].append({"id": 3, "name": "cloud"})
        clouds = [{**one, "id": 1000 + one["id"], "category_id": 3} for one in document["annotations"]]
        document["annotations"] += clouds
        file.write_text(json.dumps(document), encoding="utf-8")
    name = Library(home_of(detector)).import_dataset(data, name="more").name

    done = outcome_of(detector, Wanted(name, split="test"))

    mean, _ = coco_figures(done, tmp_path)
    assert done.summary.metrics["test/map"] == pytest.approx(mean, abs=1e-4)
    assert sum(done.summary.per_class["support"].values()) == 10
    assert set(done.array("object_labels").tolist()) == {0, 1}


def test_that_a_detector_tells_what_it_finds_where_nobody_has_labelled(
    detector: MadeRun, tmp_path: Path
) -> None:
    shutil.copytree(write_squares(tmp_path / "s", {"test": 6}) / "test", tmp_path / "photos")

    done = outcome_of(detector, Wanted(folder=tmp_path / "photos"))

    offsets, scores = done.array("box_offsets"), done.array("box_scores")
    assert (done.summary.is_labelled, done.summary.images) == (False, 6)
    assert offsets[-1] == len(scores) == len(done.array("boxes")) == len(done.array("box_labels"))
    surest = [scores[a:b].max(initial=0) for a, b in pairwise(offsets.tolist())]
    assert done.column("confidence") == pytest.approx(np.array(surest))
    assert scores.min() >= 0.001


def pixels_of(done: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction of all pixels that count, read as the frozen data and the stored maps have them."""
    manifest = done.run_manifest()
    root = Path(done.run.folder.latest_attempt().spec().placement.dataset_root or "")
    packed, offsets = done.array("mask_files"), done.array("mask_file_offsets")
    truths, answers = [], []
    for place, item in enumerate(done.column("item").tolist()):
        truth = read_mask(root, manifest.items[item], manifest)
        packed_one = packed[int(offsets[place]) : int(offsets[place + 1])].tobytes()
        file = np.asarray(Image.open(BytesIO(packed_one)))
        counts = truth != IGNORE
        truths.append(truth[counts])
        answers.append(file[counts])
    return np.concatenate(truths), np.concatenate(answers)


def test_that_a_segmenters_numbers_are_those_of_scikit_learn_on_what_was_stored(segmenter: MadeRun) -> None:
    done = outcome_of(segmenter, Wanted(split="test"))

    truth, answer = pixels_of(done)
    assert done.summary.images == 4
    overlaps = jaccard_score(truth, answer, average="macro")
    assert done.summary.metrics["test/miou"] == pytest.approx(overlaps, abs=1e-6)
    assert done.summary.metrics["test/pixel_accuracy"] == pytest.approx((truth == answer).mean(), abs=1e-6)
    confusion = np.load(done.folder / "confusion.npy")
    assert np.array_equal(confusion, confusion_matrix(truth, answer))


def test_that_masks_of_other_numbers_and_names_are_read_as_the_models(
    segmenter: MadeRun, tmp_path: Path
) -> None:
    own = outcome_of(segmenter, Wanted(split="test"))
    data = write_scenes(tmp_path / "scenes")
    for file in (data / "masks").rglob("*.png"):
        mask = np.asarray(Image.open(file))
        swapped = np.where(mask == 0, 2, np.where(mask == 1, 1, mask)).astype(np.uint8)
        swapped[-1, :4] = 0
        Image.fromarray(swapped).save(file)
    classes = [{"id": 0, "name": "edge"}, {"id": 1, "name": "Thing"}, {"id": 2, "name": "earth"}]
    table = {"ignore_index": 9, "classes": classes}
    (data / "classes.json").write_text(json.dumps(table), encoding="utf-8")
    name = Library(home_of(segmenter)).import_dataset(data, name="others").name

    done = outcome_of(segmenter, Wanted(name, split="test", mapping={"earth": "ground"}))

    truth, answer = pixels_of(done)
    assert done.run.folder.job().task_options["classes"] == {
        "matched": {"Thing": "thing", "earth": "ground"}, "left_out": ["edge"], "missing": [],
    }  # fmt: skip
    # The four pixels of each of four images that are an edge now do not count.
    assert len(truth) == np.load(own.folder / "confusion.npy").sum() - 16
    assert done.summary.metrics["test/miou"] == pytest.approx(jaccard_score(truth, answer, average="macro"))


def test_that_a_segmenter_tells_maps_where_nobody_has_labelled(segmenter: MadeRun, tmp_path: Path) -> None:
    data = write_scenes(tmp_path / "scenes")

    done = outcome_of(segmenter, Wanted(folder=data / "images" / "test"))

    called = done.column("class_called")
    assert (done.summary.is_labelled, done.summary.images) == (False, 4)
    assert called.sum(axis=1).tolist() == [24 * 36] * 4  # pyright: ignore[reportAttributeAccessIssue]  # numbers
    assert len(done.array("mask_file_offsets")) == 5


def test_that_a_dataset_of_another_task_is_refused_with_the_reason(
    segmenter: MadeRun, tmp_path: Path
) -> None:
    library = Library(home_of(segmenter))
    name = library.import_dataset(write_pictures(tmp_path / "pictures"), name="pictures of noise").name

    with pytest.raises(UserError, match="for classification, the model for segmentation") as refused:
        enqueued(segmenter, Wanted(name))
    assert refused.value.code == "task_differs"
