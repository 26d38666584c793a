"""The recommended detection plugin: what its presets begin with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.config.validation import resolve_config
from engine.plugin import Detections, TorchvisionDetector
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source


def model_of(preset: str, **changes: object) -> TorchvisionDetector:
    torch.set_num_threads(1)
    (model_class,) = load_source(source_at(BUILTIN_FOLDER / "torchvision_detector"))
    flat = resolve_config(model_class.get_config_schema(), changes, preset)
    model = model_class({**flat, "num_classes": 3, "class_names": ["a", "b", "c"]})
    assert isinstance(model, TorchvisionDetector)
    return model


def test_that_the_easy_preset_begins_with_weights_that_need_no_network() -> None:
    model = model_of("easy")
    assert model.notes == []
    assert model.input_mean == (0.5, 0.5, 0.5)  # of those weights


@pytest.mark.parametrize("preset", ["easy", "medium", "advanced"])
def test_that_the_model_of_each_preset_can_be_asked(preset: str) -> None:
    (answer,) = model_of(preset, least_score=0.0).infer(np.zeros((100, 120, 3), dtype=np.uint8))
    assert isinstance(answer, Detections)
    assert len(answer.boxes) == 100
    assert (answer.boxes >= 0).all()
    assert (answer.boxes <= [120, 100, 120, 100]).all()
