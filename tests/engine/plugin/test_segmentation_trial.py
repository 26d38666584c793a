"""Trying out segmenters: good ones pass every check, and each harm is told at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.plugin.description import describe_source
from engine.plugin.trial import try_model
from engine.protocol.catalog import PluginProblem
from tests.engine.plugin.texts import write_plugin

OWN = (Path(__file__).resolve().parents[2] / "fixtures" / "own_segmenter" / "model.py").read_text("utf-8")
ADAPTER = """from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class Small(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="small", framework="pytorch", task_type="segmentation")

    def build(self):
        first = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        return nn.Sequential(first, nn.Conv2d(4, self.num_classes, 1))
"""


def tried(folder: Path, text: str) -> list[PluginProblem]:
    """Try a plugin out in this process, where torch is loaded already."""
    source = write_plugin(folder, text)
    answer, models = describe_source(source)
    (entry,) = answer.entries
    assert entry.problems == []
    return try_model(source, models[0], entry)


@pytest.mark.parametrize("text", [ADAPTER, OWN], ids=["adapter", "own loop"])
def test_that_a_good_segmenter_passes_every_check(tmp_path: Path, text: str) -> None:
    assert tried(tmp_path / "p", text) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "code"),
    [
        (ADAPTER, "nn.Conv2d(4, self.num_classes, 1)", "nn.Conv2d(4, 7, 1)", "outputs_wrong"),
        (ADAPTER, "nn.Conv2d(4, self.num_classes, 1)", "nn.Flatten()", "outputs_wrong"),
        (OWN, "SegmentationMap(scores.argmax(dim=1)[0].numpy())", "scores[0].numpy()", "trial_infer_failed"),
        (OWN, "(self.model.state_dict(), path)", "({}, path)", "trial_reload_failed"),
        (OWN, "loss.backward()", "loss.backwards()", "trial_training_failed"),
    ],
)
def test_that_a_broken_segmenter_is_told(tmp_path: Path, text: str, old: str, new: str, code: str) -> None:
    assert old in text

    problems = tried(tmp_path / "p", text.replace(old, new))

    assert code in {problem.code for problem in problems}
