"""The trained model that an evaluation or an export works on: its run, its checkpoint, and the model itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from engine.checkpoints.read import load_weights, read_weights
from engine.device.resolved import Resolved, read_resolved
from engine.errors import UserError
from engine.jobs.desk import Desk
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.contract import BaseModel
from engine.plugin.restore import build_model, load_plugin_checkpoint, network_of, stop_training
from engine.protocol.checkpoint import CheckpointMeta, read_meta
from engine.protocol.run_folder import RunFolder


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """A model with the weights of one checkpoint, in eval mode."""

    model: BaseModel
    meta: CheckpointMeta
    checkpoint: Path
    resolved: Resolved
    """How its training computed, where this device is of the same kind."""

    @property
    def network(self) -> nn.Module | None:
        """The network inside, where it can be found."""
        return network_of(self.model)


def open_parent(desk: Desk, device: torch.device) -> TrainedModel:
    """Load the model that the job's options name.

    Raises:
        UserError: `parent_missing`, `checkpoint_missing`, `checkpoint_damaged`, `checkpoint_mismatch`.
    """
    options = desk.job.task_options
    parent = RunFolder(desk.folder.path.parent / str(options.get("parent_run", "")))
    if not parent.job_path.is_file():
        raise UserError(
            "parent_missing",
            f"The run {options.get('parent_run')} whose model is asked for is not there any more.",
            f"Bring it back with `lensmith runs restore {options.get('parent_run')}`.",
        )
    checkpoint = parent.checkpoints / str(options.get("checkpoint", "best"))
    meta = read_meta(checkpoint)
    model = build_model(parent, meta.class_names, str(device), config=parent.effective_config(), fresh=False)
    if isinstance(model, TorchModel):
        load_weights(model.network, read_weights(checkpoint), str(checkpoint))
        model.network.to(device).eval()
    else:
        load_plugin_checkpoint(model, checkpoint)
        stop_training(model)
    resolved = read_resolved(parent.resolved_path, device) or Resolved(device_type=device.type)
    return TrainedModel(model, meta, checkpoint, resolved)
