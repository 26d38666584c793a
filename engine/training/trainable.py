"""What the one loop needs of a model: the Protocol that plugin adapters satisfy, and the loader it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from engine.data.batch import Batch, Targets
from engine.protocol.results import Problem
from engine.tasks.task import Outputs, Task

if TYPE_CHECKING:
    from engine.config.train import TrainConfig

ParamGroup = dict[str, Any]
"""As torch's optimizers take it: `params`, and settings of its own such as `lr`."""


class Trainable(Protocol):
    """A network and what is special about training it."""

    @property
    def network(self) -> nn.Module: ...

    @property
    def task(self) -> Task: ...

    @property
    def class_names(self) -> Sequence[str]: ...

    @property
    def targets_in_forward(self) -> bool:
        """Whether the network in training mode is called with images and targets, and gives its losses."""
        ...

    def backbone_parameters(self) -> Iterable[nn.Parameter]:
        """What is frozen for `freeze_epochs` and slowed by `backbone_lr_factor`; none where nobody can tell."""
        ...

    def param_groups(self, config: TrainConfig) -> list[ParamGroup]:
        """All parameters, each once; `lr` of a group is its rate at the schedule's peak."""
        ...

    def build_optimizer(self, groups: list[ParamGroup], config: TrainConfig) -> Optimizer:
        """`config.precision` is the one in use, never `auto`."""
        ...

    def build_scheduler(
        self, optimizer: Optimizer, config: TrainConfig, total_steps: int
    ) -> LRScheduler | None:
        """A schedule of the plugin's own, stepped after each optimizer step; None for the configured one."""
        ...

    def loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        """Mean loss of a batch, label smoothing included; targets are as the task's `mix` gives them."""
        ...


class TrainLoader(Protocol):
    """The training split. `engine.data.loader.Loader` is one."""

    def __len__(self) -> int:
        """Batches in an epoch."""
        ...

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        """Yield an epoch's batches from number `batch` on, the same ones each time."""
        ...

    def new_problems(self) -> list[Problem]:
        """Unreadable files, each told once."""
        ...
