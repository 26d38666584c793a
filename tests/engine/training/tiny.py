"""A training small enough for many of them in one test: 4x4 pixels, a network with dropout and batch norm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.schedule import Extension
from engine.config.train import TrainConfig
from engine.data.batch import Batch
from engine.data.streams import epoch_order
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.events import Event, parse_event
from engine.protocol.results import Problem
from engine.protocol.run_folder import RunFolder
from engine.tasks.registry import task_named
from engine.training.job import Outcome, TrainingJob, ValidationOutcome
from engine.training.optimizers import default_optimizer, default_param_groups
from engine.training.trainable import ParamGroup
from engine.training.trainer import Trainer

CLASSES = ("circle", "square", "star")
SIDE = 4
IMAGES = 22


class TinyTrainable:
    """Implements `engine.training.trainable.Trainable`.

    Args:
        before_loss: called before each loss with its number, counted from 1; may raise, as a crash would.
    """

    task = task_named("classification")
    class_names: Sequence[str] = CLASSES
    targets_in_forward = False

    def __init__(self, before_loss: Callable[[int], None] = lambda _number: None) -> None:
        torch.manual_seed(5)
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.network = nn.Sequential(
            self.backbone, nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * SIDE * SIDE, len(CLASSES))
        )
        self._before_loss = before_loss
        self._losses = 0
        self.smoothing = 0.0

    def backbone_parameters(self) -> Iterable[nn.Parameter]:
        return self.backbone.parameters()

    def param_groups(self, config: TrainConfig) -> list[ParamGroup]:
        return default_param_groups(self.network, self.backbone_parameters(), config)

    def build_optimizer(self, groups: list[ParamGroup], config: TrainConfig) -> Optimizer:
        return default_optimizer(groups, config)

    def build_scheduler(
        self, optimizer: Optimizer, config: TrainConfig, total_steps: int
    ) -> LRScheduler | None:
        return None

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        self._losses += 1
        self._before_loss(self._losses)
        return self.task.loss(outputs, targets, self.smoothing)


class TinyLoader:
    """Implements `engine.training.trainable.TrainLoader`: the same images each time, shuffled by epoch."""

    def __init__(self, batch_size: int = 4, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(1)
        self.images = torch.randint(0, 256, (IMAGES, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
        self.targets = torch.arange(IMAGES) % len(CLASSES)
        self._batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        return -(-IMAGES // self._batch_size)

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        order = torch.from_numpy(epoch_order(self._seed, epoch, IMAGES))
        for number in range(batch, len(self)):
            chosen = order[number * self._batch_size : (number + 1) * self._batch_size]
            yield Batch(self.images[chosen], self.targets[chosen], chosen)

    def new_problems(self) -> list[Problem]:
        return []


class TinyRun:
    """One run folder, with as many attempts as are made."""

    def __init__(self, path: Path, **flat: object) -> None:
        self.folder = RunFolder(path)
        settings: dict[str, object] = {
            "epochs": 3,
            "batch_size": 4,
            "precision": "fp32",
            "channels_last": "off",
            "optimizer.lr": 0.01,
        }
        self.flat = {**settings, **{name.replace("__", "."): value for name, value in flat.items()}}
        self.attempt = 0
        self.has_validation = True
        self.validated: list[tuple[int, int]] = []
        self.scores: list[float] = []
        """What validations find for the accuracy, in turn; the rest finds 0.5."""

    @property
    def config(self) -> TrainConfig:
        return TrainConfig.from_flat(self.flat)

    def train(
        self,
        trainable: TinyTrainable | None = None,
        resume: str | None = None,
        extension: Extension | None = None,
    ) -> Outcome:
        """Make the next attempt and train it to its end."""
        self.attempt += 1
        torch.set_num_threads(1)
        config = self.config
        trainable = trainable or TinyTrainable()
        trainable.smoothing = config.label_smoothing
        reporter = Reporter(self.folder.attempt(self.attempt))
        job = TrainingJob(
            trainable=trainable,
            config=config,
            train_loader=TinyLoader(config.batch_size, config.seed),
            folder=self.folder,
            reporter=reporter,
            control=Control(self.folder, self.attempt, reporter),
            meta=self.meta(),
            validate=self.validate if self.has_validation else None,
            resume_from=self.folder.checkpoints / resume if resume is not None else None,
            extension=extension,
        )
        try:
            return Trainer(job).run()
        finally:
            reporter.close()

    def validate(self, network: nn.Module, epoch: int, step: int) -> ValidationOutcome:
        """Draw random numbers, as careless code would, and give the next of the scores."""
        torch.rand(3)
        self.validated.append((epoch, step))
        number = len(self.validated) - 1
        score = self.scores[number] if number < len(self.scores) else 0.5
        return ValidationOutcome({"accuracy": score, "loss": 1 - score})

    def meta(self) -> CheckpointMeta:
        return CheckpointMeta(
            kind="last",
            run="tiny",
            attempt=self.attempt,
            epoch=0,
            step=0,
            plugin="tiny",
            plugin_hash="0",
            config_hash="0",
            class_names=CLASSES,
            input_size=(3, SIDE, SIDE),
        )

    def events(self, attempt: int | None = None) -> list[Event]:
        path = self.folder.attempt(attempt or self.attempt).events_path
        return [event for line in path.read_bytes().splitlines() if (event := parse_event(line)) is not None]
