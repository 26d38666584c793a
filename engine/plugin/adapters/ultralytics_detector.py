"""The adapter for Ultralytics' detectors, with boxes or masks: trained by its own trainer on the engine's data path."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from safetensors.torch import save_file

from engine.checkpoints.read import load_weights, read_weights, tensors_of
from engine.config.field import ConfigValue
from engine.config.pretrained import PretrainedConfig
from engine.config.schedule import Extension
from engine.config.schema import ConfigSchema
from engine.config.setting import Setting
from engine.config.train import TRAIN_PRESETS
from engine.data.batch import as_array
from engine.data.normalisation import TensorInput, chosen_normalisation
from engine.errors import UserError
from engine.plugin.adapters.detector_settings import LeastScore, MostObjects, MostOverlap
from engine.plugin.adapters.plain_training import stacked
from engine.plugin.adapters.torch_model import with_recommendations
from engine.plugin.adapters.ultralytics_answers import MaskParts, objects_of
from engine.plugin.adapters.ultralytics_networks import (
    DETECTORS,
    YoloDetector,
    make_yolo,
    makes_masks,
    require_fitting_size,
)
from engine.plugin.adapters.ultralytics_schema import for_ultralytics
from engine.plugin.adapters.ultralytics_weights import fill
from engine.plugin.contract import BaseModel
from engine.tasks.detection.decode import Selection, to_detections
from engine.tasks.detection.outputs import Found
from engine.tasks.predictions import Detections
from engine.tasks.registry import task_named

if TYPE_CHECKING:
    from engine.plugin.adapters.ultralytics_trainer import EngineLed

INFER_BATCH = 16
_AXES_OF_ONE = 3
Images = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]


class UltralyticsDetectorConfig(PretrainedConfig):
    """The settings of a training, which network, and which objects it tells of."""

    architecture: Annotated[
        str,
        Setting(
            label="Architecture",
            group="model",
            help="n is the smallest of a family, x the largest; -seg also gives a mask of each object and needs a "
            "dataset that has them.",
        ),
    ] = DETECTORS[0]
    nms_overlap: MostOverlap = 0.6
    max_objects: MostObjects = 100
    least_score: LeastScore = 0.001
    box_gain: Annotated[
        float,
        Field(ge=0, le=100),
        Setting(label="Box gain", group="training", help="Weight of the boxes in the loss.", advanced=True),
    ] = 7.5
    class_gain: Annotated[
        float,
        Field(ge=0, le=100),
        Setting(
            label="Class gain", group="training", help="Weight of the classes in the loss.", advanced=True
        ),
    ] = 0.5
    edge_gain: Annotated[
        float,
        Field(ge=0, le=100),
        Setting(
            label="Edge gain",
            group="training",
            help="Weight of the places of a box's edges in the loss.",
            advanced=True,
        ),
    ] = 1.5


class UltralyticsDetector(BaseModel):
    """A YOLO detector. Define `get_metadata`; a plugin may fix `architecture`, else it is a setting.

    Attributes:
        network: in training the average of the weights, which is what is measured and saved.
        notes: sentences that the user should read when a training starts.
    """

    Config: ClassVar[type[UltralyticsDetectorConfig]] = UltralyticsDetectorConfig
    presets: ClassVar[Mapping[str, Mapping[str, ConfigValue]]] = TRAIN_PRESETS
    architecture: ClassVar[str | None] = None
    """Set by a plugin that is about one network."""
    input_mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    input_std: tuple[float, ...] = (1.0, 1.0, 1.0)
    reads_start_epoch: ClassVar[bool] = True

    def __init__(self, config: dict[str, Any]) -> None:
        """Make the network.

        Raises:
            UserError: `feature_missing` without Ultralytics; PluginError: `architecture_unknown`,
                `image_size_unfit`.
        """
        self.config = config
        names = config.get("class_names") or [str(n) for n in range(int(config.get("num_classes", 2)))]
        self.class_names: tuple[str, ...] = tuple(names)
        self.image_size = int(config.get("image_size", 640))
        self.device = torch.device(config.get("device", "cpu"))
        self.settings = self.Config.from_flat(config)
        self.architecture_name = self.architecture or self.settings.architecture
        self.notes: list[str] = []
        require_fitting_size(self.image_size)
        self.network = YoloDetector(make_yolo(self.architecture_name, len(self.class_names)))
        self._resumed: dict[str, Any] = {}
        self._trainer: EngineLed | None = None

    @classmethod
    def get_config_schema(cls) -> ConfigSchema:
        """Derive the schema, without what has no effect in this loop."""
        schema = for_ultralytics(ConfigSchema.from_pydantic(cls.Config, presets=cls.presets))
        fields = [
            field.model_copy(update={"type": "select", "options": list(DETECTORS)})
            if field.name == "architecture"
            else field
            for field in schema.fields
            if field.name != "architecture" or cls.architecture is None
        ]
        return with_recommendations(schema.model_copy(update={"fields": fields}), cls.get_metadata())

    # ---- training

    def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> Self:
        """Train by Ultralytics' trainer; what is measured is left to the engine."""
        from engine.plugin.adapters.ultralytics_trainer import YoloTraining, make_trainer  # needs the package

        del val_loader
        yolo = self.network.yolo
        if not self._resumed:
            self._fill()
        with tempfile.TemporaryDirectory(prefix="lensmith-", ignore_cleanup_errors=True) as folder:
            training = YoloTraining(
                yolo=yolo,
                config=self.settings,
                loader=train_loader,
                callbacks=callbacks,
                device=self.device,
                class_names=self.class_names,
                folder=folder,
                gains={
                    "box": self.settings.box_gain,
                    "cls": self.settings.class_gain,
                    "dfl": self.settings.edge_gain,
                },
                with_masks=makes_masks(self.architecture_name),
                start_epoch=int(self.config.get("start_epoch") or 0),
                extension=_extension(self.config),
                resumed=self._resumed,
            )
            self._trainer = make_trainer(training)
            self._trainer.on_average = self._judge_average
            self._trainer.train()
        return self

    def _judge_average(self, average: torch.nn.Module) -> None:
        self.network.yolo = average

    def _fill(self) -> None:
        settings = self.settings
        fill(
            self.network.yolo,
            self.architecture_name,
            settings.pretrained,
            settings.pretrained_path,
            self.notes,
        )

    def validate(self, val_loader: Any) -> dict[str, float]:
        """Measure on batches as `train` takes them: the task's metrics."""
        predictions: list[Detections] = []
        targets: list[Any] = []
        for images, found in val_loader:
            pixels = stacked(images).to(self.device)
            side = (self.image_size, self.image_size)
            predictions += [to_detections(one, side, side) for one in self._found(pixels)]
            targets += [as_array(target) for target in found]
        return task_named("detection").judge(predictions, targets, self.class_names).metrics

    # ---- asking

    def infer(self, image_or_batch: Images) -> list[Detections]:
        """Answer images of any size, uint8 (H, W, 3) RGB: one of them, a sequence, or an array (N, H, W, 3)."""
        is_one = isinstance(image_or_batch, np.ndarray) and image_or_batch.ndim == _AXES_OF_ONE
        images = cast("list[NDArray[np.uint8]]", [image_or_batch] if is_one else list(image_or_batch))
        preprocessing = self.settings.preprocessing
        mean, std = chosen_normalisation(preprocessing, self.input_mean, self.input_std)
        prepare = TensorInput(
            self.image_size, mean, std, preprocessing.resize_method, str(self.device), framing="whole"
        )
        frame = (self.image_size, self.image_size)
        answers: list[Detections] = []
        for start in range(0, len(images), INFER_BATCH):
            part = images[start : start + INFER_BATCH]
            found = self._found(prepare(part))
            answers += [
                to_detections(one, frame, (image.shape[0], image.shape[1]))
                for one, image in zip(found, part, strict=True)
            ]
        return answers

    def _found(self, pixels: torch.Tensor) -> list[Found]:
        self.network.to(self.device).eval()
        selection = Selection(
            least_score=self.settings.least_score,
            most_overlap=self.settings.nms_overlap,
            most=self.settings.max_objects,
        )
        with torch.inference_mode(False), torch.no_grad():
            # An average that is asked goes on being averaged: it must not become a tensor of inference mode.
            outputs = self.network(pixels)
        if isinstance(outputs, torch.Tensor):
            return [objects_of(one, self.image_size, selection) for one in outputs]
        return [
            objects_of(candidates, self.image_size, selection, MaskParts(coefficients, prototypes))
            for candidates, coefficients, prototypes in zip(*outputs, strict=True)
        ]

    # ---- files

    def save_checkpoint(self, path: str, epoch: int, metrics: dict[str, float]) -> None:
        """Write the averaged weights, and all that the trainer needs to go on."""
        weights = {
            name: value.detach().cpu().clone() for name, value in tensors_of(self.network.yolo).items()
        }
        told = {name: float(value) for name, value in metrics.items()}
        facts = {"format": "pt", "epoch": str(int(epoch)), "metrics": json.dumps(told)}
        save_file(weights, _weights_beside(path), metadata=facts)
        training = self._trainer.state() if self._trainer is not None else self._resumed
        torch.save({"epoch": int(epoch), "metrics": told, "training": training}, path)

    def load_checkpoint(self, path: str) -> Self:
        """Take back what `save_checkpoint` wrote."""
        load_weights(self.network.yolo, read_weights(_weights_beside(path)), path)
        stored: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self._resumed = stored["training"]
        return self

    def export(self, path: str, format: str, **kwargs: Any) -> Path:
        """Leave every format to the engine.

        Raises:
            UserError: `export_unsupported` for a network with masks.
        """
        del path, kwargs
        if makes_masks(self.architecture_name):
            raise UserError(
                "export_unsupported",
                f"The masks of {self.architecture_name} cannot be written as one plain graph.",
                "Train an architecture without -seg to export it.",
            )
        raise NotImplementedError(f"the engine exports to {format}")


def _weights_beside(path: str) -> Path:
    return Path(path).with_suffix(".safetensors")


def _extension(config: Mapping[str, object]) -> Extension | None:
    """How the rate goes on in a run that was extended."""
    start, schedule = config.get("extension.from_epoch"), config.get("extension.schedule")
    if not isinstance(start, int) or schedule not in ("flat", "restart"):
        return None
    return Extension(start, cast("Literal['flat', 'restart']", schedule))
