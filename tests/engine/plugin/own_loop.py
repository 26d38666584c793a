"""Plugins with loops of their own, small enough for many trainings in one test, and the runs that train them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.schema import ConfigSchema
from engine.config.train import RunConfig
from engine.data.batch import Batch
from engine.data.loader import Loader
from engine.data.streams import epoch_order
from engine.device.randomness import seed_everything
from engine.plugin.contract import BaseModel
from engine.plugin.full_control import PluginTraining, train_plugin
from engine.protocol.catalog import ModelMetadata
from engine.protocol.checkpoint import PLUGIN_CHECKPOINT, CheckpointMeta, list_checkpoints
from engine.protocol.commands import CommandKind, write_command
from engine.protocol.events import Event, MetricsLogged, Notice, parse_event
from engine.protocol.job import Placement
from engine.protocol.results import Problem
from engine.protocol.run_folder import RunFolder
from engine.tasks.registry import task_named
from engine.training.job import Outcome, ValidationOutcome

CLASSES = ("dark", "light")
SIDE, IMAGES, BATCH = 4, 12, 4
STEPS = IMAGES // BATCH
"""Batches in an epoch."""

Some = TypeVar("Some", bound=Event)


class FewImages:
    """What the driver asks of a `Loader`: the same noise each time, shuffled by epoch where it is for training."""

    def __init__(self, train: bool) -> None:
        generator = torch.Generator().manual_seed(1)
        self._pixels = torch.randint(0, 256, (IMAGES, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
        self._train = train
        self.images = IMAGES
        self.settings = SimpleNamespace(batch_size=BATCH)
        self.started: list[int] = []

    def __len__(self) -> int:
        return STEPS

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        self.started.append(epoch)
        order = torch.from_numpy(epoch_order(0, epoch, IMAGES) if self._train else np.arange(IMAGES))
        for chosen in order.split(BATCH)[batch:]:
            yield Batch(self._pixels[chosen], chosen % len(CLASSES), chosen)

    def new_problems(self) -> list[Problem]:
        return []


class OwnLoop(BaseModel):
    """The nine methods and a usual loop; tests override what shall be unusual."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="own-loop", framework="pytorch", task_type="classification")

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        return ConfigSchema(fields=[])

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.model = nn.Sequential(nn.Flatten(), nn.Dropout(0.4), nn.Linear(3 * SIDE * SIDE, len(CLASSES)))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.05, momentum=0.9)
        self.validations = 0

    def epochs(self) -> range:
        return range(self.config["epochs"])

    def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> None:
        for epoch in self.epochs():
            loss = self.train_epoch(epoch, train_loader, callbacks)
            self.report(callbacks, epoch, {"loss": loss})

    def train_epoch(self, epoch: int, train_loader: Any, callbacks: Any) -> float:
        self.model.train()
        loss = torch.zeros(())
        for number, (images, labels) in enumerate(train_loader):
            loss = nn.functional.cross_entropy(self.model(images), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.after_step(epoch, number, callbacks)
        return float(loss.detach())

    def after_step(self, epoch: int, batch: int, callbacks: Any) -> None:
        """For tests."""

    def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
        callbacks.on_epoch_end(epoch, metrics)

    def validate(self, val_loader: Any) -> dict[str, Any]:
        self.model.eval()
        self.validations += 1
        torch.rand(3)  # as careless code would
        return {"accuracy": 0.5}

    def infer(self, image_or_batch: Any) -> Tensor:
        return self.model(image_or_batch)

    def save_checkpoint(self, path: str, epoch: int, metrics: dict[str, float]) -> None:
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}, path)

    def load_checkpoint(self, path: str) -> None:
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])

    def export(self, path: str, format: str, **kwargs: Any) -> None:
        raise NotImplementedError(format)


class OwnRun:
    """One run folder, with as many attempts as are made."""

    def __init__(self, path: Path, **flat: object) -> None:
        self.folder = RunFolder(path)
        settings: dict[str, object] = {"epochs": 3, "batch_size": BATCH, "image_size": 16, "seed": 3}
        self.flat = settings | {name.replace("__", "."): value for name, value in flat.items()}
        self.attempt = 0
        self.train_images = FewImages(train=True)
        self.model: OwnLoop
        self.by_infer: Callable[[BaseModel, int, int], ValidationOutcome | None] | None = None
        """What measures the plugin by its `infer`."""
        self.folder.plugin.mkdir(parents=True)

    def write_source(self, text: str) -> None:
        """Write what the engine reads as the plugin's source."""
        (self.folder.plugin / "model.py").write_text(text, encoding="utf-8")

    def train(self, plugin: type[OwnLoop] = OwnLoop, resume: str | None = None) -> Outcome:
        """Make the next attempt and train it to its end."""
        self.attempt += 1
        config = RunConfig.from_flat(self.flat)
        reporter = Reporter(self.folder.attempt(self.attempt))

        def build(values: dict[str, Any]) -> BaseModel:
            seed_everything(config.seed)
            self.model = plugin(values)
            return self.model

        training = PluginTraining(
            build=build,
            config=self.flat,
            run_config=config,
            task=task_named("classification"),
            train_loader=cast("Loader", self.train_images),
            val_loader=cast("Loader", FewImages(train=False)),
            folder=self.folder,
            reporter=reporter,
            control=Control(self.folder, self.attempt, reporter),
            meta=self._meta(),
            validate=self.by_infer,
            resume_from=self.folder.checkpoints / resume if resume is not None else None,
            placement=Placement(threads=1),
        )
        try:
            return train_plugin(training)
        finally:
            reporter.close()

    def order(self, kind: CommandKind) -> None:
        """Order something of the attempt that runs."""
        write_command(self.folder.commands, kind, self.attempt)

    def said(self, kind: type[Some]) -> list[Some]:
        """The newest attempt's events of one kind."""
        lines = self.folder.attempt(self.attempt).events_path.read_bytes().splitlines()
        return [event for line in lines if isinstance(event := parse_event(line), kind)]

    def values(self, scope: str) -> list[tuple[int, Mapping[str, float]]]:
        """Epoch and values of the metrics with a scope."""
        return [(event.epoch, event.values) for event in self.said(MetricsLogged) if event.scope == scope]

    def notices(self) -> dict[str, str]:
        """The message of each code."""
        return {notice.code: notice.message for notice in self.said(Notice)}

    def checkpoints(self) -> dict[str, int]:
        """Names and finished epochs."""
        return {name: meta.epoch for name, meta in list_checkpoints(self.folder.checkpoints)}

    def saved_weights(self, name: str = "last") -> dict[str, Tensor]:
        return torch.load(self.folder.checkpoints / name / PLUGIN_CHECKPOINT, weights_only=True)["model"]

    def _meta(self) -> CheckpointMeta:
        return CheckpointMeta(
            kind="last",
            run="own",
            attempt=self.attempt,
            epoch=0,
            step=0,
            plugin="own",
            plugin_hash="0",
            config_hash="0",
            class_names=CLASSES,
            input_size=(3, SIDE, SIDE),
        )


def acting(run: OwnRun, act: Callable[[Any], object], at_epoch: int = 1, at_batch: int = 0) -> type[OwnLoop]:
    """A plugin in which something happens after a step; it gets the callbacks."""

    class Acting(OwnLoop):
        def after_step(self, epoch: int, batch: int, callbacks: Any) -> None:
            if (epoch, batch) == (at_epoch, at_batch) and run.attempt == 1:
                act(callbacks)

    return Acting
