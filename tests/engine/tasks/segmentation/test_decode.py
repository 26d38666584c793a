"""What a segmenter may answer with, and the maps that come of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import one_hot

from engine.data.normalisation import TensorInput
from engine.errors import PluginError
from engine.tasks.predictions import SegmentationMap
from engine.tasks.segmentation.decode import adapt_infer, to_maps

SIDE = 16
PREPARE = TensorInput(SIDE, framing="whole")
Images = list[NDArray[np.uint8]]


def pictures() -> Images:
    """Of two sizes, dark on the left and light on the right."""
    found: Images = []
    for height, width in ((24, 40), (33, 20)):
        image = np.zeros((height, width, 3), dtype=np.uint8)
        image[:, width // 2 :] = 255
        found.append(image)
    return found


def halves(images: Images) -> list[NDArray[np.int64]]:
    return [(image[..., 0] > 127).astype(np.int64) for image in images]


def logits(pixels: torch.Tensor) -> torch.Tensor:
    light = (pixels[:, 0] > 0).long()
    return one_hot(light, 2).permute(0, 3, 1, 2).float()


def of_images(images: object) -> Images:
    if not isinstance(images, list):
        raise TypeError("a list of images is wanted")
    return images


@pytest.mark.parametrize(
    "infer",
    [
        lambda images: [SegmentationMap(labels) for labels in halves(of_images(images))],
        lambda images: halves(of_images(images)),
        lambda images: [torch.from_numpy(labels) for labels in halves(of_images(images))],
        lambda pixels: logits(pixels),
        lambda pixels: {"out": logits(pixels)},
        lambda pixels: logits(pixels).argmax(dim=1),
        lambda pixels: logits(pixels)[..., ::2, ::2],
    ],
)
def test_that_every_accepted_answer_becomes_maps_of_the_images(infer: Callable[..., object]) -> None:
    adapted = adapt_infer(infer, PREPARE)

    for _ in range(2):  # the second time the form is known
        maps = adapted(pictures())
        for found, true in zip(maps, halves(pictures()), strict=True):
            assert isinstance(found, SegmentationMap)
            assert found.labels.shape == true.shape
            assert (found.labels == true).mean() > 0.9


@pytest.mark.parametrize(
    ("infer", "code"),
    [
        (lambda _: "nothing", "infer_answer"),
        (lambda _: [np.zeros((3, 3), dtype=np.float32)] * 2, "infer_answer"),
        (lambda _: [np.zeros((3, 3), dtype=np.int64)], "infer_answer"),
        (lambda _: torch.zeros(3, 2, 4, 4), "infer_answer"),
        (lambda _: int("x"), "infer_failed"),
    ],
)
def test_that_other_answers_are_refused(infer: Callable[..., object], code: str) -> None:
    with pytest.raises(PluginError) as raised:
        adapt_infer(infer, PREPARE)(pictures())

    assert raised.value.code == code


def test_that_one_image_may_be_answered_with_one_map() -> None:
    (found,) = adapt_infer(lambda images: halves(of_images(images))[0], PREPARE)(pictures()[:1])

    assert isinstance(found, SegmentationMap)
    np.testing.assert_array_equal(found.labels, halves(pictures())[0])


def test_that_logits_are_enlarged_before_the_class_is_chosen() -> None:
    # The right pixel is a little surer: enlarged, the line between both lies left of the middle.
    made = torch.tensor([[[[1.0, -3.0]], [[0.0, 0.0]]]])

    (found,) = to_maps(made, [(2, 100)])

    share = (found.labels == 0).mean()
    assert 0.3 < share < 0.5
    np.testing.assert_array_equal(found.labels[0], found.labels[1])
