"""From outputs of many forms to Detections in the pixels of the image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from engine.data.normalisation import TensorInput
from engine.errors import PluginError
from engine.tasks.detection.answers import adapt_infer
from engine.tasks.detection.decode import Selection, fitted, found_in, select, to_detections
from engine.tasks.detection.detection import Detection
from engine.tasks.predictions import Detections
from engine.tasks.task import Prediction
from tests.engine.tasks.detection.made_up import KnownOutputs, detections, found

IMAGES = [np.zeros((40, 80, 3), np.uint8), np.zeros((60, 30, 3), np.uint8)]
INPUT = TensorInput(20, framing="whole")


def greedy(boxes: np.ndarray, scores: np.ndarray, most_overlap: float) -> list[int]:
    """Non-maximum suppression, one box after another."""
    kept: list[int] = []
    for candidate in np.argsort(-scores, kind="stable"):
        if all(overlap(boxes[candidate], boxes[other]) <= most_overlap for other in kept):
            kept.append(int(candidate))
    return kept


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    shared = np.maximum(0, np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])).prod()
    return float(shared / ((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - shared))


def first_boxes(predictions: Sequence[Prediction]) -> list[list[float]]:
    """The first box of each image."""
    boxes = []
    for one in predictions:
        assert isinstance(one, Detections)
        boxes.append(one.boxes[0].tolist())
    return boxes


def test_that_each_class_is_thinned_out_for_itself() -> None:
    rng = np.random.default_rng(2)
    corners = rng.uniform(0, 60, (80, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(15, 35, (80, 2))], axis=1).astype(np.float32)
    scores = rng.uniform(0, 1, (80, 3)).astype(np.float32)
    chosen = select(
        torch.from_numpy(boxes), torch.from_numpy(scores), (100, 100), Selection(0.3, 1000, 0.5, 1000)
    )
    for label in range(3):
        likely = np.flatnonzero(scores[:, label] > 0.3)
        kept = likely[greedy(boxes[likely], scores[likely, label], 0.5)]
        of_class = chosen["labels"] == label
        assert_allclose(chosen["scores"][of_class], scores[kept, label])
        assert_allclose(chosen["boxes"][of_class], boxes[kept].clip(0, 100))


def test_that_only_the_surest_objects_are_told() -> None:
    boxes = torch.tensor([[0.0, 0, 1, 1], [10, 10, 11, 11], [20, 20, 21, 21]])
    chosen = select(boxes, torch.tensor([[0.2], [0.9], [0.5]]), (50, 50), Selection(0.1, 1000, 0.5, 2))
    assert chosen["scores"].tolist() == pytest.approx([0.9, 0.5])


def test_that_boxes_come_back_in_the_pixels_of_the_image() -> None:
    given = found([[0, 0, 10, 20], [5, 5, 30, 15]], [0.9, 0.3], [1, 0])
    # From a square of 20 to an image of 40 rows and 80 columns: x 4 across, x 2 down; then cut off at 80.
    made = to_detections(given, (20, 20), (40, 80))
    assert_allclose(made.boxes, [[0, 0, 40, 40], [20, 10, 80, 30]])
    assert made.labels.tolist() == [1, 0]
    assert made.boxes.dtype == np.float32
    assert made.labels.dtype == np.int64


def test_that_a_patch_of_a_mask_is_pasted_into_its_box() -> None:
    given = found([[2, 4, 10, 12]], [0.9], [0], masks=torch.ones(1, 1, 28, 28))
    made = to_detections(given, (20, 20), (40, 80))
    assert made.masks is not None
    assert made.masks.shape == (1, 40, 80)
    wanted = np.zeros((40, 80), dtype=bool)
    wanted[8:24, 8:40] = True
    assert (made.masks[0] ^ wanted).sum() < 0.1 * wanted.sum()


def test_that_a_mask_of_the_whole_frame_is_resized() -> None:
    mask = torch.zeros(1, 20, 20)
    mask[0, :10, :10] = 1
    made = to_detections(found([[0, 0, 10, 10]], [0.9], [0], masks=mask), (20, 20), (40, 80))
    assert made.masks is not None
    assert made.masks[0, :20, :40].mean() > 0.95
    assert made.masks[0, 20:].sum() == 0
    again = fitted(made, (40, 80), (20, 20))
    assert again.masks is not None
    assert (again.masks[0] ^ (mask[0].numpy() > 0)).mean() < 0.06
    assert_allclose(again.boxes, [[0, 0, 10, 10]])


def test_that_nothing_found_gives_empty_arrays() -> None:
    made = to_detections(found([], [], []), (20, 20), (40, 80))
    assert made.boxes.shape == (0, 4)
    assert made.scores.shape == (0,)
    assert made.masks is None


def test_that_every_form_of_outputs_is_read() -> None:
    one = found([[0, 0, 5, 5]], [0.9], [1])
    raw = {"boxes": torch.tensor([[[0.0, 0, 5, 5]]]), "scores": torch.tensor([[[0.0, 0.9]]])}
    for outputs in (KnownOutputs([one]), [one], one, raw):
        (read,) = found_in(outputs)
        assert read["labels"].tolist() == [1]
        assert read["boxes"].tolist() == [[0, 0, 5, 5]]


@pytest.mark.parametrize(
    "outputs", [torch.zeros(2, 3), [{"boxes": torch.zeros(0, 4)}], {"loss": torch.zeros(())}]
)
def test_that_other_outputs_are_refused_in_a_sentence(outputs: object) -> None:
    with pytest.raises(PluginError) as caught:
        found_in(outputs)
    assert caught.value.code == "outputs_shape"
    assert Detection().output_fault(outputs, 2, 3, 20)


def test_that_the_task_brings_outputs_to_the_size_of_each_image() -> None:
    outputs = KnownOutputs([found([[0, 0, 10, 10]], [0.5], [0])] * 2, frame=(20, 20))
    made = Detection().predictions(outputs, [(40, 80), (60, 30)])
    assert [one.boxes.tolist() for one in made if isinstance(one, Detections)] == [
        [[0, 0, 40, 20]],
        [[0, 0, 15, 30]],
    ]


def test_that_a_plugin_that_takes_images_answers_in_their_pixels() -> None:
    def infer(images: list[np.ndarray]) -> list[Detections]:
        return [detections([[0, 0, image.shape[1], image.shape[0]]], [0.5], [0]) for image in images]

    made = adapt_infer(infer, INPUT)(IMAGES)
    assert first_boxes(made) == [[0, 0, 80, 40], [0, 0, 30, 60]]


def test_that_a_plugin_that_takes_tensors_answers_in_those_of_its_input() -> None:
    def infer(batch: torch.Tensor) -> list[dict[str, torch.Tensor]]:
        assert batch.shape == (2, 3, 20, 20)
        assert batch.dtype == torch.float32
        return [found([[0, 0, 10, 10]], [0.5], [1]) for _ in batch]

    adapted = adapt_infer(infer, INPUT)
    for _ in range(2):
        assert first_boxes(adapted(IMAGES)) == [[0, 0, 40, 20], [0, 0, 15, 30]]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ([detections([], [], [])], "1"),
        (3, "int"),
        ([{"boxes": np.zeros((2, 4)), "scores": np.zeros(1), "labels": np.zeros(2)}] * 2, "scores"),
    ],
)
def test_that_a_wrong_answer_is_told_with_what_is_wrong(answer: object, word: str) -> None:
    def infer(images: list[np.ndarray]) -> object:
        assert isinstance(images, list)
        return answer

    with pytest.raises(PluginError) as caught:
        adapt_infer(infer, INPUT)(IMAGES)
    assert caught.value.code == "infer_answer"
    assert word in caught.value.message
