"""Ultralytics' trainers leave the process as they found it, and take steps as the engine's settings say."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import torch

from engine.data.plugin_loader import PluginDataset
from engine.plugin.adapters.ultralytics_detector import UltralyticsDetectorConfig
from engine.plugin.adapters.ultralytics_networks import make_yolo
from engine.plugin.adapters.ultralytics_trainer import EngineLed, YoloTraining, make_trainer
from engine.tasks.detection.outputs import Target, example_target

SIDE = 64
CLASSES = ("a", "b")


class Noise:
    """Three batches of two images, normalised."""

    batch_size = 2
    dataset = PluginDataset(6, CLASSES)

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[tuple[torch.Tensor, list[Target]]]:
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            yield (
                torch.rand((2, 3, SIDE, SIDE), generator=generator),
                [example_target(n, SIDE) for n in (0, 1)],
            )


class Heard:
    """Notes what it is told. Implements `engine.plugin.contract.Callbacks`."""

    should_stop = False

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.epochs: list[int] = []
        self.rates: list[float] = []

    def on_step_end(self, step: int, metrics: Mapping[str, object] | None = None) -> None:
        self.steps.append(step)
        self.rates.append(float(str((metrics or {})["lr"])))

    def on_epoch_end(self, epoch: int, metrics: Mapping[str, object] | None = None) -> None:
        assert metrics is not None
        self.epochs.append(epoch)

    def on_checkpoint(self, path: str | Path) -> None:
        raise AssertionError(f"it saved {path} by itself")

    def log(self, name: str, value: float) -> None:
        raise AssertionError(f"it logged {name} = {value}")


def trainer_with(folder: Path, callbacks: Heard | None = None, **settings: object) -> EngineLed:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    flat = {
        "epochs": 2,
        "batch_size": 2,
        "image_size": SIDE,
        "precision": "fp32",
        "channels_last": "off",
        **named,
    }
    torch.manual_seed(0)
    training = YoloTraining(
        yolo=make_yolo("yolov8n", len(CLASSES)),
        config=UltralyticsDetectorConfig.from_flat(flat),
        loader=Noise(),
        callbacks=callbacks,
        device=torch.device("cpu"),
        class_names=CLASSES,
        folder=str(folder),
    )
    return make_trainer(training)


def test_that_the_process_is_left_as_it_was(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        random.seed(1)
        drawn = torch.get_rng_state(), random.getstate()
        trainer = trainer_with(tmp_path)
        torch.manual_seed(0)
        state = torch.get_rng_state()
        trainer.train()
        assert torch.get_num_threads() == 3
        assert torch.equal(torch.get_rng_state(), state)
        assert random.getstate() == drawn[1]
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("accumulate", "steps"), [(1, 6), (2, 4), (9, 2)])
def test_that_every_epoch_ends_with_a_step(accumulate: int, steps: int, tmp_path: Path) -> None:
    heard = Heard()
    trainer_with(tmp_path, heard, accumulate_steps=accumulate).train()
    assert heard.steps == list(range(1, steps + 1))
    assert heard.epochs == [0, 1]


def test_that_the_rate_follows_the_configured_schedule(tmp_path: Path) -> None:
    heard = Heard()
    trainer_with(
        tmp_path, heard, scheduler__type="step", scheduler__step_size=1, scheduler__gamma=0.5
    ).train()
    # The rate of the step that comes next.
    assert heard.rates == pytest.approx([1e-3, 1e-3, 5e-4, 5e-4, 5e-4, 2.5e-4])


def test_that_a_frozen_backbone_stays_as_it_is_and_then_learns(tmp_path: Path) -> None:
    trainer = trainer_with(tmp_path, epochs=1, freeze_epochs=1)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    trainer.train()
    after = trainer.model.state_dict()
    assert torch.equal(after["model.0.conv.weight"], before["model.0.conv.weight"])
    assert torch.equal(after["model.0.bn.running_mean"], before["model.0.bn.running_mean"])
    assert not torch.equal(after["model.22.cv2.0.2.weight"], before["model.22.cv2.0.2.weight"])


@pytest.mark.parametrize(("optimizer", "kind"), [("adamw", "AdamW"), ("sgd", "SGD"), ("rmsprop", "RMSprop")])
def test_that_the_configured_optimizer_is_used(optimizer: str, kind: str, tmp_path: Path) -> None:
    trainer = trainer_with(tmp_path, epochs=1, optimizer__type=optimizer, optimizer__weight_decay=0.125)
    trainer.train()
    assert type(trainer.optimizer).__name__ == kind
    decays = {group["weight_decay"] for group in trainer.optimizer.param_groups}
    assert decays == {0.125, 0.0}  # not of norms and biases


def test_that_lack_of_memory_is_told_instead_of_halving_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_with(tmp_path)

    def refuse(batch: object) -> object:
        raise RuntimeError("CUDA out of memory (made up)")

    monkeypatch.setattr(trainer, "preprocess_batch", refuse)
    with pytest.raises(RuntimeError, match="made up"):
        trainer.train()
