"""A run whose images come from other processes is the run that it would have been."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from engine.data.worker_trial import CrewSize
from engine.device.resolved import Resolved
from engine.protocol.events import Notice
from engine.protocol.run_folder import read_record
from engine.training import spreading
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures

SETTINGS: dict[str, object] = {"epochs": 2, "batch_size": 2, "deterministic": True, "workers": "auto"}


@pytest.fixture
def _crews_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with many cores and a GPU that threads do not keep up with."""
    monkeypatch.setattr(spreading, "most_workers", lambda resource: 8)
    monkeypatch.setattr(spreading, "crews_to_try", lambda cores, most: [CrewSize(2, 1)])
    monkeypatch.setattr(spreading, "_WORTH_THE_MEMORY", 0.0)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A network of few weights."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "model.py").write_text(
        "from torch import nn\n"
        "from engine.plugin import ModelMetadata, TorchModel\n"
        "class Small(TorchModel):\n"
        "    @classmethod\n"
        "    def get_metadata(cls):\n"
        "        return ModelMetadata(name='small', task_type='classification')\n"
        "    def build(self):\n"
        "        body = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2))\n"
        "        return nn.Sequential(body, nn.Flatten(), nn.Linear(16, self.num_classes))\n",
        encoding="utf-8",
    )
    return folder


def codes(run: MadeRun) -> set[str]:
    return {event.code for event in run.events() if isinstance(event, Notice)}


@pytest.mark.slow
@pytest.mark.usefixtures("_crews_of_two")
def test_that_a_run_in_processes_comes_to_the_same_weights(tmp_path: Path, plugin: Path) -> None:
    data = write_pictures(tmp_path / "data", per_class=110)
    run = make_run(tmp_path, data, SETTINGS, plugin)

    assert run.work().failure is None

    assert {"workers_chosen", "processes_chosen"} <= codes(run)
    resolved = read_record(run.folder.resolved_path, Resolved)
    assert (resolved.processes, resolved.workers) == (2, 1)
    assert not [child for child in psutil.Process().children() if "loader_child" in " ".join(child.cmdline())]
    threads = make_run(tmp_path, data, SETTINGS | {"workers": 2}, plugin)
    assert threads.work().failure is None
    assert "processes_chosen" not in codes(threads)
    assert run.fingerprint() == threads.fingerprint()
