"""torchvision's detectors behind the adapter: losses and predictions from one pass, on any backbone."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from engine.errors import PluginError
from engine.plugin.adapters.bundled_weights import bundled_weights
from engine.plugin.adapters.detector_backbone import Pyramid, make_body
from engine.plugin.adapters.detector_kinds import KINDS
from engine.plugin.adapters.detector_network import DetectorNetwork
from engine.plugin.adapters.torchvision_detector import TorchvisionDetector
from engine.protocol.catalog import ModelMetadata
from engine.tasks.detection.detection import Detection
from engine.tasks.detection.loss import detection_loss
from engine.tasks.detection.outputs import Target
from engine.tasks.predictions import Detections
from tests.engine.tasks.detection.made_up import target

SIZE = 64
STEPS = {"fcos": 80, "retinanet": 300}
"""Some learn a first idea of an object sooner than others."""


class Detector(TorchvisionDetector):
    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="detector",
            author="tests",
            framework="torchvision",
            task_type="detection",
            description="A detector.",
        )


def made(kind: str = "fcos", **settings: Any) -> Detector:
    torch.manual_seed(0)
    given = {"architecture": kind, "backbone": "resnet10t", "pretrained": "off", "pyramid_channels": 32}
    names = ["circle", "square", "star"]
    return Detector({**given, "image_size": SIZE, "class_names": names, "num_classes": 3, **settings})


def network_of(model: Detector) -> DetectorNetwork:
    return cast("DetectorNetwork", model.network)


def examples() -> tuple[torch.Tensor, list[Target]]:
    """Two images, the second without objects."""
    pixels = torch.randn((2, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(1))
    filled = Detection().example_targets(torch.tensor([2]), SIZE)[0]
    empty = {name: tensor[:0] for name, tensor in filled.items()}
    return pixels, [filled, empty]


@pytest.mark.parametrize("kind", list(KINDS))
def test_that_every_detector_learns_from_images_with_and_without_objects(kind: str) -> None:
    model = made(kind)
    pixels, targets = examples()
    model.network.train()
    loss = model.loss(model.network(pixels), targets)
    loss.backward()
    assert loss.ndim == 0
    assert bool(loss.isfinite())
    without = [name for name, weight in model.network.named_parameters() if weight.grad is None]
    assert without == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_that_validation_has_losses_and_predictions_and_leaves_no_trace(kind: str) -> None:
    model = made(kind)
    pixels, targets = examples()
    network = model.network.eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.inference_mode():
        outputs = network(pixels)
        loss = detection_loss(outputs, targets)
        found = outputs.predictions()
    assert bool(loss.isfinite())
    assert len(found) == 2
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("kind", list(KINDS))
def test_that_a_detector_learns_in_bfloat16(kind: str) -> None:
    model = made(kind)
    pixels, targets = examples()
    model.network.train()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model.loss(model.network(pixels), targets)
    loss.backward()
    assert loss.dtype == torch.float32
    assert all(bool(w.grad.isfinite().all()) for w in model.network.parameters() if w.grad is not None)


@pytest.mark.parametrize("kind", ["fcos", "retinanet", "ssdlite"])
def test_that_predictions_are_those_of_torchvisions_own_forward(kind: str) -> None:
    network = network_of(made(kind)).eval()
    pixels, _ = examples()

    class Unchanged(nn.Module):
        """In the place of torchvision's resizing."""

        def forward(self, images: list[torch.Tensor], targets: object) -> tuple[object, object]:
            sizes = [(SIZE, SIZE)] * len(images)
            return type("Images", (), {"tensors": torch.stack(images), "image_sizes": sizes})(), targets

        def postprocess(self, result: object, sizes: object, originals: object) -> object:
            del sizes, originals
            return result

    with torch.inference_mode():
        ours = network(pixels).predictions()
        network.detector.transform = Unchanged()
        theirs = network.detector(list(pixels))
    for one, other in zip(ours, theirs, strict=True):
        assert_allclose(one["boxes"], other["boxes"], atol=1e-4)
        assert_allclose(one["scores"], other["scores"], atol=1e-6)
        assert torch.equal(one["labels"] + int(network.has_background), other["labels"])


