"""Export: write a deployment file from a trained model and compare it with PyTorch."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.config.export import ExportConfig
from engine.errors import PluginError, UserError
from engine.export.onnx_file import Deployment, export_onnx
from engine.export.verification import Verification, probing_inputs, verify_onnx
from engine.jobs.desk import Desk
from engine.jobs.parent import TrainedModel, open_parent
from engine.plugin.adapters.torch_model import TorchModel
from engine.protocol.events import ExportWritten, Notice, StateChanged
from engine.protocol.job import EndState
from engine.tasks.registry import task_named
from engine.training.phases import Phases

FORMAT = "onnx"
UNVERIFIED = Verification(verified=False, max_error=float("nan"), sensitivity=float("nan"))


def export(desk: Desk) -> EndState:
    """Write RUN/exports/model.onnx.

    Raises:
        UserError: `feature_missing`, `export_insensitive`; PluginError: `network_unknown`.
    """
    phases = Phases(desk.reporter)
    try:
        with phases.phase("build_model"):
            trained = open_parent(desk, torch.device("cpu"))
    finally:
        phases.close()
    desk.reporter.emit(StateChanged(state="running", attempt=desk.attempt.number))
    options = ExportConfig.model_validate(desk.job.task_options.get("options", {}))
    path = desk.folder.exports / f"model.{FORMAT}"
    path.parent.mkdir(parents=True, exist_ok=True)
    verification: Verification | None = None
    if not isinstance(trained.model, TorchModel):
        verification = _by_plugin(desk, trained, path, options)
    if verification is None:
        verification = _by_engine(trained, path, options)
    known = verification.max_error == verification.max_error
    desk.reporter.emit(
        ExportWritten(
            path=path.relative_to(desk.folder.path).as_posix(),
            format=FORMAT,
            verified=verification.verified,
            max_error=verification.max_error if known else None,
            size_bytes=path.stat().st_size,
        )
    )
    return "completed"


def _by_engine(trained: TrainedModel, path: Path, options: ExportConfig) -> Verification:
    network = trained.network
    if network is None:
        raise PluginError(
            "network_unknown",
            f"The plugin {trained.meta.plugin} neither exports to {FORMAT} itself nor shows its network.",
            "Keep the torch module in an attribute such as `self.model`, or write the file in `export`.",
        )
    meta, task = trained.meta, task_named(trained.meta.task)
    deployment = Deployment(
        class_names=meta.class_names,
        input_size=meta.input_size,
        mean=meta.mean,
        std=meta.std,
        resize_method=meta.resize_method,
        framing=task.framing,
        any_batch=task.exports_any_batch,
        include_preprocessing=options.include_preprocessing,
        include_postprocessing=options.include_postprocessing,
    )
    return export_onnx(network, path, deployment, options.opset, task.deployed)


def _by_plugin(desk: Desk, trained: TrainedModel, path: Path, options: ExportConfig) -> Verification | None:
    """Let the plugin write the file; None where it leaves this format to the engine.

    It gets only the options that the user has changed: it need not know ours.
    """
    changed = options.model_dump(exclude_defaults=True)
    try:
        written = trained.model.export(str(path), FORMAT, **changed)
    except (NotImplementedError, ValueError):
        path.unlink(missing_ok=True)
        return None
    if isinstance(written, str | Path) and Path(written) != path and Path(written).is_file():
        Path(written).replace(path)
    if not path.is_file():
        return None
    return _verify_foreign(desk, trained, path)


def _verify_foreign(desk: Desk, trained: TrainedModel, path: Path) -> Verification:
    """Compare a plugin's own file with its network on normalised pixels, where the two take the same input."""
    network, meta = trained.network, trained.meta
    why = "the plugin does not show its network"
    if network is not None:
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (meta.mean, meta.std))
        inputs = (probing_inputs(meta.input_size) / 255 - mean) / std
        try:
            return verify_onnx(path, network.cpu().eval(), inputs, any_batch=False)
        except (UserError, RuntimeError, ValueError, TypeError) as error:
            why = str(error).splitlines()[0]
    desk.reporter.emit(
        Notice(
            level="warning",
            code="export_unverified",
            message=f"The file that the plugin wrote could not be compared with PyTorch: {why}.",
        )
    )
    return UNVERIFIED
