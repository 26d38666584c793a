"""Evaluate: measure a trained model on the data frozen with the run, or only ask it where nobody knows the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch

from engine.data.loader import Loader
from engine.data.samples import SampleSource
from engine.data.targets import LabelTargets, SplitFiles
from engine.datasets.manifest import Manifest
from engine.device.choose import choose_device
from engine.device.policy import SingleDevice
from engine.errors import UserError
from engine.evaluation.measure import Course, measure_infer, measure_network
from engine.evaluation.partial import Pace, PartialResults
from engine.evaluation.result_folder import ResultFacts, newest_folder, write_result
from engine.evaluation.unlabelled import ask
from engine.jobs.desk import Desk
from engine.jobs.parent import TrainedModel, open_parent
from engine.jobs.validation import view_of
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.restore import tensor_input
from engine.protocol.checkpoint import WEIGHTS_NAME
from engine.protocol.events import MetricsLogged, ResultWritten, StateChanged
from engine.protocol.job import EndState
from engine.tasks.registry import task_named
from engine.tasks.task import Judgement, RawInfer
from engine.training.phases import Phases
from engine.training.telemetry import left_out

_OF_TRAINING = "class_absent"
"""A problem that is told of training images: what is only measured need not show every class."""
_SHARE_OF_PARTIAL = 0.05
"""Of the time of measuring that it may take to show what is measured so far."""


def evaluate(desk: Desk) -> EndState:
    """Measure, and write RUN/results/0001. Metrics are named `test/…` whatever the split.

    Raises:
        UserError: `split_empty`, `classes_differ`, `no_readable_image`, or what is wrong with the checkpoint.
    """
    phases = Phases(desk.reporter)
    device = choose_device(desk.spec.placement.resource)
    try:
        with phases.phase("build_model"):
            trained = open_parent(desk, device)
        with phases.phase("read_data"):
            require_classes(desk.manifest, trained.meta.class_names)
            images = _labelled(desk, device) if _is_labelled(desk) else _unlabelled(desk)
    finally:
        phases.close()
    desk.reporter.emit(StateChanged(state="running", attempt=desk.attempt.number))
    source = images.source if isinstance(images, Loader) else images
    try:
        if isinstance(images, Loader):
            judgement = _judge(desk, trained, images)
        else:
            size = desk.run_config.batch_size
            is_ending = desk.control.is_end_waiting
            judgement = ask(_infer(desk, trained), images, trained.meta.class_names, size, is_ending)
        for problem in source.untold_problems():
            if problem.code != _OF_TRAINING:
                desk.reporter.emit(left_out(problem))
    finally:
        if isinstance(images, Loader):
            images.close()
    if judgement is None:
        return _obey(desk)
    _require_images(judgement, source, desk)
    _keep(desk, trained, judgement, len(source.problems))
    return "completed"


def _is_labelled(desk: Desk) -> bool:
    return desk.job.task_options.get("labelled") is not False


def _split(desk: Desk) -> str:
    return str(desk.job.task_options.get("split", "test"))


def _labelled(desk: Desk, device: torch.device) -> Loader:
    return desk.loader(_split(desk), train=False, pin_memory=device.type == "cuda")


def _unlabelled(desk: Desk) -> SampleSource:
    """All images, with nothing known of them."""
    everything = range(len(desk.manifest.items))
    files = SplitFiles(desk.manifest, desk.dataset_root, everything)
    config = desk.run_config
    targets = LabelTargets([-1] * len(everything))
    return SampleSource(files, targets, config.image_size, config.preprocessing.resize_method)


def _require_images(judgement: Judgement, source: SampleSource, desk: Desk) -> None:
    if judgement.images == 0:
        raise UserError(
            "no_readable_image",
            f"None of the {len(source):,} images in {desk.dataset_root} can be read.",
            "Check them with `lensmith data check`.",
        )


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
    """Measure; what is measured so far can be looked at meanwhile."""
    pace = Pace(_SHARE_OF_PARTIAL)
    partial = PartialResults(desk.folder.results, _facts(desk, trained, 0), loader.images, pace)
    try:
        return _measured(desk, trained, loader, Course(desk.control.is_end_waiting, partial.look))
    finally:
        partial.close()


def _measured(desk: Desk, trained: TrainedModel, loader: Loader, course: Course) -> Judgement | None:
    task = task_named(trained.meta.task)
    meta, model = trained.meta, trained.model
    device = choose_device(desk.spec.placement.resource)
    if isinstance(model, TorchModel) and task.framing == "whole":
        # Targets that have a place are compared where they lie: in the pixels of the originals.
        return measure_infer(_infer(desk, trained), loader, task, meta.class_names, course)
    if isinstance(model, TorchModel):
        policy = SingleDevice(device, trained.resolved)
        policy.place(model.network)
        view = view_of(model, meta.class_names, policy, meta)
        return measure_network(model.network, loader, view, course)
    return measure_infer(_infer(desk, trained), loader, task, meta.class_names, course)


def _infer(desk: Desk, trained: TrainedModel) -> RawInfer:
    """What asks the model about images as they are."""
    device = choose_device(desk.spec.placement.resource)
    if isinstance(trained.model, TorchModel):
        trained.model.device = device
        return trained.model.infer
    task = task_named(trained.meta.task)
    return task.adapt_infer(trained.model.infer, tensor_input(trained.meta, str(device)))


def _facts(desk: Desk, trained: TrainedModel, unreadable: int) -> ResultFacts:
    meta, options = trained.meta, desk.job.task_options
    seen, before = (options.get(name) for name in ("seen_in_training", "unreadable"))
    return ResultFacts(
        task=meta.task,
        split=_split(desk),
        prefix="test",
        epoch=meta.epoch,
        step=meta.step,
        class_names=meta.class_names,
        dataset=desk.manifest.name if _is_labelled(desk) else "",
        dataset_version=desk.manifest.version,
        checkpoint=trained.checkpoint.name,
        weights_sha256=meta.files.get(WEIGHTS_NAME, ""),
        is_labelled=_is_labelled(desk),
        left_out=unreadable + (before if isinstance(before, int) else 0),
        seen_in_training=seen if isinstance(seen, int) else 0,
        classes_left_out=_classes_left_out(options.get("classes")),
    )


def _keep(desk: Desk, trained: TrainedModel, judgement: Judgement, unreadable: int) -> None:
    meta, facts = trained.meta, _facts(desk, trained, unreadable)
    summary = write_result(desk.folder.results, judgement, facts)
    if facts.is_labelled:
        logged = MetricsLogged(
            scope="test",
            epoch=meta.epoch,
            step=meta.step,
            values=summary.metrics,
            per_class={f"test/{name}": values for name, values in summary.per_class.items()},
        )
        desk.reporter.emit(logged)
    desk.reporter.emit(
        ResultWritten(
            folder=newest_folder(desk.folder.results) or "",
            split=facts.split,
            epoch=meta.epoch,
            step=meta.step,
            checkpoint=trained.checkpoint.name,
            metrics=summary.metrics,
        )
    )


def _classes_left_out(match: object) -> tuple[str, ...]:
    """Of what `ClassMatch.document` gave."""
    listed = cast("Mapping[str, object]", match).get("left_out") if isinstance(match, Mapping) else None
    return tuple(str(name) for name in cast("list[object]", listed)) if isinstance(listed, list) else ()


def _obey(desk: Desk) -> EndState:
    """The measuring was broken off: say so to the order that did it."""
    state: EndState = "stopped"
    for command in desk.control.poll():
        state = "cancelled" if command.kind == "cancel" else state
        desk.control.acknowledge(command)
    return state
