"""Heat maps lie on what decides: a patch was planted, and everything else is noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn

from engine.data.normalisation import TensorInput
from engine.errors import PluginError, UserError
from engine.inference.heat_map import HeatMap
from engine.plugin import ModelMetadata, TorchModel
from engine.plugin.adapters.timm_model import TimmModel
from engine.plugin.insight import Insight

SIDE, PATCH = 32, 8


class Planted(TorchModel):
    """Two classes: with the patch, and without."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="planted", author="t", framework="pytorch", task_type="classification")

    def build(self) -> nn.Module:
        return small_cnn()


def small_cnn() -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((3, 8), (8, 16)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2))


def small_transformer() -> nn.Module:
    return timm.models.VisionTransformer(
        img_size=SIDE, patch_size=4, embed_dim=24, depth=2, num_heads=2, num_classes=2
    )


def picture(rng: np.random.Generator, left: int, top: int, *, is_planted: bool) -> np.ndarray:
    pixels = rng.integers(60, 140, (SIDE, SIDE, 3)).astype(np.uint8)
    if is_planted:
        pixels[top : top + PATCH, left : left + PATCH] = (250, 20, 20)
    return pixels


def taught(network: nn.Module, tensor_input: TensorInput) -> nn.Module:
    rng = np.random.default_rng(3)
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(60):
        labels = rng.integers(0, 2, 16)
        places = rng.integers(0, (SIDE - PATCH) // 4, (16, 2)) * 4
        images = [
            picture(rng, int(x), int(y), is_planted=bool(label))
            for label, (x, y) in zip(labels, places, strict=True)
        ]
        loss = nn.functional.cross_entropy(network(tensor_input(images)), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def insight(network: nn.Module, task: str = "classification") -> Insight:
    model = Planted({"class_names": ["plain", "planted"], "image_size": SIDE})
    model.network = network
    return Insight(model, network, task, TensorInput(SIDE, framing="whole"))


def share_on_patch(heat: HeatMap, left: int, top: int) -> float:
    scale = heat.values.shape[0] / SIDE
    rows = slice(round(top * scale), round((top + PATCH) * scale))
    columns = slice(round(left * scale), round((left + PATCH) * scale))
    return float(heat.values[rows, columns].sum() / heat.values.sum())


@pytest.fixture(scope="module", params=[small_cnn, small_transformer])
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(1)
    return taught(request.param(), TensorInput(SIDE, framing="whole"))


@pytest.mark.parametrize(("left", "top"), [(0, 0), (20, 4), (12, 20)])
def test_that_the_heat_lies_on_the_patch_that_decides(network: nn.Module, left: int, top: int) -> None:
    image = picture(np.random.default_rng(9), left, top, is_planted=True)

    heat = insight(network).explain(image, None)

    assert heat.label == 1
    assert heat.area == (0, 0, SIDE, SIDE)
    assert float(heat.values.max()) == 1
    assert share_on_patch(heat, left, top) > 0.5  # on a sixteenth of the area


def test_that_the_map_of_an_averaged_layer_is_that_of_the_class_activation() -> None:
    torch.manual_seed(2)
    network = small_cnn().eval()
    tensor_input = TensorInput(SIDE, framing="whole")
    image = picture(np.random.default_rng(4), 4, 4, is_planted=True)
    with torch.no_grad():
        maps = network[:6](tensor_input([image]))[0]  # pyright: ignore[reportIndexIssue]  # a Sequential
        last: Any = network[-1]  # pyright: ignore[reportIndexIssue]
        expected = torch.einsum("c,chw->hw", last.weight[1], maps).clamp(min=0)

    heat = insight(network).explain(image, 1)

    np.testing.assert_allclose(heat.values, (expected / expected.max()).numpy(), atol=1e-5)


def test_that_a_transformer_of_timm_is_explained_by_its_patches() -> None:
    class Small(TimmModel):
        architecture = "vit_tiny_patch16_224"

        @classmethod
        def get_metadata(cls) -> ModelMetadata:
            return ModelMetadata(name="small", author="t", framework="timm", task_type="classification")

    torch.manual_seed(0)
    model = Small({"class_names": ["a", "b"], "image_size": 64, "pretrained": "off"})
    reach = 90 * 64 / 74 / 2  # half of what is left of the middle: 64 of 1.15 × 64 pixels

    heat = Insight(model, model.network, "classification", TensorInput(64)).explain(
        np.full((90, 200, 3), 120, np.uint8), 0
    )

    assert heat.values.shape == (4, 4)
    assert heat.area == pytest.approx((100 - reach, 45 - reach, 100 + reach, 45 + reach))


def test_that_of_a_segmenter_the_pixels_of_the_class_are_explained() -> None:
    class Pixels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Conv2d(3, 2, 1, bias=False)

        def forward(self, pixels: Tensor) -> Tensor:
            return self.body(pixels)

    network = Pixels()
    with torch.no_grad():
        network.body.weight.copy_(torch.tensor([[0.0, 0, 1], [1, 0, 0]]).reshape(2, 3, 1, 1))
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[..., 2] = 200
    image[4:12, 4:12] = (255, 0, 0)

    heat = insight(network.eval(), task="segmentation").explain(image, 1)

    assert heat.values[4:12, 4:12].min() == 1
    heat.values[4:12, 4:12] = 0
    assert not heat.values.any()


def test_that_a_detector_says_why_it_has_no_heat_map() -> None:
    class Boxes(nn.Module):
        def forward(self, pixels: Tensor) -> list[dict[str, Tensor]]:
            return [{"boxes": pixels.new_zeros((0, 4))} for _ in pixels]

    with pytest.raises(UserError, match="stands in its boxes") as refused:
        insight(Boxes(), task="detection").explain(np.zeros((8, 8, 3), np.uint8), None)

    assert refused.value.code == "explanation_unavailable"


def test_that_a_plugin_may_say_its_own_map() -> None:
    class Own(Planted):
        def explain(self, image: np.ndarray, label: int) -> np.ndarray:
            return np.array([[-1.0, 2.0], [4.0, float(label)]])

    model = Own({"class_names": ["plain", "planted"], "image_size": SIDE})
    made = Insight(model, model.network, "classification", TensorInput(SIDE))

    heat = made.explain(np.zeros((10, 20, 3), np.uint8), 1)

    assert made.is_own
    assert heat.values.tolist() == [[0, 0.5], [1, 0.25]]
    assert heat.area == (0, 0, 20, 10)


@pytest.mark.parametrize("given", [np.zeros(4), np.array([[np.nan]]), "a map"])
def test_that_a_map_of_a_plugin_that_is_none_is_told(given: object) -> None:
    class Own(Planted):
        def explain(self, image: np.ndarray, label: int) -> object:
            return given

    model = Own({"class_names": ["plain", "planted"], "image_size": SIDE})
    made = Insight(model, model.network, "classification", TensorInput(SIDE))

    with pytest.raises(PluginError) as refused:
        made.explain(np.zeros((10, 20, 3), np.uint8), 1)

    assert refused.value.code == "explanation_wrong"


def test_that_features_are_what_the_last_layer_reads() -> None:
    torch.manual_seed(2)
    network = small_cnn().eval()
    images = [picture(np.random.default_rng(n), 4, 4, is_planted=bool(n % 2)) for n in range(3)]
    with torch.no_grad():
        expected = network[:8](TensorInput(SIDE, framing="whole")(images))  # pyright: ignore[reportIndexIssue]

    found = insight(network).features(images)

    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5)


def test_that_features_of_a_body_are_the_mean_of_its_deepest_map() -> None:
    class Pixels(Planted):
        def build(self) -> nn.Module:
            return nn.Sequential(nn.Sequential(nn.Conv2d(3, 5, 3, stride=4)), nn.Upsample(scale_factor=4))

        def backbone(self) -> nn.Module:
            return self.network.get_submodule("0")

    model = Pixels({"class_names": ["a", "b"], "image_size": SIDE})
    tensor_input = TensorInput(SIDE, framing="whole")
    image = picture(np.random.default_rng(1), 4, 4, is_planted=True)
    with torch.no_grad():
        expected = model.network.get_submodule("0")(tensor_input([image])).mean(dim=(2, 3))

    found = Insight(model, model.network, "segmentation", tensor_input).features([image])

    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5)


def test_that_a_model_without_a_network_says_that_it_has_no_features() -> None:
    model = Planted({"class_names": ["a", "b"], "image_size": SIDE})

    with pytest.raises(UserError) as refused:
        Insight(model, None, "classification", TensorInput(SIDE)).features([np.zeros((8, 8, 3), np.uint8)])

    assert refused.value.code == "features_unavailable"
