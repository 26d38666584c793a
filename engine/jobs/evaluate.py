"""Evaluate: measure a trained model on any split, of its own dataset or another one with the same classes."""

from __future__ import annotations

from engine.data.loader import Loader
from engine.datasets.manifest import Manifest
from engine.device.choose import choose_device
from engine.device.policy import SingleDevice
from engine.errors import UserError
from engine.evaluation.measure import Course, measure_infer, measure_network
from engine.evaluation.result_folder import ResultFacts, newest_folder, write_result
from engine.jobs.desk import Desk
from engine.jobs.parent import TrainedModel, open_parent
from engine.jobs.validation import view_of
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.restore import tensor_input
from engine.protocol.checkpoint import WEIGHTS_NAME
from engine.protocol.events import MetricsLogged, ResultWritten, StateChanged
from engine.protocol.job import EndState
from engine.tasks.registry import task_named
from engine.tasks.task import Judgement
from engine.training.phases import Phases
from engine.training.telemetry import left_out


def evaluate(desk: Desk) -> EndState:
    """Measure, and write RUN/results/0001. Metrics are named `test/…` whatever the split.

    Raises:
        UserError: `split_empty`, `classes_differ`, or what is wrong with the checkpoint.
    """
    phases = Phases(desk.reporter)
    split = str(desk.job.task_options.get("split", "test"))
    device = choose_device(desk.spec.placement.resource)
    try:
        with phases.phase("build_model"):
            trained = open_parent(desk, device)
        with phases.phase("read_data"):
            require_classes(desk.manifest, trained.meta.class_names)
            loader = desk.loader(split, train=False, pin_memory=device.type == "cuda")
    finally:
        phases.close()
    desk.reporter.emit(StateChanged(state="running", attempt=desk.attempt.number))
    try:
        judgement = _judge(desk, trained, loader)
        for problem in loader.new_problems():
            desk.reporter.emit(left_out(problem))
    finally:
        loader.close()
    if judgement is None:
        return _obey(desk)
    _keep(desk, trained, judgement, split)
    return "completed"


def require_classes(manifest: Manifest, class_names: tuple[str, ...]) -> None:
    """See that a dataset speaks of the model's classes, in the model's order.

    Raises:
        UserError: `classes_differ`.
    """
    if tuple(manifest.classes) == tuple(class_names):
        return
    unknown = sorted(set(manifest.classes) - set(class_names))
    missing = sorted(set(class_names) - set(manifest.classes))
    told = [f"unknown to the model: {', '.join(unknown[:5])}"] if unknown else []
    told += [f"missing in the dataset: {', '.join(missing[:5])}"] if missing else []
    raise UserError(
        "classes_differ",
        f"The classes of {manifest.name} are not those of the model ({'; '.join(told) or 'another order'}).",
        "Measure on a dataset with the same class names, in the same order.",
    )


def _judge(desk: Desk, trained: TrainedModel, loader: Loader) -> Judgement | None:
    task = task_named(trained.meta.task)
    meta, model = trained.meta, trained.model
    course = Course(desk.control.is_end_waiting)
    device = choose_device(desk.spec.placement.resource)
    if isinstance(model, TorchModel) and task.framing == "whole":
        # Targets that have a place are compared where they lie: in the pixels of the originals.
        model.device = device
        return measure_infer(model.infer, loader, task, meta.class_names, course)
    if isinstance(model, TorchModel):
        policy = SingleDevice(device, trained.resolved)
        policy.place(model.network)
        view = view_of(model, meta.class_names, policy, meta)
        return measure_network(model.network, loader, view, course)
    infer = task.adapt_infer(model.infer, tensor_input(meta, str(device)))
    return measure_infer(infer, loader, task, meta.class_names, course)


def _keep(desk: Desk, trained: TrainedModel, judgement: Judgement, split: str) -> None:
    meta = trained.meta
    facts = ResultFacts(
        task=meta.task,
        split=split,
        prefix="test",
        epoch=meta.epoch,
        step=meta.step,
        class_names=meta.class_names,
        dataset=desk.manifest.name,
        dataset_version=desk.manifest.version,
        checkpoint=trained.checkpoint.name,
        weights_sha256=meta.files.get(WEIGHTS_NAME, ""),
    )
    summary = write_result(desk.folder.results, judgement, facts)
    desk.reporter.emit(
        MetricsLogged(
            scope="test",
            epoch=meta.epoch,
            step=meta.step,
            values=summary.metrics,
            per_class={f"test/{name}": values for name, values in summary.per_class.items()},
        )
    )
    desk.reporter.emit(
        ResultWritten(
            folder=newest_folder(desk.folder.results) or "",
            split=split,
            epoch=meta.epoch,
            step=meta.step,
            checkpoint=trained.checkpoint.name,
            metrics=summary.metrics,
        )
    )


def _obey(desk: Desk) -> EndState:
    """The measuring was broken off: say so to the order that did it."""
    state: EndState = "stopped"
    for command in desk.control.poll():
        state = "cancelled" if command.kind == "cancel" else state
        desk.control.acknowledge(command)
    return state
