"""A plugin's own decode is what is measured, as it is what predicts."""

from __future__ import annotations

import json
from pathlib import Path

from engine.plugin.restore import restore_model
from tests.engine.datasets.pictures import write_picture
from tests.engine.jobs.run_maker import make_run, write_pictures

MODEL = """
import torch
from torch import nn
from engine.plugin import ClassScores, ModelMetadata, TorchModel

class AlwaysLight(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="always-light", task_type="classification")

    def build(self):
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, self.num_classes))

    def decode(self, outputs):
        return [ClassScores(torch.tensor([0.1, 0.9]).numpy()) for _ in outputs]
"""


def test_that_an_overridden_decode_reaches_validation_and_prediction_alike(tmp_path: Path) -> None:
    plugin = tmp_path / "always_light"
    plugin.mkdir()
    (plugin / "model.py").write_text(MODEL, encoding="utf-8")
    run = make_run(tmp_path / "home", write_pictures(tmp_path / "data"), {"epochs": 1}, plugin)
    assert run.work().failure is None

    summary = json.loads((run.folder.results / "0001" / "summary.json").read_text(encoding="utf-8"))
    assert summary["metrics"]["val/accuracy"] == 0.5
    assert summary["per_class"]["recall"] == {"dark": 0.0, "light": 1.0}
    restored = restore_model(run.folder.checkpoints / "last")
    from engine.datasets.decode import decode_image

    (answer,) = restored.infer([decode_image(write_picture(tmp_path / "x.png"))])
    assert answer.best == 1  # pyright: ignore[reportAttributeAccessIssue]  # a classifier's answer
