"""The adapter for a torch network: a plugin says how it is built, the engine's loop and files do the rest."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from engine.checkpoints.read import load_weights, read_weights, start_from_weights, tensors_of
from engine.config.field import ConfigField, ConfigValue
from engine.config.schema import ConfigSchema
from engine.config.train import TRAIN_PRESETS, TrainConfig
from engine.data.batch import Targets, as_array, move_targets
from engine.data.loader import Augment
from engine.data.normalisation import IMAGENET_MEAN, IMAGENET_STD, TensorInput, chosen_normalisation
from engine.errors import PluginError
from engine.plugin.adapters.own_augmentation import checked
from engine.plugin.adapters.plain_training import stacked, train_plainly
from engine.plugin.contract import BaseModel
from engine.protocol.catalog import ModelMetadata
from engine.tasks.registry import task_named
from engine.tasks.task import Outputs, Prediction, Size, Task
from engine.training.optimizers import default_optimizer, default_param_groups
from engine.training.trainable import ParamGroup

INFER_BATCH = 32
_AXES_OF_ONE = 3
Images = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]


class TorchModel(BaseModel):
    """A model made of one `nn.Module`. Define `get_metadata` and `build`; override what is different.

    Implements `engine.training.trainable.Trainable`.

    Attributes:
        network: what `build` gave.
        config: the flat configuration it was made with.
        num_classes, class_names, image_size, device: from the configuration.
        notes: sentences that the user should read when a training starts.
    """

    Config: ClassVar[type[TrainConfig]] = TrainConfig
    """The settings; inherit from TrainConfig to add some."""
    presets: ClassVar[Mapping[str, Mapping[str, ConfigValue]]] = TRAIN_PRESETS
    targets_in_forward: bool = False
    """Whether the network in training mode is called with images and targets, and gives its losses."""
    input_mean: tuple[float, ...] = IMAGENET_MEAN
    """What the network's weights expect, for pixels from 0 to 1."""
    input_std: tuple[float, ...] = IMAGENET_STD

    _read: tuple[dict[str, Any], TrainConfig] | None = None
    """A copy of the configuration, and its record."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        names = config.get("class_names") or [str(n) for n in range(int(config.get("num_classes", 2)))]
        self.class_names: tuple[str, ...] = tuple(names)
        self.num_classes = int(config.get("num_classes", len(self.class_names)))
        self.image_size = int(config.get("image_size", 224))
        self.device = torch.device(config.get("device", "cpu"))
        self.notes: list[str] = []
        self.network = self._built()

    @abstractmethod
    def build(self) -> nn.Module:
        """Make the network: float (N, 3, S, S) normalised in, what the task's loss takes out.

        That is logits (N, num_classes) for classification, (N, num_classes, S, S) for segmentation.
        """

    def start_from_file(self, network: nn.Module) -> list[str]:
        """Fill a network from the file that the setting `pretrained_path` names, where it fits.

        Returns:
            The names of the tensors that were not filled (those of the head, when the classes differ).

        Raises:
            PluginError: `weights_missing`; UserError: `checkpoint_mismatch`, `checkpoint_damaged`.
        """
        named = self.config.get("pretrained_path")
        if not named:
            raise PluginError(
                "weights_missing",
                "pretrained is `file`, but pretrained_path names none.",
                "Set pretrained_path to a .safetensors, .pt or .pth file.",
            )
        left = start_from_weights(network, read_weights(Path(str(named))), str(named))
        if left:
            shown = ", ".join(left[:4]) + (" …" if len(left) > 4 else "")
            self.notes.append(
                f"{len(left)} tensors of the network are not in {named} and start afresh: {shown}."
            )
        return left

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        """Derive the schema from `Config` and `presets`; what the metadata recommends becomes default and bounds."""
        schema = ConfigSchema.from_pydantic(cls.Config, presets=cls.presets)
        return with_recommendations(schema, cls.get_metadata())

    def _built(self) -> nn.Module:
        network: object = self.build()
        if not isinstance(network, nn.Module):
            raise PluginError(
                "build_gave_no_network",
                f"`build` of {type(self).__name__} gives {type(network).__name__} instead of a torch module.",
                "End it with `return network`.",
            )
        return network

    # ---- what the engine's loop asks

    @property
    def task(self) -> Task:
        return task_named(self.get_metadata().task_type)

    @property
    def settings(self) -> TrainConfig:
        """The configuration as a record; read again after it was changed."""
        if self._read is None or self._read[0] != self.config:
            self._read = (dict(self.config), self.Config.from_flat(self.config))
        return self._read[1]

    def backbone(self) -> nn.Module | None:
        """The part that is frozen or slowed; None where nobody can tell."""
        return None

    def explained_layer(self) -> nn.Module | None:
        """The layer of which heat maps are told; None takes the deepest that keeps the places of an image."""
        return None

    def backbone_parameters(self) -> Iterable[nn.Parameter]:
        part = self.backbone()
        return part.parameters() if part is not None else ()

    def param_groups(self, config: TrainConfig) -> list[ParamGroup]:
        return default_param_groups(self.network, self.backbone_parameters(), config)

    def build_optimizer(self, groups: list[ParamGroup], config: TrainConfig) -> Optimizer:
        return default_optimizer(groups, config)

    def build_scheduler(
        self, optimizer: Optimizer, config: TrainConfig, total_steps: int
    ) -> LRScheduler | None:
        del optimizer, config, total_steps
        return None

    def build_augmentation(self, config: TrainConfig) -> Augment | None:
        """Give a function of a stored image (H, W, 3) and a generator that makes an (S, S, 3) sample, both uint8.

        Several threads call it at once, and the generator alone must decide, so that a resumed run sees the same
        images. None takes what the settings say.
        """
        del config
        return None

    def augmentation(self) -> Augment | None:
        """Give what `build_augmentation` gives, with its samples checked."""
        own = self.build_augmentation(self.settings)
        return None if own is None else checked(own, self.image_size)

    def loss(self, outputs: Outputs, targets: Targets) -> Tensor:
        return self.task.loss(outputs, targets, float(self.config.get("label_smoothing", 0.0)))

    def decode(self, outputs: Outputs) -> Sequence[Prediction]:
        """Turn the network's outputs into predictions, in the network's own frame."""
        return self.task.predictions(outputs, frame=(self.image_size, self.image_size))

    @property
    def own_decode(self) -> Callable[[Outputs], Sequence[Prediction]] | None:
        """`decode` where a plugin overrides it, so that evaluation says what prediction says."""
        return None if type(self).decode is TorchModel.decode else self.decode

    def normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and deviation that images are normalised with."""
        return chosen_normalisation(self.settings.preprocessing, self.input_mean, self.input_std)

    # ---- the nine methods, for use without the engine's loop

    def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> Self:
        """Train in the plainest way: float32, one optimizer step a batch. The engine's own loop does more."""
        train_plainly(self, train_loader, val_loader, callbacks)
        return self

    def validate(self, val_loader: Any) -> dict[str, float]:
        """Measure on batches as `train` takes them: the task's metrics, and the mean `loss` of an image."""
        self.network.to(self.device).eval()
        predictions: list[Prediction] = []
        found: list[Any] = []
        loss = 0.0
        with torch.inference_mode():
            for images, targets in val_loader:
                outputs = self.network(stacked(images).to(self.device))
                if not self.targets_in_forward:
                    loss += float(self.loss(outputs, move_targets(targets, self.device))) * len(targets)
                predictions += self.decode(outputs)
                found += [as_array(target) for target in targets]
        metrics = self.task.judge(predictions, found, self.class_names).metrics
        return {**metrics, "loss": loss / len(found)} if found else metrics

    def infer(self, image_or_batch: Images) -> list[Prediction]:
        """Answer images of any size, uint8 (H, W, 3) RGB: one of them, a sequence, or an array (N, H, W, 3)."""
        is_one = isinstance(image_or_batch, np.ndarray) and image_or_batch.ndim == _AXES_OF_ONE
        images = cast("list[NDArray[np.uint8]]", [image_or_batch] if is_one else list(image_or_batch))
        mean, std = self.normalisation()
        method = self.settings.preprocessing.resize_method
        prepare = TensorInput(self.image_size, mean, std, method, str(self.device), framing=self.task.framing)
        self._make_ready()
        answers: list[Prediction] = []
        with torch.inference_mode():
            for start in range(0, len(images), INFER_BATCH):
                part = images[start : start + INFER_BATCH]
                answers += self._answers(self.network(prepare(part)), [image.shape[:2] for image in part])
        return answers

    def _make_ready(self) -> None:
        """Put the network on its device and into the mode of answering, where it is not so yet."""
        one = next(self.network.parameters(), None)
        if one is None or one.device != self.device:
            self.network.to(self.device)
        if self.network.training:
            self.network.eval()

    def _answers(self, outputs: Outputs, sizes: Sequence[Size]) -> Sequence[Prediction]:
        frame = (self.image_size, self.image_size)
        if self.own_decode is None:
            return self.task.predictions(outputs, sizes, frame)
        decoded = self.own_decode(outputs)
        return [self.task.fitted(one, frame, size) for one, size in zip(decoded, sizes, strict=True)]

    def save_checkpoint(self, path: str, epoch: int, metrics: dict[str, float]) -> None:
        """Write the weights: as safetensors where `path` ends so, else as a file of torch's."""
        weights = {name: tensor.detach().cpu().clone() for name, tensor in tensors_of(self.network).items()}
        # Plain numbers only: numpy's would make a file that torch does not open again in its safe way.
        told = {name: float(value) for name, value in metrics.items()}
        if Path(path).suffix == ".safetensors":
            facts = {"format": "pt", "epoch": str(int(epoch)), "metrics": json.dumps(told)}
            save_file(weights, path, metadata=facts)
        else:
            torch.save({"state_dict": weights, "epoch": int(epoch), "metrics": told}, path)

    def load_checkpoint(self, path: str) -> Self:
        """Take weights from what `save_checkpoint` wrote, or from a checkpoint folder of the engine."""
        load_weights(self.network, read_weights(Path(path)), str(path))
        return self

    def export(self, path: str, format: str, **kwargs: Any) -> Path:
        """Leave every format to the engine."""
        del path, kwargs
        raise NotImplementedError(f"the engine exports to {format}")


def with_recommendations(schema: ConfigSchema, metadata: ModelMetadata) -> ConfigSchema:
    """Let a model's recommended batch size and supported image sizes set defaults and bounds."""

    def changed(field: ConfigField) -> ConfigField:
        if field.name == "batch_size" and metadata.recommended_batch_size:
            return field.model_copy(update={"default": metadata.recommended_batch_size})
        sizes = metadata.supported_image_sizes
        if field.name == "image_size" and sizes:
            default = field.default if field.default in sizes else sizes[0]
            bounds = {"min": float(min(sizes)), "max": float(max(sizes))}
            return field.model_copy(update={"default": default, **bounds})
        return field

    return schema.model_copy(update={"fields": [changed(field) for field in schema.fields]})
