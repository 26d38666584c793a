from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.config.validation import resolve_config
from engine.plugin import ClassScores, TimmModel
from engine.plugin.adapters.bundled_weights import bundled_file
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source


def model_of(preset: str | None) -> TimmModel:
    torch.set_num_threads(1)
    (model_class,) = load_source(source_at(BUILTIN_FOLDER / "timm_classifier"))
    flat = resolve_config(model_class.get_config_schema(), {}, preset)
    model = model_class({**flat, "num_classes": 10, "class_names": list("0123456789")})
    assert isinstance(model, TimmModel)
    return model


def test_that_the_easy_preset_begins_with_weights_that_need_no_network() -> None:
    model = model_of("easy")

    assert bundled_file(model.architecture_name) is not None
    assert model.notes == []


@pytest.mark.parametrize("preset", ["easy", "medium", "advanced"])
def test_that_the_model_of_each_preset_can_be_asked(preset: str) -> None:
    (answer,) = model_of(preset).infer(np.zeros((100, 120, 3), dtype=np.uint8))

    assert isinstance(answer, ClassScores)
    assert answer.probs.shape == (10,)
