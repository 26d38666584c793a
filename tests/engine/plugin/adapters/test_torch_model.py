from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
import torch
from pydantic import Field
from sklearn.metrics import accuracy_score, log_loss
from torch import Tensor, nn
from torchvision.transforms.functional import normalize

from engine.config.validation import resolve_config
from engine.data.preprocessing import prepare_image
from engine.errors import PluginError, UserError
from engine.plugin import (
    TRAIN_PRESETS,
    ModelMetadata,
    Setting,
    TrainConfig,
    TrainingStopped,
)
from tests.engine.plugin.adapters.small_models import (
    CLASSES,
    SIDE,
    Batches,
    Listener,
    Small,
    flat,
    picture,
    probabilities,
    trainable_weights,
)


@pytest.fixture(autouse=True)
def one_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


# ---- the constructor and the schema


def test_that_a_model_knows_what_its_configuration_says() -> None:
    model = Small(flat())

    assert (model.num_classes, model.class_names, model.image_size) == (3, CLASSES, SIDE)
    assert model.settings.optimizer.lr == 0.02
    model.config["optimizer.lr"] = 0.03
    assert model.settings.optimizer.lr == 0.03, "what was read once is read again when it changes"


def test_that_a_build_without_a_network_is_told_with_its_class() -> None:
    class Forgetful(Small):
        def build(self) -> nn.Module:
            return None  # pyright: ignore[reportReturnType]  # the mistake that is tested

    with pytest.raises(PluginError, match=r"`build` of Forgetful gives NoneType") as caught:
        Forgetful(flat())
    assert caught.value.code == "build_gave_no_network"


def test_that_settings_of_ones_own_stand_beside_those_of_the_training() -> None:
    class WideConfig(TrainConfig):
        """Settings with a width."""

        width: Annotated[int, Field(ge=1, le=64), Setting(label="Width", help="Channels.")] = 8

    class Wide(Small):
        Config: ClassVar[type[TrainConfig]] = WideConfig
        presets = TRAIN_PRESETS | {"easy": {"width": 4, "epochs": 2}}

    schema = Wide.get_config_schema()

    assert set(Small.get_config_schema().names()) < set(schema.names())
    assert resolve_config(schema, {}, "easy")["width"] == 4
    assert resolve_config(schema, {}, "medium")["width"] == 8
    with pytest.raises(UserError, match="width"):
        resolve_config(schema, {"width": 65}, None)


def test_that_metadata_recommend_the_batch_size_and_bound_the_image_size() -> None:
    class Picky(Small):
        @classmethod
        def get_metadata(cls) -> ModelMetadata:
            sizes = [64, 96, 128]
            return ModelMetadata(
                name="p", task_type="classification", recommended_batch_size=7, supported_image_sizes=sizes
            )

    config = resolve_config(Picky.get_config_schema(), {}, None)

    assert (config["batch_size"], config["image_size"]) == (7, 64)
    with pytest.raises(UserError, match="image_size"):
        resolve_config(Picky.get_config_schema(), {"image_size": 224}, None)


@pytest.mark.parametrize("preset", ["easy", "medium", "advanced"])
def test_that_every_preset_of_every_adapter_is_a_valid_configuration(preset: str) -> None:
    TrainConfig.from_flat(resolve_config(Small.get_config_schema(), {}, preset))


# ---- parameter groups


def test_that_the_backbone_is_slowed_and_each_parameter_is_in_one_group() -> None:
    model = Small(flat(backbone_lr_factor=0.1))

    groups = model.param_groups(model.settings)

    rates = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(list(model.network.parameters()))
    assert {round(rates[id(parameter)], 9) for parameter in model.features.parameters()} == {0.002}
    assert {rates[id(parameter)] for parameter in model.network[-1].parameters()} == {0.02}  # pyright: ignore[reportIndexIssue]  # a Sequential


# ---- train


def test_that_train_learns_and_tells_every_step_and_epoch() -> None:
    model, listener = Small(flat(epochs=8)), Listener()

    model.train(Batches(), Batches(), listener)

    assert listener.steps == list(range(1, 33))
    assert [epoch for epoch, _ in listener.epochs] == list(range(8))
    assert listener.epochs[-1][1]["loss"] < 0.5 * listener.epochs[0][1]["loss"]
    assert listener.epochs[-1][1]["val_accuracy"] == 1.0


