"""The form, one training through all its states, a queue behind it, and runs that fail."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QAbstractButton

from tests.recorder.play import Pause, Script, Until, later
from tests.recorder.stage import Stage

PLUGIN = "example_minimal"
SETTINGS: dict[str, Any] = {
    "epochs": 60,
    "image_size": 64,
    "batch_size": 16,
    "optimizer.lr": 0.004,
    "scheduler.type": "onecycle",
    "augmentation.random_crop": False,
    "seed": 0,
}
FAILING_PLUGIN = '''"""A model that fails on purpose after some steps."""

from __future__ import annotations

from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class Failing(TorchModel):
    """Learns for a while."""

    @classmethod
    def get_metadata(cls):
        return ModelMetadata(
            name="NAME", author="You", framework="pytorch", task_type="classification",
            description="Fails on purpose after some steps.", tags=["example"],
        )

    def build(self):
        self.steps = 0
        return nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten(), nn.Linear(192, self.num_classes))

    def loss(self, outputs, targets):
        self.steps += 1
        loss = nn.functional.cross_entropy(outputs, targets)
        if self.steps > 60:
            FAILURE
        return loss
'''
FAILURES = {
    "diverging": ("failed_nan", "loss = loss / 0.0"),
    "raising": ("failed_plugin", 'raise ValueError("the labels do not fit the outputs")'),
}
"""By plugin: the state that is pictured, and the line that brings it about."""


def form(stage: Stage) -> Script:
    """The settings in their three depths, a search, and a value that cannot be."""
    yield from stage.go("train", dataset=stage.dataset)
    yield Pause(1500)
    yield from stage.camera.take("train", "form")
    for words, state in (("Medium", "form_medium"), ("Advanced", "form_advanced")):
        yield from stage.press(words, "train")
        yield from stage.camera.take("train", state)


def running(stage: Stage) -> Script:
    """From the order to start to the middle of the training."""
    yield from stage.start("first", PLUGIN, SETTINGS)
    yield from stage.go("train", run=stage.runs["first"])
    yield from stage.camera.take("train", "starting")
    yield stage.until_epoch("first", 8)
    yield from stage.camera.take("train", "running")
    for view in ("classes", "checkpoints", "log"):
        if stage.camera.wants("train"):
            yield from stage.go("train", run=stage.runs["first"], view=view)
            yield from stage.camera.take("train", f"running_{view}")
    yield from stage.go("train", run=stage.runs["first"], view="curves")
    for page in ("home", "jobs"):
        yield from stage.go(page)
        yield Pause(300)
        yield from stage.camera.take(page, "running")
    if stage.camera.wants("train"):
        yield from stage.go("train", run=stage.runs["first"])
        yield from stage.small("train", "running_minimum")


def queued(stage: Stage) -> Script:
    """Others wait behind it, and the queue is held."""
    yield from stage.start("second", PLUGIN, {**SETTINGS, "epochs": 12, "optimizer.lr": 0.0005})
    yield from stage.start("third", PLUGIN, {**SETTINGS, "epochs": 12, "batch_size": 64})
    yield from stage.go("train", run=stage.runs["second"])
    yield Pause(400)
    yield from stage.camera.take("train", "queued")
    yield from stage.go("jobs")
    yield Pause(600)
    yield from stage.camera.take("jobs", "queued")
    stage.context.actions.hold_queue(True)
    yield Until(lambda: stage.context.runs.is_queue_held, "the queue on hold")
    yield from stage.camera.take("jobs", "held")


def paused(stage: Stage) -> Script:
    """Asked whether to stop; held; paused; and going on."""
    yield from stage.go("train", run=stage.runs["first"])
    stop = stage.find(QAbstractButton, "Stop", stage.page("train"))
    later(stop.click)
    yield Pause(500)
    yield from stage.camera.take("train", "stop_question")
    yield from stage.tidy()
    stage.context.actions.command(stage.runs["first"], "pause")
    yield stage.until("first", "paused", "completed")
    yield from stage.go("train", run=stage.runs["first"])
    yield Pause(800)
    yield from stage.camera.take("train", "paused")
    for page in ("home", "jobs"):
        yield from stage.go(page)
        yield Pause(300)
        yield from stage.camera.take(page, "paused")
    stage.context.actions.resume(stage.runs["first"])


def finished(stage: Stage) -> Script:
    """All that was started comes to its end."""
    stage.context.actions.hold_queue(False)
    yield stage.until("first", "running", "completed")
    yield stage.until_ended("first")
    yield from stage.go("train", run=stage.runs["first"])
    yield Pause(1200)
    yield from stage.camera.take("train", "finished")
    for name in stage.runs:
        yield stage.until_ended(name)


def failed(stage: Stage) -> Script:
    """A training that diverges, and one whose plugin raises."""
    for name, (_, line) in FAILURES.items():
        folder = stage.context.home.plugins / name
        folder.mkdir(exist_ok=True)
        source = FAILING_PLUGIN.replace("NAME", name).replace("FAILURE", line)
        (folder / "model.py").write_text(source, encoding="utf-8")
    stage.context.catalogue.refresh()
    for name, (state, _) in FAILURES.items():
        yield Until(lambda name=name: stage.context.catalogue.entry(name), f"the plugin {name}")
        yield from stage.start(name, name, {"epochs": 5, "image_size": 64})
        yield stage.until_ended(name)
        yield from stage.go("train", run=stage.runs[name])
        yield Pause(1000)
        yield from stage.camera.take("train", state)


def history(stage: Stage) -> Script:
    """All runs that have been, and two of them over each other."""
    yield from stage.go("jobs")
    yield Pause(800)
    yield from stage.camera.take("jobs", "finished")
    yield from stage.go("jobs", compare=[stage.runs[name] for name in ("first", "second", "third")])
    yield Pause(1200)
    yield from stage.camera.take("jobs", "compare")
    yield from stage.go("home")
    yield Pause(500)
    yield from stage.camera.take("home", "finished")
