"""Train: an adapter's network in the engine's one loop, a full-control plugin in its own."""

from __future__ import annotations

from pathlib import Path

from engine.config.schedule import Extension
from engine.config.train import TrainConfig
from engine.data.loader import Loader
from engine.data.normalisation import chosen_normalisation
from engine.device.choose import choose_device
from engine.errors import UserError
from engine.jobs.desk import Desk
from engine.jobs.validation import Validation
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.contract import BaseModel
from engine.plugin.full_control import PluginTraining, train_plugin
from engine.plugin.plugin_config import PluginConfig
from engine.plugin.restore import build_model, plugin_class
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.events import Notice
from engine.protocol.job import EndState
from engine.tasks.registry import task_named
from engine.training.job import TrainingJob
from engine.training.phases import Phases
from engine.training.trainer import Trainer

Constants = tuple[float, ...]


def train(desk: Desk) -> EndState:
    """Train to the end, or until the user wishes otherwise.

    Raises:
        UserError: what is wrong with the data or the settings; PluginError: with the plugin.
    """
    phases = Phases(desk.reporter)
    try:
        with phases.phase("read_data"):
            data = TrainingData(desk)
        try:
            with phases.phase("load_plugin"):
                model_class = plugin_class(desk.folder)
            if issubclass(model_class, TorchModel):
                return Trainer(adapter_training(desk, data, phases)).run().state
            return train_plugin(plugin_training(desk, data, model_class)).state
        finally:
            data.close()
    finally:
        phases.close()


class TrainingData:
    """The loaders of a training; `val` is None when nothing is validated."""

    def __init__(self, desk: Desk) -> None:
        manifest = desk.manifest
        if len(manifest.classes) < desk.task.fewest_classes:
            raise UserError(
                "one_class",
                f"The dataset {manifest.name} has {len(manifest.classes)} class; there is nothing to tell apart.",
                "Add images of a second class, then import the dataset again.",
            )
        self.device = choose_device(desk.spec.placement.resource)
        pinned = self.device.type == "cuda"
        self.train = desk.loader("train", train=True, pin_memory=pinned)
        desk.reporter.emit(Notice(code="cache_chosen", message=self.train.cache_note))
        self.val: Loader | None = None
        if desk.run_config.validation.enabled and desk.has_split("val"):
            self.val = desk.loader("val", train=False, pin_memory=pinned)
        elif desk.run_config.validation.enabled:
            message = f"The dataset {manifest.name} has too few images to validate on: nothing is measured."
            desk.reporter.emit(Notice(level="warning", code="no_validation", message=message))

    def close(self) -> None:
        self.train.close()
        if self.val is not None:
            self.val.close()


def adapter_training(desk: Desk, data: TrainingData, phases: Phases) -> TrainingJob:
    """Build an adapter's network, and gather what the engine's loop needs to train it."""
    classes = tuple(desk.manifest.classes)
    resume_from = _resume_from(desk)
    with phases.phase("build_model"):
        model = build_model(
            desk.folder, classes, str(data.device), config=desk.config, fresh=resume_from is None
        )
    assert isinstance(model, TorchModel)  # its class is one
    for note in model.notes:
        desk.reporter.emit(Notice(level="warning", code="model_note", message=note))
    own_augmentation = model.augmentation()
    if own_augmentation is not None:
        data.train.augment_with(own_augmentation)
    config = TrainConfig.from_flat(desk.config)
    if config.start_from is not None:
        config = config.model_copy(update={"start_from": str(desk.relative(config.start_from))})
    mean, std = model.normalisation()
    meta = checkpoint_template(desk, mean, std)
    validation = Validation(desk, data.val, data.device) if data.val is not None else None
    return TrainingJob(
        trainable=model,
        config=config,
        train_loader=data.train,
        folder=desk.folder,
        reporter=desk.reporter,
        control=desk.control,
        meta=meta,
        validate=validation.of_network(model, meta) if validation is not None else None,
        resume_from=resume_from,
        extension=_extension(desk.config),
        placement=desk.spec.placement,
    )


def plugin_training(desk: Desk, data: TrainingData, model_class: type[BaseModel]) -> PluginTraining:
    """Gather what a plugin with a loop of its own is trained with; its model is built when that begins."""
    classes = tuple(desk.manifest.classes)
    own = (model_class.input_mean, model_class.input_std)
    mean, std = chosen_normalisation(desk.run_config.preprocessing, *own)
    meta = checkpoint_template(desk, mean, std)

    def build(config: PluginConfig) -> BaseModel:
        return build_model(desk.folder, classes, str(data.device), config=config)

    validation = Validation(desk, data.val, data.device) if data.val is not None else None
    return PluginTraining(
        build=build,
        config=desk.config,
        run_config=desk.run_config,
        task=task_named(desk.job.task),
        train_loader=data.train,
        val_loader=data.val,
        folder=desk.folder,
        reporter=desk.reporter,
        control=desk.control,
        meta=meta,
        validate=validation.of_model(meta) if validation is not None else None,
        resume_from=_resume_from(desk),
        placement=desk.spec.placement,
        reads_start_epoch=model_class.reads_start_epoch,
    )


def checkpoint_template(desk: Desk, mean: Constants, std: Constants) -> CheckpointMeta:
    """What every checkpoint of the run says about itself; position and metrics are filled in on saving."""
    job, config = desk.job, desk.run_config
    return CheckpointMeta(
        kind="last",
        run=job.run,
        attempt=desk.attempt.number,
        epoch=0,
        step=0,
        plugin=job.plugin.id,
        plugin_hash=job.plugin.source_hash,
        config_hash=desk.config_hash(),
        task=job.task,
        class_names=tuple(desk.manifest.classes),
        input_size=(3, config.image_size, config.image_size),
        mean=mean,
        std=std,
        resize_method=config.preprocessing.resize_method,
    )


def _resume_from(desk: Desk) -> Path | None:
    named = desk.spec.from_checkpoint
    return desk.folder.path / named if named is not None else None


def _extension(config: dict[str, object]) -> Extension | None:
    """An extension that an attempt's overrides ask for."""
    start, schedule = config.get("extension.from_epoch"), config.get("extension.schedule")
    if not isinstance(start, int) or schedule not in ("flat", "restart"):
        return None
    return Extension(start, schedule)