@pytest.mark.parametrize("kind", ["fcos", "retinanet", "ssdlite"])
def test_that_losses_are_those_of_torchvisions_own_forward(kind: str) -> None:
    network = network_of(made(kind))
    network.train()
    pixels, targets = examples()
    plain = [{name: one[name] for name in ("boxes", "labels")} for one in targets]
    shifted = [{**one, "labels": one["labels"] + int(network.has_background)} for one in plain]

    class Unchanged(nn.Module):
        def forward(self, images: list[torch.Tensor], given: object) -> tuple[object, object]:
            sizes = [(SIZE, SIZE)] * len(images)
            return type("Images", (), {"tensors": torch.stack(images), "image_sizes": sizes})(), given

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()  # the same statistics both times
    ours = network(pixels).losses(plain)
    network.detector.transform = Unchanged()
    theirs = network.detector(list(pixels), shifted)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert float(value.detach()) == pytest.approx(float(theirs[name].detach()), rel=1e-4)


def test_that_the_second_look_samples_only_while_losses_are_computed() -> None:
    network = network_of(made("faster_rcnn")).eval()
    pixels, targets = examples()
    with torch.inference_mode():
        losses = network(pixels).losses([{n: t[n] for n in ("boxes", "labels")} for t in targets])
    assert set(losses) == {"loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg"}
    assert not network.detector.roi_heads.training


def test_that_masks_come_back_in_the_pixels_of_the_image() -> None:
    model = made("mask_rcnn", least_score=0.0, max_objects=4)
    images = [np.full((40, 90, 3), 200, np.uint8), np.full((30, 30, 3), 20, np.uint8)]
    answers = model.infer(images)
    for answer, image in zip(answers, images, strict=True):
        assert isinstance(answer, Detections)
        assert answer.masks is not None
        assert answer.masks.shape == (len(answer.boxes), *image.shape[:2])
        assert (answer.boxes[:, 2] <= image.shape[1]).all()
        assert (answer.labels < 3).all()


def test_that_a_detector_can_be_trained_and_measured_without_the_engines_loop() -> None:
    model = made("fcos", epochs=1, precision="fp32")
    loader = [Detection().plugin_batch(*examples())] * 2
    before = {name: tensor.clone() for name, tensor in model.network.named_parameters()}
    model.train(loader, loader)
    assert any(not torch.equal(tensor, before[name]) for name, tensor in model.network.named_parameters())
    assert {"map", "map50", "loss"} <= model.validate(loader).keys()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "steps"), [(kind, STEPS.get(kind, 150)) for kind in KINDS])
def test_that_a_detector_finds_what_it_was_shown_often_enough(kind: str, steps: int) -> None:
    """Light and dark squares on noise: a short training must find them, and tell them apart, in new images."""
    model = made(kind, class_names=["dark", "light"], num_classes=2, anchor_scale=2.0)
    rng = np.random.default_rng(0)

    def picture() -> tuple[np.ndarray, Target]:
        image = rng.integers(90, 150, (SIZE, SIZE, 3)).astype(np.uint8)
        side, label = int(rng.integers(14, 24)), int(rng.integers(0, 2))
        left, top = (int(place) for place in rng.integers(0, SIZE - side, 2))
        image[top : top + side, left : left + side] = (10, 245)[label]
        mask = torch.zeros((1, SIZE, SIZE), dtype=torch.bool)
        mask[0, top : top + side, left : left + side] = True
        return image, target([[left, top, left + side, top + side]], [label], masks=mask)

    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (model.input_mean, model.input_std))
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=2e-3)
    model.network.train()
    for _ in range(steps):
        shown = [picture() for _ in range(4)]
        pixels = torch.from_numpy(np.stack([image for image, _ in shown])).permute(0, 3, 1, 2).float()
        outputs = model.network((pixels / 255 - mean) / std)
        model.loss(outputs, [truth for _, truth in shown]).backward()
        optimizer.step()
        optimizer.zero_grad()
    shown = [picture() for _ in range(20)]
    truths = [{name: value.numpy() for name, value in truth.items()} for _, truth in shown]
    judgement = model.task.judge(model.infer([image for image, _ in shown]), truths, ["dark", "light"])
    assert judgement.metrics["map50"] > 0.8
    assert judgement.metrics.get("mask_map50", 1.0) > 0.7


