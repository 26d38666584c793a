"""Make a plugin's model from a run folder: to train it, to go on with it, or to ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from engine.checkpoints.read import load_weights, read_weights
from engine.config.train import RunConfig
from engine.data.normalisation import TensorInput
from engine.device.policy import SingleDevice
from engine.device.randomness import seed_everything
from engine.device.resolved import Resolved, read_resolved
from engine.errors import PluginError, UserError
from engine.inference.heat_map import HeatMap
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.contract import BaseModel
from engine.plugin.insight import Insight, predicted_class
from engine.plugin.loading import load_model
from engine.protocol.checkpoint import PLUGIN_CHECKPOINT, CheckpointMeta, read_meta
from engine.protocol.run_folder import RunFolder
from engine.tasks.registry import task_named
from engine.tasks.task import RawInfer

_NETWORK_NAMES = ("network", "model", "net", "module", "backbone")
_PATH_SETTINGS = ("pretrained_path",)


def plugin_class(folder: RunFolder) -> type[BaseModel]:
    """Import the frozen plugin of a run and give its model.

    Raises:
        PluginError: `plugin_import_failed` and its like.
    """
    job = folder.job()
    return load_model(folder.plugin, job.plugin.id, job.plugin.model, job.plugin.file)


def build_model(
    folder: RunFolder,
    class_names: Sequence[str],
    device: str,
    *,
    config: Mapping[str, object],
    fresh: bool = True,
) -> BaseModel:
    """Construct the model of a run; equal seeds give equal weights.

    Args:
        folder: the run.
        class_names: of the dataset, in its order.
        device: `cpu`, `cuda:0`.
        config: the flat configuration.
        fresh: whether its own starting weights matter; else an adapter does not fetch any.
    """
    model_class = plugin_class(folder)
    values: dict[str, Any] = dict(config)
    run_config = RunConfig.from_flat(config)
    for name in ("epochs", "batch_size", "image_size", "seed"):
        values.setdefault(name, getattr(run_config, name))
    for name in _PATH_SETTINGS:
        named = values.get(name)
        if isinstance(named, str) and named and not Path(named).is_absolute():
            values[name] = str(folder.path / named)
    values.setdefault("pretrained_path", None)
    values.setdefault("start_epoch", 0)
    values |= {"num_classes": len(class_names), "class_names": list(class_names), "device": device}
    if not fresh and issubclass(model_class, TorchModel):
        values |= {"pretrained": "off", "pretrained_path": None}
    seed_everything(run_config.seed)
    return model_class(values)


def network_of(model: BaseModel) -> nn.Module | None:
    """Find the torch module inside a model: an attribute of a telling name, else the only one there is."""
    for name in _NETWORK_NAMES:
        value: object = getattr(model, name, None)
        if isinstance(value, nn.Module):
            return value
    modules = [value for value in vars(model).values() if isinstance(value, nn.Module)]
    return modules[0] if len(modules) == 1 else None


def load_plugin_checkpoint(model: BaseModel, checkpoint: Path) -> None:
    """Let a full-control plugin take back what it saved.

    Raises:
        UserError: `checkpoint_missing`, or what the plugin raises.
    """
    path = checkpoint / PLUGIN_CHECKPOINT
    if not path.parent.is_dir() or not any(path.parent.iterdir()):
        raise UserError(
            "checkpoint_missing",
            f"The checkpoint {checkpoint} holds nothing that the plugin saved.",
            "Choose another checkpoint.",
        )
    model.load_checkpoint(str(path))


def stop_training(model: BaseModel) -> None:
    """Put a full-control plugin's network in eval mode; its `infer` need not do so itself."""
    network = network_of(model)
    if network is not None:
        network.eval()


def restore_model(checkpoint: Path, device: str = "cpu") -> RestoredModel:
    """Load the model of RUN/checkpoints/NAME, ready for pictures.

    It computes in float32 on every device, so that its answers are the same; in the memory order of its training.

    Raises:
        UserError: `checkpoint_missing`, `checkpoint_damaged`, `checkpoint_mismatch`, or a PluginError.
    """
    meta = read_meta(checkpoint)
    folder = RunFolder(checkpoint.resolve().parents[1])
    if not folder.job_path.is_file():
        raise UserError(
            "run_folder_damaged",
            f"{checkpoint} does not lie in a run's folder, so its plugin is not known.",
            "Give a run, or a checkpoint in RUN/checkpoints.",
        )
    model = build_model(folder, meta.class_names, device, config=folder.effective_config(), fresh=False)
    prepared = tensor_input(meta, device)
    if isinstance(model, TorchModel):
        load_weights(model.network, read_weights(checkpoint), str(checkpoint))
        _place(model.network, folder, torch.device(device))
        return RestoredModel(meta, model.infer, Insight(model, model.network, meta.task, prepared))
    load_plugin_checkpoint(model, checkpoint)
    stop_training(model)
    infer = task_named(meta.task).adapt_infer(model.infer, prepared)
    return RestoredModel(meta, infer, Insight(model, network_of(model), meta.task, prepared))


def _place(network: nn.Module, folder: RunFolder, device: torch.device) -> None:
    """Bring a network to a GPU; on the CPU, one image at a time, the plain order is as fast."""
    if device.type == "cpu":
        return
    chosen = read_resolved(folder.resolved_path, device)
    order = Resolved(
        device_type=device.type, channels_last=chosen.channels_last if chosen is not None else False
    )
    SingleDevice(device, order).place(network)


def tensor_input(meta: CheckpointMeta, device: str) -> TensorInput:
    """What turns raw images into the input that a checkpoint's training saw."""
    framing = task_named(meta.task).framing
    return TensorInput(meta.input_size[1], meta.mean, meta.std, meta.resize_method, device, framing)


class RestoredModel:
    """A model with a checkpoint's weights.

    Implements `Predictable` and `Explainable` of `engine.inference`.
    """

    def __init__(self, meta: CheckpointMeta, infer: RawInfer, insight: Insight) -> None:
        self.meta = meta
        self.class_names = meta.class_names
        self._infer = infer
        self._insight = insight

    def infer(self, images: list[np.ndarray]) -> Sequence[object]:
        """Answer upright RGB uint8 (H, W, 3) images of any size.

        Raises:
            PluginError: `infer_failed` for what a plugin raises.
        """
        try:
            return self._infer(cast("list[Any]", images))
        except UserError:
            raise
        except Exception as error:
            raise PluginError(
                "infer_failed",
                f"The model could not look at the images: {type(error).__name__}: {error}.",
                "See the predictor's log; `lensmith plugins check` tries `infer` out.",
            ) from error

    def explain(self, image: np.ndarray, label: int | None = None) -> HeatMap:
        """Say where the model looks; see `engine.inference.heat_map.Explainable`."""
        if label is None and self._insight.is_own:
            label = predicted_class(self.infer([image])[0])
        return self._insight.explain(image, label)

    def features(self, images: list[np.ndarray]) -> np.ndarray:
        """Give the features of images, float32 (N, D), a row an image."""
        return self._insight.features(images)
