"""A fourth task, registered under its name, is trained, measured, checked and exported without another change."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.data.box_geometry import sample_matrix
from engine.data.geometry import Cut
from engine.data.targets import SplitFiles
from engine.datasets.manifest import Manifest
from engine.plugin import model_rules
from engine.plugin.description import describe_source
from engine.plugin.discovery import source_at
from engine.plugin.restore import restore_model
from engine.plugin.trial import try_model
from engine.protocol.events import BestImproved, ExportWritten, MetricsLogged
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record, write_record
from engine.tasks import registry
from tests.engine.jobs.run_maker import MadeRun, make_run
from tests.fixtures.points_task import POINTS_FILE, PointTargets

PLUGIN = """
from torch import nn
from engine.plugin import ModelMetadata, TorchModel

class Finder(TorchModel):
    presets = {}

    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="finder", framework="pytorch", task_type="points")

    def build(self):
        layers = []
        for before, after in ((3, 16), (16, 32), (32, 32)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        side = self.image_size // 8
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * side * side, 2), nn.Sigmoid())
"""
CONFIG: dict[str, object] = {
    "epochs": 25,
    "batch_size": 8,
    "image_size": 32,
    "optimizer.lr": 3e-3,
    "augmentation.random_rotation": 10.0,
}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two lines that the README speaks of."""
    monkeypatch.setitem(registry._TASKS, "points", ("tests.fixtures.points_task", "Points"))  # pyright: ignore[reportPrivateUsage]  # what a task's author edits
    monkeypatch.setattr(model_rules, "TASKS", (*model_rules.TASKS, "points"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Dark images with one light spot each; the classes of the folders mean nothing."""
    rng = np.random.default_rng(3)
    places = {}
    for split, count in (("train", 24), ("val", 8)):
        for number in range(count):
            pixels = rng.integers(0, 60, (40, 60, 3)).astype(np.uint8)
            x, y = int(rng.integers(12, 48)), int(rng.integers(8, 32))
            pixels[y - 4 : y + 4, x - 4 : x + 4] = 240
            path = f"{split}/{'ab'[number % 2]}/{number}.png"
            (tmp_path / "data" / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "data" / path)
            places[path] = (x, y)
    (tmp_path / "data" / POINTS_FILE).write_text(json.dumps(places), encoding="utf-8")
    return tmp_path / "data"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    (tmp_path / "finder").mkdir()
    (tmp_path / "finder" / "model.py").write_text(PLUGIN, encoding="utf-8")
    return tmp_path / "finder"


def points_run(home: Path, data: Path, plugin: Path, kind: str = "train", **options: object) -> MadeRun:
    run = make_run(home, data, CONFIG, plugin, "train" if kind == "train" else "export")
    manifest = Manifest.load(run.folder.manifest_path).model_copy(update={"task": "points"})
    manifest.save(run.folder.manifest_path)
    job = run.folder.job().model_copy(update={"task": "points", "kind": kind, "task_options": options})
    write_record(run.folder.job_path, job)
    return run


def test_that_a_plugin_of_the_task_passes_every_check(plugin: Path) -> None:
    source = source_at(plugin)
    answer, models = describe_source(source)
    (entry,) = answer.entries
    assert [*entry.problems, *try_model(source, models[0], entry)] == []


def test_that_the_task_is_trained_measured_asked_and_exported(
    tmp_path: Path, data: Path, plugin: Path
) -> None:
    home = tmp_path / "home"
    run = points_run(home, data, plugin)
    assert run.work().failure is None

    told = [event for event in run.events() if isinstance(event, MetricsLogged)]
    distances = [event.values["val/distance"] for event in told if event.scope == "validation"]
    # Of samples of 32 pixels.
    assert min(distances) < 4 < distances[0]
    assert [event for event in run.events() if isinstance(event, BestImproved)][-1].metric == "val/distance"

    again = run.again("checkpoints/last", epochs=26)
    assert again.work().failure is None

    tested = points_run(home, data, plugin, "evaluate", parent_run="run-1", checkpoint="best", split="val")
    assert tested.work().failure is None
    summary = read_record(tested.folder.results / "0001" / "summary.json", ResultSummary)
    assert summary.metrics["test/distance"] < 8
    assert summary.columns[:2] == ("item", "distance")

    (answer,) = restore_model(run.folder.checkpoints / "best").infer([np.zeros((40, 60, 3), np.uint8)])
    assert answer.place.shape == (2,)  # pyright: ignore[reportAttributeAccessIssue]  # the task's own type

    exported = points_run(home, data, plugin, "export", parent_run="run-1", checkpoint="best", options={})
    assert exported.work().failure is None
    assert next(event for event in exported.events() if isinstance(event, ExportWritten)).verified


def test_that_a_point_follows_its_image(data: Path, tmp_path: Path, plugin: Path) -> None:
    manifest = Manifest.load(make_run(tmp_path / "home", data, CONFIG, plugin).folder.manifest_path)
    source = PointTargets(SplitFiles(manifest, data, range(len(manifest.items))))
    cut = Cut(3, 5, 30, 30, angle=20.0, mirrored=True)
    place = source.stored(0, 60, 40)

    moved = source.cut(place, cut, 32)

    np.testing.assert_allclose(moved, sample_matrix(cut, 32) @ [*place, 1], rtol=1e-5)
