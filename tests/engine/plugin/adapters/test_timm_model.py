from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import timm
import torch
from huggingface_hub import constants
from sklearn.datasets import load_sample_image
from torch import nn

from engine.config.validation import resolve_config
from engine.errors import PluginError, UserError
from engine.plugin import ClassScores, ConfigField, ConfigSchema, ModelMetadata, TimmModel, TimmModelAdapter
from engine.plugin.adapters import bundled_weights as bundled
from tests.engine.plugin.adapters.small_models import SmallTimm, flat

LITE = "tf_efficientnet_lite0"
PALACE, DAISY = 698, 985
"""Of the 1000 classes of ImageNet, counted from 0."""


@pytest.fixture(autouse=True)
def one_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the hub's name away, as on a machine without a network; nothing else says so."""

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("urllib.request.getproxies", dict)


def off(architecture: str, **changes: object) -> SmallTimm:
    return SmallTimm(flat(architecture=architecture, pretrained="off", **{"image_size": 32, **changes}))


def spread_of_head(model: TimmModel) -> float:
    return float(model.network.get_parameter("classifier.weight").detach().std())


def first_loss(model: TimmModel) -> float:
    """Give the loss of noise before any step, in training mode."""
    images = torch.randn(16, 3, 64, 64)
    with torch.no_grad():
        return float(model.loss(model.network.train()(images), torch.arange(16) % 3))


# ---- the bundled weights


@pytest.mark.parametrize(("picture", "label"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_that_the_bundled_weights_know_imagenet(picture: str, label: int) -> None:
    """Two pictures that everybody has; one layer in the wrong place is enough to lose the palace."""
    model = SmallTimm(flat(num_classes=1000, class_names=[str(n) for n in range(1000)], image_size=224))

    (answer,) = model.infer(load_sample_image(picture))

    assert isinstance(answer, ClassScores)
    assert answer.best == label
    assert model.normalisation() == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_that_the_default_starts_from_the_bundled_weights_without_a_network(without_network: None) -> None:
    model = SmallTimm(flat(image_size=32))

    weights = bundled.bundled_file(LITE)
    assert weights is not None
    first = next(iter(torch.load(weights, weights_only=True).values()))
    assert model.architecture_name == LITE
    assert torch.equal(next(model.network.parameters()), first)
    assert model.notes == []


def test_that_a_fresh_classifier_on_trained_weights_begins_at_the_loss_of_guessing() -> None:
    assert first_loss(SmallTimm(flat(image_size=32))) == pytest.approx(np.log(3), abs=0.15)


def test_that_a_classifier_that_came_with_the_weights_is_kept(tmp_path: Path) -> None:
    trained = off("mobilenetv3_small_050")
    trained.save_checkpoint(str(tmp_path / "w.pt"), 1, {})

    settings = flat(architecture="mobilenetv3_small_050", pretrained="file", image_size=32)
    again = SmallTimm(settings | {"pretrained_path": str(tmp_path / "w.pt")})

    for name, tensor in again.network.state_dict().items():
        assert torch.equal(tensor, trained.network.state_dict()[name]), name
    assert again.notes == []


def test_that_a_file_for_other_classes_gives_its_backbone_and_a_small_fresh_head(tmp_path: Path) -> None:
    trained = off("mobilenetv3_small_050", num_classes=7, class_names=list("abcdefg"))
    trained.save_checkpoint(str(tmp_path / "w.safetensors"), 1, {})

    settings = flat(architecture="mobilenetv3_small_050", pretrained="file", image_size=32)
    model = SmallTimm(settings | {"pretrained_path": str(tmp_path / "w.safetensors")})

    assert torch.equal(next(model.network.parameters()), next(trained.network.parameters()))
    assert spread_of_head(model) == pytest.approx(0.01, rel=0.1)
    assert "classifier.weight, classifier.bias" in model.notes[0]


def test_that_a_file_of_another_architecture_is_refused(tmp_path: Path) -> None:
    off("resnet10t").save_checkpoint(str(tmp_path / "w.pt"), 1, {})

    with pytest.raises(UserError, match="belongs to another model"):
        SmallTimm(flat(pretrained="file", pretrained_path=str(tmp_path / "w.pt"), image_size=32))


def test_that_weights_of_an_unexpected_shape_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "w.pth")
    monkeypatch.setattr(bundled, "bundled_file", lambda _: tmp_path / "w.pth")

    with pytest.raises(PluginError, match="do not fit") as caught:
        bundled.bundled_weights(LITE, {"a": torch.zeros(3)})
    assert caught.value.code == "weights_differ"


def test_that_without_the_package_of_weights_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bundled.PACKAGES, LITE, "no-such-package-anywhere")

    assert bundled.bundled_file(LITE) is None
    with pytest.raises(PluginError, match="no bundled weights"):
        bundled.bundled_weights(LITE, {})


# ---- the hub


def test_that_without_a_network_the_hub_is_refused_at_once_with_a_remedy(without_network: None) -> None:
    started = time.monotonic()

    with pytest.raises(PluginError, match="could not be fetched") as caught:
        SmallTimm(flat(architecture="resnet18", pretrained="hub", image_size=32))
    # The hub's client by itself goes on trying for 48 seconds.
    assert time.monotonic() - started < 10
    assert caught.value.code == "weights_unreachable"
    assert "pretrained to file or off" in caught.value.hint


def test_that_without_a_network_auto_starts_from_chance_and_says_so(without_network: None) -> None:
    model = SmallTimm(flat(architecture="resnet18", pretrained="auto", image_size=32))

    (note,) = model.notes
    assert "resnet18 could not be fetched" in note
    assert "starts from chance" in note


