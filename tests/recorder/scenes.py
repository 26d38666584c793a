"""The scenes in the order in which they are played; each says which pages it shows or makes ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.recorder import (
    scenes_answers,
    scenes_data,
    scenes_insight,
    scenes_labels,
    scenes_losses,
    scenes_machines,
    scenes_models,
    scenes_places,
    scenes_results,
    scenes_runs,
    scenes_shell,
    scenes_tasks,
    scenes_trials,
)
from tests.recorder.play import Script
from tests.recorder.stage import Stage

_OF_RUNS = (
    *("train", "home", "jobs", "validate", "results", "insight", "losses"),
    *("predict", "answers", "export"),
)
"""Pages that show nothing before a training has been."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the script.

    Attributes:
        name: names it when it ends early.
        play: what happens.
        pages: those it pictures first, then those that need what it makes.
    """

    name: str
    play: Callable[[Stage], Script]
    pages: tuple[str, ...]


SCENES = (
    Scene("loading", scenes_shell.loading, ("plugins", "train")),
    Scene("first_start", scenes_shell.first_start, ("home", "data", *_OF_RUNS)),
    Scene("settings", scenes_shell.settings, ("settings",)),
    Scene("machines", scenes_machines.machines, ("settings",)),
    Scene("data", scenes_data.data, ("data", *_OF_RUNS)),
    Scene("data_problems", scenes_data.problems, ("data",)),
    Scene("labels", scenes_labels.labels, ("data",)),
    Scene("form", scenes_runs.form, ("train",)),
    Scene("running", scenes_runs.running, _OF_RUNS),
    Scene("queued", scenes_runs.queued, ("jobs", "train")),
    Scene("paused", scenes_runs.paused, ("train", "jobs", "home")),
    Scene("finished", scenes_runs.finished, _OF_RUNS),
    Scene("trials", scenes_trials.trials, ("train",)),
    Scene("plugins", scenes_models.plugins, ("plugins",)),
    Scene("failed", scenes_runs.failed, ("train", "jobs", "home")),
    Scene("validate", scenes_models.validate, ("validate",)),
    Scene("results", scenes_results.results, (scenes_results.PAGE,)),
    Scene("insight", scenes_insight.insight, (scenes_insight.PAGE,)),
    Scene("losses", scenes_losses.losses, (scenes_losses.PAGE,)),
    Scene("predict", scenes_models.predict, ("predict",)),
    Scene("answers", scenes_answers.answers, (scenes_answers.PAGE,)),
    Scene("export", scenes_models.export, ("export",)),
    Scene("detection", scenes_tasks.detection, ("detection",)),
    Scene("segmentation", scenes_tasks.segmentation, ("segmentation",)),
    Scene("places", scenes_places.places, scenes_places.PAGES),
    Scene("history", scenes_runs.history, ("jobs", "home")),
    Scene("shell", scenes_shell.shell, ("home",)),
    Scene("minimum", scenes_shell.minimum, ("home", "data", "settings", "plugins", *_OF_RUNS)),
)
