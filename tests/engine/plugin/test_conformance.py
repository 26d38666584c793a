from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PluginError
from engine.plugin import trial
from engine.plugin.conformance import check
from engine.plugin.description import describe_source
from engine.plugin.discovery import BUILTIN_FOLDER
from engine.plugin.isolation import Limits
from engine.plugin.trial import try_model
from engine.protocol.catalog import PluginProblem
from tests.engine.plugin.texts import FULL_CONTROL, line_of, plugin_text, write_plugin

ADAPTER = """from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class Small(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="small", framework="pytorch", task_type="classification")

    def build(self):
        features = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU())
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, self.num_classes))
        return nn.Sequential(features, head)
"""


IN_EVAL_MODE = "        self.model.eval()\n        with torch.no_grad():"


def tried(folder: Path, text: str) -> list[PluginProblem]:
    """Try a plugin out in this process, where torch is loaded already."""
    source = write_plugin(folder, text)
    answer, models = describe_source(source)
    (entry,) = answer.entries
    assert entry.problems == []
    return try_model(source, models[0], entry)


def test_that_a_good_full_control_plugin_passes_every_check(tmp_path: Path) -> None:
    source = write_plugin(tmp_path / "mine", FULL_CONTROL)

    assert check(source.path) == []


def test_that_a_good_adapter_passes_every_check(tmp_path: Path) -> None:
    assert tried(tmp_path / "p", ADAPTER) == []


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted(path.name for path in BUILTIN_FOLDER.iterdir() if path.is_dir()))
def test_that_every_built_in_plugin_passes_every_check(example: str) -> None:
    assert check(BUILTIN_FOLDER / example) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "marked"),
    [
        ('nn.Linear(8, config["num_classes"])', "nn.Linear(8, 1000)", "infer_wrong", "def infer"),
        ("head = [nn", "head = [missing, nn", "trial_build_failed", "head = [missing"),
        ("loss.backward()", "loss.backwards()", "trial_training_failed", "loss.backwards()"),
        (
            "callbacks.on_epoch_end(epoch,",
            "callbacks.on_end(epoch,",
            "trial_training_failed",
            "callbacks.on_end(",
        ),
        ("if callbacks and callbacks.on_epoch_end", "if False", "epochs_not_reported", "def train"),
        ('{"loss": float(loss)}', '{"loss": "low"}', "metric_not_a_number", "def train"),
        ('return {"accuracy": right / seen}', "return right / seen", "validate_wrong", "def validate"),
        ("right / seen", "right / nothing", "trial_validate_failed", "right / nothing"),
        ("return output\n", "return output.nothing\n", "trial_infer_failed", "return output.nothing"),
        (
            'self.model.load_state_dict(state["model"])',
            "pass",
            "checkpoint_incomplete",
            "def save_checkpoint",
        ),
        ('state["model"]', 'state["modle"]', "trial_reload_failed", 'state["modle"]'),
    ],
)
def test_that_a_broken_full_control_plugin_is_told_at_its_line(
    tmp_path: Path, old: str, new: str, code: str, marked: str
) -> None:
    assert FULL_CONTROL.count(old) == 1
    text = FULL_CONTROL.replace(old, new)

    problems = [problem for problem in tried(tmp_path / "p", text) if problem.severity == "error"]

    source = write_plugin(tmp_path / "p", text)
    assert [problem.code for problem in problems] == [code]
    assert problems[0].file == str(source.model_path)
    assert problems[0].line == line_of(source, marked)