def test_that_the_hubs_client_is_left_as_it_was(without_network: None) -> None:
    SmallTimm(flat(architecture="resnet18", image_size=32))

    assert constants.HF_HUB_OFFLINE is False


def test_that_weights_from_the_hub_get_a_small_fresh_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is stood in for by timm's own network from chance: what is tested is our head on it."""
    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda *a, **k: create(*a, **(k | {"pretrained": False})))
    model = SmallTimm(flat(architecture="efficientnet_b0", pretrained="hub", image_size=32))

    assert spread_of_head(model) == pytest.approx(0.01, rel=0.1)


def test_that_an_architecture_nobody_has_trained_starts_from_chance_and_says_so() -> None:
    untrained = next(
        name
        for name in timm.list_models("resnet*")
        if (known := timm.get_pretrained_cfg(name)) is not None and not known.has_weights
    )

    (note,) = SmallTimm(flat(architecture=untrained, image_size=64)).notes

    assert note == f"There are no pretrained weights for {untrained}: it starts from chance."


# ---- architectures and sizes


@pytest.mark.parametrize(
    ("architecture", "size"),
    [("resnet10t", 40), ("test_vit", 64), ("test_efficientnet", 33), ("deit_tiny_distilled_patch16_224", 48)],
)
def test_that_networks_of_any_kind_take_the_images_of_the_run(architecture: str, size: int) -> None:
    model = off(architecture, image_size=size)

    (answer,) = model.infer(np.zeros((50, 70, 3), dtype=np.uint8))

    assert isinstance(answer, ClassScores)
    assert answer.probs.shape == (3,)
    assert float(answer.probs.sum()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("architecture", ["resnet10t", "test_vit", "deit_tiny_distilled_patch16_224"])
def test_that_all_but_the_classifier_is_the_backbone(architecture: str) -> None:
    model = off(architecture)
    behind = {id(parameter) for parameter in model.backbone_parameters()}

    heads = {name for name, parameter in model.network.named_parameters() if id(parameter) not in behind}

    assert heads <= {"fc.weight", "fc.bias", "head.weight", "head.bias", "head_dist.weight", "head_dist.bias"}
    assert len(heads) == (4 if "distilled" in architecture else 2)


def test_that_a_size_that_the_network_cannot_take_is_told_with_the_one_it_was_made_for() -> None:
    with pytest.raises(PluginError, match="cannot work with images of 100 px") as caught:
        off("bat_resnext26ts", image_size=100)
    assert caught.value.code == "image_size_unfit"
    assert "image_size 256" in caught.value.hint


def test_that_a_network_that_does_not_classify_is_refused() -> None:
    class Encoder(SmallTimm):
        @property
        def num_classes(self) -> int:
            return 0

        @num_classes.setter
        def num_classes(self, value: int) -> None:
            del value

    with pytest.raises(PluginError, match="is no classifier") as caught:
        Encoder(flat(architecture="resnet10t", pretrained="off", image_size=32))
    assert caught.value.code == "architecture_no_classifier"


def test_that_asking_the_network_once_changes_nothing_in_it() -> None:
    torch.manual_seed(4)
    plain = timm.create_model("resnet10t", num_classes=3)
    torch.manual_seed(4)

    model = off("resnet10t")

    assert model.network.training
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, plain.state_dict()[name]), name


def test_that_a_misspelt_architecture_gets_the_nearest_one() -> None:
    with pytest.raises(PluginError, match=r"'resnet18s'\. Did you mean 'resnet18'\?"):
        off("resnet18s")


def test_that_dropout_is_set_and_zero_means_none() -> None:
    assert off("efficientnet_b0", drop_rate=0.3).network.drop_rate == 0.3
    assert off("efficientnet_b0", drop_rate=0.0).network.drop_rate == 0.0


# ---- the schema, and the names of old


def test_that_the_architecture_is_a_select_of_all_that_timm_has() -> None:
    field = SmallTimm.get_config_schema().field("architecture")

    assert field is not None
    assert (field.type, field.default, field.options) == ("select", LITE, timm.list_models())
    with pytest.raises(UserError, match="resnet18"):
        resolve_config(SmallTimm.get_config_schema(), {"architecture": "resnet18s"}, None)


def test_that_a_plugin_about_one_architecture_has_no_such_setting() -> None:
    class One(SmallTimm):
        architecture: ClassVar[str | None] = "resnet10t"

    assert One.get_config_schema().field("architecture") is None
    assert (
        One(flat(pretrained="off", architecture="resnet18", image_size=32)).architecture_name == "resnet10t"
    )


@pytest.mark.parametrize(("pretrained", "first"), [(True, True), (False, False)])
def test_that_an_adapter_with_its_own_fields_works_as_in_the_plan(pretrained: bool, first: bool) -> None:
    class MyTimmModel(TimmModelAdapter):
        @classmethod
        def get_metadata(cls) -> ModelMetadata:
            return SmallTimm.get_metadata()

        @classmethod
        def get_config_schema(cls) -> ConfigSchema:
            return ConfigSchema(
                fields=[
                    ConfigField(name="model_name", type="select", default=LITE, options=[LITE, "resnet10t"]),
                    ConfigField(name="pretrained", type="bool", default=pretrained),
                ]
            )

    config = flat(image_size=32) | resolve_config(MyTimmModel.get_config_schema(), {}, None)
    model = MyTimmModel(config)

    weights = bundled.bundled_file(LITE)
    assert weights is not None
    bundled_first = next(iter(torch.load(weights, weights_only=True).values()))
    assert model.architecture_name == LITE
    assert torch.equal(next(model.network.parameters()), bundled_first) is first
    assert isinstance(model.network, nn.Module)