@pytest.mark.parametrize(
    ("name", "strides"),
    [
        ("resnet10t", (8, 16, 32)),
        ("tf_efficientnet_lite0", (8, 16, 32)),
        ("torchvision/resnet18", (8, 16, 32)),
    ],
)
def test_that_a_pyramid_stands_on_any_backbone(name: str, strides: tuple[int, ...]) -> None:
    body = make_body(name, "off", [])
    assert tuple(level.stride for level in body.levels) == strides
    pyramid = Pyramid(body, 16, 256)
    assert pyramid.strides == (*strides, 64)
    maps = pyramid.eval()(torch.zeros(1, 3, 128, 128))
    assert [tuple(level.shape) for level in maps.values()] == [
        (1, 16, 128 // stride, 128 // stride) for stride in pyramid.strides
    ]


@pytest.mark.parametrize("name", ["resnet99", "torchvision/resnet19"])
def test_that_a_backbone_that_there_is_not_is_told(name: str) -> None:
    with pytest.raises(PluginError) as caught:
        make_body(name, "off", [])
    assert caught.value.code == "architecture_unknown"
    assert "Did you mean" in caught.value.message


def test_that_the_backbone_begins_with_the_bundled_weights() -> None:
    model = made(backbone="tf_efficientnet_lite0", pretrained="auto")
    body = model.backbone()
    assert body is not None
    import timm

    whole = timm.create_model("tf_efficientnet_lite0").state_dict()
    weights = bundled_weights("tf_efficientnet_lite0", whole)
    own = body.state_dict()
    shared = [name for name in own if name in weights]
    assert len(shared) > 250
    assert all(torch.equal(own[name], weights[name]) for name in shared)
    assert model.notes == []
    assert model.input_mean == (0.5, 0.5, 0.5)


def test_that_only_the_network_of_timm_has_weights_at_the_hub() -> None:
    with pytest.raises(PluginError) as caught:
        make_body("torchvision/resnet18", "hub", [])
    assert caught.value.code == "weights_missing"


def test_that_settings_which_only_classes_need_are_not_offered() -> None:
    schema = Detector.get_config_schema()
    names = {field.name for field in schema.fields}
    assert {"architecture", "backbone", "augmentation.random_flip"} <= names
    assert not {"label_smoothing", "augmentation.mixup_alpha", "augmentation.cutmix_alpha"} & names
    assert all(name in names for preset in schema.presets.values() for name in preset)


def test_that_a_backbone_without_weights_is_told_of() -> None:
    model = made(backbone="torchvision/resnet18", pretrained="auto")
    assert "torchvision/resnet18" in model.notes[0]


@pytest.mark.slow
def test_that_a_detector_can_be_taken_apart_for_export() -> None:
    network = network_of(made("fcos")).eval()
    pixels, _ = examples()
    with torch.no_grad():
        program = torch.export.export(network, (pixels,))
        (candidates,) = (program.module()(pixels),)
        surest = network(pixels).predictions()[0]
    assert candidates.shape[0] == 2
    assert candidates.shape[2] == 4 + 3
    # The surest object is among the candidates.
    assert float(candidates[0, :, 4:].max()) == pytest.approx(float(surest["scores"][0]), abs=1e-5)
