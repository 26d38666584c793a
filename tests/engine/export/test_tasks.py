"""Networks of every task become files that say what the networks say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from engine.errors import UserError
from engine.export.onnx_file import Deployment, export_onnx
from engine.export.verification import Verification, probing_inputs
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source

SIDE = 64
CLASSES = ("circle", "square", "star")


def model_of(plugin: str, **settings: object) -> TorchModel:
    (model_class,) = load_source(source_at(BUILTIN_FOLDER / plugin))
    config = model_class.get_config_schema().defaults({})
    known = {"num_classes": 3, "class_names": list(CLASSES), "device": "cpu", "image_size": SIDE}
    model = model_class({**config, **known, "pretrained": "off", **settings})
    assert isinstance(model, TorchModel)
    return model


def exported(model: TorchModel, path: Path) -> Verification:
    deployment = Deployment(
        class_names=CLASSES,
        input_size=(3, SIDE, SIDE),
        mean=model.input_mean,
        std=model.input_std,
        framing=model.task.framing,
        any_batch=model.task.exports_any_batch,
    )
    return export_onnx(model.network, path, deployment, finish=model.task.deployed)


@pytest.mark.slow
@pytest.mark.parametrize("plugin", ["timm_segmenter", "torchvision_segmenter"])
def test_that_a_segmenters_file_gives_probabilities_of_each_pixel(plugin: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"

    found = exported(model_of(plugin), path)

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    told = np.asarray(session.run(None, {"images": probing_inputs((3, SIDE, SIDE), 3).numpy()})[0])
    assert found.verified
    assert told.shape == (3, 3, SIDE, SIDE)
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["fcos", "retinanet"])
def test_that_a_detectors_file_gives_its_candidates(architecture: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"

    found = exported(model_of("torchvision_detector", architecture=architecture), path)

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    told = np.asarray(session.run(None, {"images": probing_inputs((3, SIDE, SIDE), 1).numpy()})[0])
    assert found.verified
    assert told.shape[::2] == (1, 4 + 3)
    assert ((told[..., 4:] >= 0) & (told[..., 4:] <= 1)).all()


def test_that_a_detector_that_looks_twice_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        exported(model_of("torchvision_detector", architecture="faster_rcnn"), tmp_path / "model.onnx")

    assert raised.value.code == "export_unsupported"
    assert not (tmp_path / "model.onnx").exists()
