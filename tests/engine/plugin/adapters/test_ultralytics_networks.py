"""Ultralytics' networks are found by name, and their candidates read as its own package reads them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.errors import PluginError
from engine.plugin.adapters.ultralytics_answers import MaskParts, objects_of
from engine.plugin.adapters.ultralytics_networks import (
    CLASSIFIERS,
    DETECTORS,
    FAMILIES,
    YoloClassifier,
    YoloDetector,
    make_yolo,
    require_fitting_size,
)
from engine.tasks.detection.decode import Selection

SIDE = 64
ALL = Selection(least_score=0.0, candidates=10_000, most_overlap=1.0, most=300)


def pixels(count: int = 2) -> torch.Tensor:
    return torch.rand((count, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(3))


def network(name: str) -> Any:
    torch.manual_seed(0)
    return make_yolo(name, 3).eval()


def test_that_every_name_has_a_description_in_the_package() -> None:
    from ultralytics.nn.tasks import yaml_model_load

    for name in (*DETECTORS, *CLASSIFIERS):
        assert yaml_model_load(f"{name}.yaml")["scale"] == name.partition("-")[0][-1]


@pytest.mark.parametrize("family", FAMILIES)
def test_that_a_classifier_gives_logits_in_either_mode(family: str) -> None:
    classifier = YoloClassifier(network(f"{family}n-cls"))
    with torch.no_grad():
        logits = classifier(pixels())
        probabilities, raw = classifier.yolo(pixels())
    assert logits.shape == (2, 3)
    assert torch.equal(logits, raw)
    assert torch.allclose(logits.softmax(1), probabilities)
    assert classifier.train()(pixels()).shape == (2, 3)


@pytest.mark.parametrize("name", ["yolov8n", "yolo11n-seg", "yolo26n", "yolo26n-seg"])
def test_that_candidates_are_those_of_the_package(name: str) -> None:
    yolo = network(name)
    with torch.no_grad():
        outputs = yolo(pixels())[0]
        own = YoloDetector(yolo)(pixels())
    theirs = outputs[0] if isinstance(outputs, tuple) else outputs
    candidates = own[0] if isinstance(own, tuple) else own
    centre, size, scores = theirs[:, :2], theirs[:, 2:4], theirs[:, 4:7]
    wanted = torch.cat([centre - size / 2, centre + size / 2, scores], 1).transpose(1, 2)
    assert torch.allclose(candidates, wanted, atol=1e-4)


def test_that_masks_are_drawn_as_the_package_draws_them() -> None:
    from ultralytics.utils.ops import process_mask_native

    generator = torch.Generator().manual_seed(1)
    coefficients = torch.randn((5, 8), generator=generator)
    prototypes = torch.randn((8, 16, 16), generator=generator)
    boxes = torch.tensor([[4.0, 6, 30, 40], [0, 0, 64, 64], [10, 10, 20, 50], [50, 5, 60, 9], [1, 30, 9, 60]])
    candidates = torch.cat([boxes, torch.tensor([[0.9], [0.8], [0.7], [0.6], [0.5]])], 1)
    found = objects_of(candidates, SIDE, ALL, MaskParts(coefficients, prototypes))
    theirs = process_mask_native(prototypes, coefficients, boxes, (SIDE, SIDE))
    ours = found["masks"] > 0.5
    assert (ours == theirs.bool()).float().mean() > 0.995


def test_that_overlapping_objects_of_a_class_are_told_once() -> None:
    candidates = torch.tensor(
        [
            [0.0, 0, 20, 20, 0.9, 0.0],
            [1, 1, 21, 21, 0.8, 0.0],
            [1, 1, 21, 21, 0.0, 0.7],
            [40, 40, 90, 90, 0.6, 0.001],
        ]
    )
    found = objects_of(candidates, SIDE, Selection(least_score=0.01, most_overlap=0.6))
    assert found["scores"].tolist() == pytest.approx([0.9, 0.7, 0.6])
    assert found["labels"].tolist() == [0, 1, 0]
    assert found["boxes"][2].tolist() == [40, 40, 64, 64]


def test_that_an_unknown_name_is_told_with_one_that_is_meant() -> None:
    with pytest.raises(PluginError, match="Did you mean 'yolo11n'"):
        make_yolo("yolo11nn", 3)


@pytest.mark.parametrize(("size", "fitting"), [(100, 96), (32, 64), (16, 64), (335, 320)])
def test_that_an_unfit_size_is_told_with_one_that_fits(size: int, fitting: int) -> None:
    with pytest.raises(PluginError) as told:
        require_fitting_size(size)
    assert told.value.code == "image_size_unfit"
    assert f"image_size to {fitting}" in told.value.hint