def test_that_a_plugin_that_swallows_the_end_of_the_training_is_told(tmp_path: Path) -> None:
    call = 'callbacks.on_epoch_end(epoch, {"loss": float(loss)})'
    swallowed = (
        f"try:\n                    {call}\n                except BaseException:\n                    pass"
    )

    (problem,) = tried(tmp_path / "p", FULL_CONTROL.replace(call, swallowed))

    assert problem.code == "stop_ignored"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("self.optimizer.step()", "pass", "nothing_trained"),
        (IN_EVAL_MODE, "        if True:", "infer_in_training_mode"),
        ("return output\n", "return output + torch.rand(3)\n", "infer_not_repeatable"),
        ("raise NotImplementedError(format)", "raise RuntimeError(format)", "export_failed"),
        ("self.model = nn.Sequential(", "self.hidden = [nn.Sequential(", "network_not_found"),
    ],
)
def test_that_what_can_be_lived_with_is_only_warned_of(tmp_path: Path, old: str, new: str, code: str) -> None:
    text = FULL_CONTROL.replace(old, new)
    if "hidden" in new:
        text = text.replace('config["num_classes"]))', 'config["num_classes"]))]').replace(
            "self.model", "self.hidden[0]"
        )

    problems = tried(tmp_path / "p", text)

    assert [(problem.code, problem.severity) for problem in problems] == [(code, "warning")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("self.num_classes)", "7)", "outputs_wrong"),
        ("return nn.Sequential(features, head)", "return features", "outputs_wrong"),
        (
            "    def build",
            "    def loss(self, outputs, targets):\n        return outputs\n\n    def build",
            "loss_wrong",
        ),
        (
            "    def build",
            "    def loss(self, outputs, targets):\n        return outputs.sum() * float('nan')\n\n    def build",
            "loss_wrong",
        ),
        (
            "    def build",
            "    def param_groups(self, config):\n        return []\n\n    def build",
            "trial_training_failed",
        ),
    ],
)
def test_that_a_broken_adapter_is_told(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert ADAPTER.count(old) == 1

    problems = tried(tmp_path / "p", ADAPTER.replace(old, new))

    assert problems[0].code == code
    assert problems[0].line is not None


def test_that_a_loss_that_cannot_take_mixed_targets_is_warned_of(tmp_path: Path) -> None:
    own = (
        "    def loss(self, outputs, targets):\n"
        "        return nn.functional.nll_loss(outputs.log_softmax(1), targets)\n\n"
    )

    problems = tried(tmp_path / "p", ADAPTER.replace("    def build", own + "    def build"))

    assert [(problem.code, problem.severity) for problem in problems] == [
        ("loss_without_soft_targets", "warning")
    ]


def test_that_a_network_that_cannot_be_taken_apart_is_warned_of(tmp_path: Path) -> None:
    odd = (
        "class Odd(nn.Linear):\n    def forward(self, x):\n"
        "        return super().forward(x) if x.sum() > 0 else super().forward(x * 2)\n\n\n"
    )
    text = ADAPTER.replace("class Small", odd + "class Small").replace("nn.Linear(4,", "Odd(4,")

    problems = tried(tmp_path / "p", text)

    assert [(problem.code, problem.severity) for problem in problems] == [("trace_failed", "warning")]


@pytest.mark.parametrize(
    ("statement", "code", "said"),
    [
        ("__import__('os')._exit(5)", "trial_crashed", "exit code 5"),
        pytest.param("__import__('ctypes').string_at(0)", "trial_crashed", "SIGSEGV", marks=pytest.mark.slow),
        pytest.param(
            "__import__('threading').Event().wait()",
            "trial_endless",
            "did not end within",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_that_a_model_that_ends_its_process_or_never_comes_back_is_told(
    tmp_path: Path, statement: str, code: str, said: str
) -> None:
    text = FULL_CONTROL.replace("for epoch in range", f"{statement}\n        for epoch in range")
    source = write_plugin(tmp_path / "p", text)

    # Only the endless one is waited for: a crash is told at once, however slow the machine is.
    (problem,) = check(source.path, Limits(120, 20 if code == "trial_endless" else 120))

    assert problem.code == code
    assert said in problem.message
    assert problem.line == (None if "_exit" in statement else line_of(source, statement))


def test_that_what_describing_finds_is_told_and_the_model_is_not_tried(tmp_path: Path) -> None:
    text = plugin_text("m").replace("default=2", "default=10")
    text = text.replace("def __init__(self, config):", "def __init__(self, config):\n        1 / 0")
    files = {"model.py": text, "requirements.txt": "numpy\n# a note\nlensmith-test-dep>=2\n-r other.txt\n"}
    source = write_plugin(tmp_path / "p", files)

    problems = {problem.code: problem for problem in check(source.path)}

    assert set(problems) == {"default_invalid", "requirement_unreadable", "plugin_requirements"}
    assert problems["default_invalid"].line == line_of(source, "default=10")
    assert problems["plugin_requirements"].line == 3
    assert problems["plugin_requirements"].severity == "error"
    assert problems["requirement_unreadable"].line == 4


def test_that_a_task_that_the_engine_cannot_train_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "task_names", lambda: ["classification"])

    (problem,) = tried(tmp_path / "p", ADAPTER.replace("classification", "segmentation"))

    assert problem.code == "task_unsupported"


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_that_a_classifiers_network_is_none_for_another_task(tmp_path: Path, task: str) -> None:
    problems = tried(tmp_path / "p", ADAPTER.replace("classification", task))

    assert "outputs_wrong" in {problem.code for problem in problems}


def test_that_a_path_without_a_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as raised:
        check(tmp_path)

    assert raised.value.code == "plugin_not_found"
