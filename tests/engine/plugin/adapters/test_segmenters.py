"""The segmenters' adapters: networks that answer each pixel, weights that come along, parts that are told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import timm
import torch

from engine.errors import PluginError
from engine.plugin import ModelMetadata, TimmSegmenter, TorchvisionSegmenter
from engine.plugin.adapters.bundled_weights import bundled_file
from engine.plugin.adapters.torch_model import TorchModel
from engine.tasks.predictions import SegmentationMap

CLASSES = 3


class OnTimm(TimmSegmenter):
    """A segmenter to look at."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="on-timm", task_type="segmentation")


class OfTorchvision(TorchvisionSegmenter):
    """A segmenter to look at."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="of-torchvision", task_type="segmentation")


def settings(**changes: Any) -> dict[str, Any]:
    return {"num_classes": CLASSES, "image_size": 64, "device": "cpu", "pretrained": "off", **changes}


@pytest.mark.parametrize("architecture", ["tf_efficientnet_lite0", "resnet10t", "mobilenetv3_small_050"])
def test_that_a_u_net_answers_each_pixel(architecture: str) -> None:
    network = OnTimm(settings(architecture=architecture, decoder_width=32)).network.eval()

    with torch.no_grad():
        assert network(torch.zeros(2, 3, 64, 64)).shape == (2, CLASSES, 64, 64)
        # Sides that the strides do not divide.
        assert network(torch.zeros(1, 3, 50, 70)).shape == (1, CLASSES, 50, 70)


@pytest.mark.parametrize("architecture", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"])
def test_that_torchvisions_give_all_heads_in_training_and_logits_alone_after(architecture: str) -> None:
    model = OfTorchvision(settings(architecture=architecture))
    pixels = torch.zeros(2, 3, 64, 64)

    trained = model.network.train()(pixels)
    with torch.no_grad():
        asked = model.network.eval()(pixels)

    assert set(trained) == ({"out"} if architecture.startswith("lraspp") else {"out", "aux"})
    assert asked.shape == (2, CLASSES, 64, 64)
    model.loss(trained, torch.zeros((2, 64, 64), dtype=torch.uint8)).backward()
    assert all(parameter.grad is not None for parameter in model.network.parameters())


@pytest.mark.skipif(
    bundled_file("tf_efficientnet_lite0") is None, reason="the package of weights is not installed"
)
def test_that_the_bundled_weights_fill_the_body() -> None:
    with_weights = OnTimm(settings(pretrained="auto"))
    stem = with_weights.network.state_dict()["body.conv_stem.weight"]

    assert with_weights.notes == []
    assert not torch.equal(stem, OnTimm(settings()).network.state_dict()["body.conv_stem.weight"])
    assert torch.equal(
        stem, OnTimm(settings(pretrained="auto")).network.state_dict()["body.conv_stem.weight"]
    )
    assert with_weights.input_mean == (0.5, 0.5, 0.5)  # as those weights were trained


@pytest.mark.parametrize("model_class", [OnTimm, OfTorchvision])
def test_that_the_backbone_is_all_but_the_heads(model_class: type[TorchModel]) -> None:
    model = model_class(settings())
    backbone = {id(parameter) for parameter in model.backbone_parameters()}
    rest = [name for name, p in model.network.named_parameters() if id(p) not in backbone]

    assert backbone
    assert rest
    assert all("backbone" not in name and not name.startswith("body") for name in rest)


@pytest.mark.parametrize(
    ("architecture", "code"),
    [("tf_efficientnet_lite00", "architecture_unknown"), ("mixer_s16_224", "architecture_no_features")],
)
def test_that_an_architecture_that_cannot_serve_is_told(architecture: str, code: str) -> None:
    with pytest.raises(PluginError) as raised:
        OnTimm(settings(architecture=architecture))

    assert raised.value.code == code


def test_that_an_unknown_segmenter_of_torchvision_is_told() -> None:
    with pytest.raises(PluginError) as raised:
        OfTorchvision(settings(architecture="resnet18"))

    assert raised.value.code == "architecture_unknown"


def test_that_the_schema_offers_timms_names() -> None:
    field = OnTimm.get_config_schema().field("architecture")

    assert field is not None
    assert field.options == timm.list_models()


def test_that_images_are_answered_in_their_own_pixels() -> None:
    model = OnTimm(settings(decoder_width=32))
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, size, dtype=np.uint8) for size in ((40, 90, 3), (70, 33, 3))]

    answers = model.infer(images)

    shapes = [answer.labels.shape for answer in answers if isinstance(answer, SegmentationMap)]
    assert shapes == [(40, 90), (70, 33)]


def test_that_validate_gives_the_tasks_metrics_and_the_mean_loss() -> None:
    model = OnTimm(settings(decoder_width=32))
    images = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    masks = torch.randint(0, CLASSES, (4, 64, 64), generator=torch.Generator().manual_seed(1))

    metrics = model.validate([(images, masks)])

    with torch.no_grad():
        told = model.network.eval()(images)
    assert metrics["loss"] == pytest.approx(float(model.loss(told, masks)), rel=1e-4)
    assert metrics["pixel_accuracy"] == pytest.approx(float((told.argmax(dim=1) == masks).float().mean()))