def test_that_train_does_what_a_loop_written_by_hand_does() -> None:
    model = Small(flat(epochs=2, optimizer__type="sgd", optimizer__momentum=0.0, scheduler__type="constant"))
    torch.manual_seed(0)
    twin = Small(flat()).network
    twin.load_state_dict(model.network.state_dict())
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.02)
    for _ in range(2):
        for images, labels in Batches():
            optimizer.zero_grad()
            nn.functional.cross_entropy(twin(images), labels).backward()
            optimizer.step()

    model.train(Batches())

    for mine, theirs in zip(model.network.state_dict().values(), twin.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_that_train_clips_the_gradient() -> None:
    changes: dict[str, Any] = {
        "epochs": 1, "optimizer__type": "sgd", "optimizer__momentum": 0.0, "scheduler__type": "constant",
    }  # fmt: skip
    model = Small(flat(clip_norm=1e-6, **changes))
    before = trainable_weights(model)

    model.train(Batches())

    assert 0 < float((trainable_weights(model) - before).norm()) <= 4 * 0.02 * 1e-6 * 1.01


@pytest.mark.parametrize("start", [0, 2])
def test_that_the_rate_of_an_epoch_does_not_depend_on_where_train_begins(start: int) -> None:
    rates: list[float] = []

    class Watched(Small):
        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            rates.append(self.optimizer.param_groups[0]["lr"])
            return super().loss(outputs, targets)

        def build_optimizer(self, groups: Any, config: TrainConfig) -> torch.optim.Optimizer:
            self.optimizer = super().build_optimizer(groups, config)
            return self.optimizer

    Watched(flat(epochs=3, start_epoch=start)).train(Batches())

    # Half a cosine from the peak over 12 steps.
    whole = [1e-6 + (0.02 - 1e-6) * (1 + np.cos(np.pi * step / 12)) / 2 for step in range(12)]
    assert rates == pytest.approx(whole[4 * start :], rel=1e-3)


def test_that_train_ends_when_the_callbacks_say_so() -> None:
    listener = Listener(stop_after=2)

    Small(flat(epochs=9)).train(Batches(), None, listener)

    assert len(listener.epochs) == 2


def test_that_a_stop_in_the_midst_of_an_epoch_is_let_through() -> None:
    class Impatient(Listener):
        def on_step_end(self, step: int, metrics: object = None) -> None:
            super().on_step_end(step, metrics)
            if step == 3:
                raise TrainingStopped

    listener = Impatient()
    with pytest.raises(TrainingStopped):
        Small(flat()).train(Batches(), None, listener)
    assert listener.steps == [1, 2, 3]


def test_that_a_plateau_lowers_the_rate_by_what_validate_measures() -> None:
    rates: list[float] = []

    class Stuck(Small):
        def validate(self, val_loader: Any) -> dict[str, float]:
            rates.append(self.optimizer.param_groups[0]["lr"])
            return {"accuracy": 0.5}

        def build_optimizer(self, groups: Any, config: TrainConfig) -> torch.optim.Optimizer:
            self.optimizer = super().build_optimizer(groups, config)
            return self.optimizer

    changes: dict[str, Any] = {"scheduler__type": "plateau", "scheduler__patience": 0}
    Stuck(flat(epochs=4, **changes)).train(Batches(), Batches())

    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.5 * rates[0]


def test_that_a_schedule_of_ones_own_decides_alone() -> None:
    class Own(Small):
        def build_optimizer(self, groups: Any, config: TrainConfig) -> torch.optim.Optimizer:
            self.optimizer = torch.optim.SGD(groups, lr=config.optimizer.lr)
            return self.optimizer

        def build_scheduler(self, optimizer: Any, config: Any, total_steps: int) -> Any:
            assert total_steps == 12
            return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)

    model = Own(flat())
    model.train(Batches())

    assert model.optimizer.param_groups[0]["lr"] == pytest.approx(0.02 * 0.5**12)


# ---- validate and infer


def test_that_validate_agrees_with_scikit_learn() -> None:
    model, batches = Small(flat(label_smoothing=0.0)), Batches(count=3)
    with torch.no_grad():
        probabilities = torch.softmax(model.network.eval()(batches.images).double(), dim=1).numpy()

    metrics = model.validate(batches)

    assert metrics["accuracy"] == pytest.approx(accuracy_score(batches.labels, probabilities.argmax(1)))
    assert metrics["loss"] == pytest.approx(log_loss(batches.labels, probabilities), rel=1e-5)


def test_that_the_loss_counts_images_not_batches() -> None:
    class Uneven(Batches):
        def __iter__(self) -> Any:
            yield self.images[:20], self.labels[:20]
            yield self.images[20:], self.labels[20:]

    model = Small(flat())

    assert model.validate(Uneven())["loss"] == pytest.approx(model.validate(Batches())["loss"], rel=1e-5)


def test_that_infer_sees_an_image_as_validation_does() -> None:
    model = Small(flat())
    image = picture(40, 25)
    pixels = torch.from_numpy(prepare_image(image, SIDE)).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        outputs = model.network.eval()(normalize(pixels, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))

    answered = probabilities(model, image)

    np.testing.assert_allclose(answered, torch.softmax(outputs, 1).numpy(), atol=1e-5)


def test_that_infer_takes_one_image_a_list_and_an_array_of_them() -> None:
    model = Small(flat())
    images = [picture(20, 20, seed) for seed in range(40)]

    listed = probabilities(model, images)

    assert listed.shape == (40, 3)
    one_by_one = np.concatenate([probabilities(model, image) for image in images])
    for answers in (probabilities(model, np.stack(images)), one_by_one):
        np.testing.assert_allclose(answers, listed, atol=1e-5)


def test_that_infer_of_nothing_is_nothing() -> None:
    assert Small(flat()).infer([]) == []


def test_that_decode_can_be_ones_own() -> None:
    class Flat(Small):
        def decode(self, outputs: Tensor) -> Any:
            return super().decode(outputs * 0)

    np.testing.assert_allclose(probabilities(Flat(flat()), picture(20, 20)), [[1 / 3] * 3])


def test_that_mean_and_deviation_are_the_users_else_the_models() -> None:
    class Half(Small):
        input_mean = (0.5, 0.5, 0.5)
        input_std = (0.25, 0.25, 0.25)

    assert Half(flat()).normalisation() == ((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    own = Half(flat(preprocessing__mean="0.1, 0.2, 0.3"))
    assert own.normalisation() == (pytest.approx((0.1, 0.2, 0.3)), (0.25, 0.25, 0.25))
    assert Half(flat(preprocessing__normalize=False)).normalisation() == ((0, 0, 0), (1, 1, 1))
