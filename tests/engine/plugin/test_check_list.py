from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.plugin.check_list import check_list, step_of
from engine.protocol.catalog import PluginProblem

ELSEWHERE = {"get_metadata", "save_checkpoint"}
"""Methods' names beside codes."""


def states(*problems: PluginProblem) -> dict[str, str]:
    return {step.name: step.state for step in check_list(problems)}


def problem(code: str, severity: str = "error") -> PluginProblem:
    return PluginProblem(code=code, message="It is wrong.", severity=severity)


def test_that_a_sound_plugin_passes_every_step() -> None:
    assert set(states().values()) == {"passed"}


def test_that_a_warning_does_not_fail_its_step() -> None:
    assert states(problem("infer_not_repeatable", "warning"))["inference"] == "warning"
    assert states(problem("infer_wrong"), problem("infer_not_repeatable", "warning"))["inference"] == "failed"


@pytest.mark.parametrize(
    ("code", "failed", "skipped"),
    [
        ("plugin_syntax_error", "import", {"methods", "metadata", "settings", "build", "training", "export"}),
        ("method_missing", "methods", {"build", "training", "inference", "checkpoint", "export"}),
        ("trial_build_failed", "build", {"training", "inference", "checkpoint", "export"}),
        ("trial_crashed", "training", {"build", "inference", "checkpoint", "export"}),
        ("trial_infer_failed", "inference", {"checkpoint"}),
    ],
)
def test_that_what_could_not_be_tried_does_not_count_as_passed(
    code: str, failed: str, skipped: set[str]
) -> None:
    found = states(problem(code))

    assert found[failed] == "failed"
    assert {name for name, state in found.items() if state == "skipped"} >= skipped


def test_that_an_unknown_problem_is_told_as_a_step_of_its_own() -> None:
    assert states(problem("struck_by_lightning"))["other"] == "failed"


def test_that_every_code_that_a_trial_gives_belongs_to_a_step(repository: Path) -> None:
    text = (repository / "engine" / "plugin" / "trial.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'(?:add|warn|attempt)\(\s*"([a-z]+_[a-z_]+)"', text)) - ELSEWHERE

    assert len(codes) > 12
    assert {code for code in codes if step_of(code) == "other"} == set()
