"""The contract between a model plugin and the engine: the nine methods, and the object that a plugin reports to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

from engine.config.schema import ConfigSchema
from engine.protocol.catalog import ModelMetadata

REQUIRED_METHODS = (
    "get_metadata",
    "get_config_schema",
    "__init__",
    "train",
    "validate",
    "infer",
    "save_checkpoint",
    "load_checkpoint",
    "export",
)
"""The nine methods, in the order in which the contract names them."""


class TrainingStopped(BaseException):
    """The engine ends the training at the user's wish; let it pass through `train`.

    Not an `Exception`, so that a plugin's `except Exception` does not swallow it.
    """

    def __init__(self, reason: str = "stop") -> None:
        super().__init__(reason)
        self.reason = reason


class Callbacks(Protocol):
    """What `train` gets as `callbacks`: one object."""

    def on_step_end(self, step: int, metrics: Mapping[str, object] | None = None) -> None:
        """Report one optimizer step. Raises TrainingStopped when the user ended the run."""
        ...

    def on_epoch_end(self, epoch: int, metrics: Mapping[str, object] | None = None) -> None:
        """Report one epoch, counted from 0 or from 1: the engine saves, validates when due, and logs.

        Metric names without a split are taken for training (`loss`), `val_accuracy` for validation.
        Raises TrainingStopped, after saving, when the run shall end here.
        """
        ...

    def on_checkpoint(self, path: str | Path) -> None:
        """Tell of a file that the plugin saved by itself."""
        ...

    def log(self, name: str, value: float) -> None:
        """Report one value at the current step."""
        ...

    @property
    def should_stop(self) -> bool:
        """Whether the user asked the run to end."""
        ...


class BaseModel(ABC):
    """A model that Lensmith can train, judge and ship. Adapters such as `TorchModel` implement most of it."""

    input_mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    """What the network expects, for pixels from 0 to 1, unless the user sets something else: ImageNet's."""
    input_std: tuple[float, ...] = (0.229, 0.224, 0.225)
    reads_start_epoch: ClassVar[bool] = False
    """Whether `train` goes on from `start_epoch` by itself, though the plugin's own code does not name it."""

    @classmethod
    @abstractmethod
    def get_metadata(cls) -> ModelMetadata:
        """Say who the model is: name, task, framework."""

    @classmethod
    @abstractmethod
    def get_config_schema(cls) -> ConfigSchema:
        """Declare the settings; the form and `--set` follow it."""

    @abstractmethod
    def __init__(self, config: dict[str, Any]) -> None:
        """Build the model from one flat dict.

        It holds the plugin's own settings, `epochs, batch_size, image_size, seed`, and what only the engine
        knows: `num_classes, class_names, device, pretrained_path, start_epoch`.
        """

    @abstractmethod
    def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> object:
        """Train; report to `callbacks`. Loaders yield `(images float32 (B, 3, H, W) normalised, labels int64)`."""

    @abstractmethod
    def validate(self, val_loader: Any) -> dict[str, float]:
        """Measure; metric names without a prefix (`accuracy`, `loss`)."""

    @abstractmethod
    def infer(self, image_or_batch: Any) -> Any:
        """Answer one image or a list of them, uint8 (H, W, 3) RGB of any size, with the task's prediction type.

        A model that takes a normalised float tensor (B, 3, H, W) and gives logits is adapted by the engine.
        """

    @abstractmethod
    def save_checkpoint(self, path: str, epoch: int, metrics: dict[str, float]) -> None:
        """Save all that `load_checkpoint` needs to go on; the folder of `path` exists."""

    @abstractmethod
    def load_checkpoint(self, path: str) -> object:
        """Take back what `save_checkpoint` wrote to the same path."""

    @abstractmethod
    def export(self, path: str, format: str, **kwargs: Any) -> Path | str | None:
        """Write a deployment file and give its path; NotImplementedError or ValueError lets the engine try."""
