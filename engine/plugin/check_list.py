"""What `plugins check` looks at, step by step, and how each step ended: the list a person can tick off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.protocol.catalog import PluginProblem

StepState = Literal["passed", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step and its end; skipped: an earlier one failed, so it could not be tried."""

    name: str
    title: str
    state: StepState


_STEPS = (
    ("import", "Its file can be imported"),
    ("requirements", "The packages it asks for are installed"),
    ("methods", "It has every method of the contract"),
    ("metadata", "It says who it is"),
    ("settings", "Its settings and presets fit together"),
    ("build", "The network can be built"),
    ("training", "Two training steps change its weights"),
    ("inference", "It answers for images of several sizes"),
    ("checkpoint", "Saved and loaded, it answers the same"),
    ("export", "It can be taken apart for export"),
)
_CODES = {
    "import": ("plugin_without_model", "plugin_unreadable", "describer_failed"),
    "requirements": ("plugin_requirements", "requirement_unreadable"),
    "methods": ("method_missing", "method_signature"),
    "metadata": ("plugin_name_clash", "task_unsupported"),
    "settings": ("default_invalid", "options_missing", "bounds_crossed", "setting_unknown"),
    "build": ("trial_build_failed",),
    "training": (
        "trial_training_failed",
        "trial_validate_failed",
        "validate_wrong",
        "metric_not_a_number",
        "nothing_trained",
        "outputs_wrong",
        "epochs_not_reported",
        "stop_ignored",
        "trial_endless",
        "trial_crashed",
    ),
    "inference": ("trial_infer_failed",),
    "checkpoint": ("trial_reload_failed",),
    "export": ("trace_failed", "network_not_found"),
}
_FAMILIES = {
    "plugin_import_": "import",
    "plugin_syntax_": "import",
    "schema_": "settings",
    "preset_": "settings",
    "metadata_": "metadata",
    "loss_": "training",
    "infer_": "inference",
    "checkpoint_": "checkpoint",
}
_DESCRIBING = ("import", "methods", "metadata", "settings")
"""Where one of these failed, nothing was tried out."""
_TRIED = ("build", "training", "inference", "checkpoint", "export")
_NEEDED_BY = {
    "import": ("methods", "metadata", "settings"),
    "build": _TRIED[1:],
    "inference": ("checkpoint",),
}
_ENDS_THE_TRIAL = frozenset({"trial_endless", "trial_crashed"})


def check_list(problems: Sequence[PluginProblem]) -> list[CheckStep]:
    """Tick off every step by the problems that were found; a problem that belongs to none is a step of its own."""
    states: dict[str, StepState] = {name: "passed" for name, _ in _STEPS}
    for problem in problems:
        name = step_of(problem.code)
        worse = problem.severity == "error" or states.get(name) == "failed"
        states[name] = "failed" if worse else "warning"
    for name in _untried(states, problems):
        states[name] = "skipped" if states[name] == "passed" else states[name]
    titles = dict(_STEPS) | {"other": "Nothing else is wrong"}
    return [CheckStep(name, titles[name], state) for name, state in states.items()]


def step_of(code: str) -> str:
    """Name the step that a problem belongs to; `other` for one that is not known here."""
    found = next((name for name, codes in _CODES.items() if code in codes), None)
    family = next((name for start, name in _FAMILIES.items() if code.startswith(start)), "other")
    return found or family


def _untried(states: dict[str, StepState], problems: Sequence[PluginProblem]) -> Iterator[str]:
    for name, dependants in _NEEDED_BY.items():
        if states[name] == "failed":
            yield from dependants
    if any(states[name] == "failed" for name in _DESCRIBING):
        yield from _TRIED
    if any(problem.code in _ENDS_THE_TRIAL for problem in problems):
        yield from _TRIED
