"""Rehearsals of real trainings, in the test's own process: every task, both ways to train, and what goes wrong."""

from __future__ import annotations

import gc
from pathlib import Path

import psutil
import pytest

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.device import memory
from engine.errors import UserError
from engine.jobs.rehearsal import rehearse
from engine.jobs.rehearsal_budget import Budget
from engine.jobs.timed_loader import TrialDesk
from engine.protocol.operating_system import forget_peak_memory
from engine.protocol.rehearsal import Rehearsal
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures
from tests.engine.jobs.scenes import write_scenes
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
MODEL = """
import time
import torch
from torch import nn
from engine.plugin import ModelMetadata, TorchModel

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.head = nn.Linear(12, classes)
        self.pool = nn.AdaptiveAvgPool2d(2)
    def forward(self, pixels):
        {fault}
        return self.head(self.pool(pixels).flatten(1))

class Odd(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="odd", task_type="classification")
    def build(self):
        return Net(self.num_classes)
"""
NO_ROOM = 'raise RuntimeError("CUDA out of memory. Tried to allocate")'


def rehearsed(run: MadeRun, seconds: float = 20.0) -> Rehearsal:
    attempt = run.folder.attempt(1)
    reporter = Reporter(attempt)
    try:
        desk = TrialDesk(run.folder, attempt, reporter, Control(run.folder, 1, reporter))
        return rehearse(desk, Budget(seconds))
    finally:
        reporter.close()


def odd_run(tmp_path: Path, fault: str, per_class: int = 12, **config: object) -> MadeRun:
    plugin = tmp_path / "odd"
    plugin.mkdir()
    (plugin / "model.py").write_text(MODEL.replace("{fault}", fault), encoding="utf-8")
    data = write_pictures(tmp_path / "data", per_class=per_class)
    return make_run(tmp_path / "home", data, config, plugin)


def require_figures(found: Rehearsal, epochs: int) -> None:
    """What holds for every rehearsal that went well."""
    assert found.device == "cpu"
    assert found.epochs == epochs
    assert found.images_per_s > 0
    assert found.step_s == pytest.approx(found.batch_size / found.images_per_s)
    assert 0 <= found.data_wait_share <= 1
    assert found.validation_s > 0
    assert 0 < found.first_step_s < found.seconds
    parts = found.first_epoch_s + (epochs - 1) * found.epoch_s + epochs * found.validation_s
    assert found.total_s >= found.first_step_s + parts
    assert found.memory_limit_bytes is not None
    assert 0 < found.peak_memory_bytes < found.memory_limit_bytes
    assert found.checkpoint_bytes > 0
    assert found.disk_bytes == 2 * found.checkpoint_bytes  # last and best
    assert any(one.batch_size == found.batch_size and one.fits for one in found.tried)
    assert found.cost is None


def test_that_a_classifier_is_measured_in_the_engines_loop(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", per_class=20)
    found = rehearsed(make_run(tmp_path / "home", data, {"epochs": 3, "batch_size": 16}))

    require_figures(found, epochs=3)
    assert found.batch_size == 16
    assert found.precision == "fp32"
    assert [one.batch_size for one in found.tried][:3] == [2, 8, 16]
    assert found.epoch_s == pytest.approx(40 / found.images_per_s)
    assert found.warnings == ()
    assert found.not_measured == ()


def test_that_a_detector_is_measured_in_the_engines_loop(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 12, "val": 4})
    run = make_detection_run(tmp_path / "home", data, FIXTURES / "changed_detector", {"epochs": 2})

    require_figures(rehearsed(run), epochs=2)


def test_that_a_segmenter_is_measured_in_the_engines_loop(tmp_path: Path) -> None:
    data = write_scenes(tmp_path / "data", train=12)
    run = make_run(tmp_path / "home", data, {"epochs": 2, "image_size": 32}, FIXTURES / "changed_segmenter")

    require_figures(rehearsed(run), epochs=2)


@pytest.mark.parametrize("plugin", ["own_classifier", "own_detector", "own_segmenter"])
def test_that_a_plugin_with_a_loop_of_its_own_is_measured_between_its_batches(
    tmp_path: Path, plugin: str
) -> None:
    own: dict[str, object] = {"epochs": 30, "learning_rate": 0.01, "gamma": 2.0, "image_size": 32}
    home, source = tmp_path / "home", FIXTURES / plugin
    if plugin == "own_detector":
        data = write_squares(tmp_path / "data", {"train": 12, "val": 4})
        run = make_detection_run(home, data, source, own)
    elif plugin == "own_segmenter":
        run = make_run(home, write_scenes(tmp_path / "data", train=12), own, source)
    else:
        run = make_run(home, write_pictures(tmp_path / "data"), own, source)

    found = rehearsed(run)

    require_figures(found, epochs=30)
    assert found.precision == ""
    assert "loop of its own" in found.not_measured[-1]
    assert [one.batch_size for one in found.tried] == [4]


def test_that_a_batch_that_does_not_fit_is_told_with_one_that_does(tmp_path: Path) -> None:
    fault = f"if self.training and len(pixels) > 5: {NO_ROOM}"
    found = rehearsed(odd_run(tmp_path, fault, batch_size=16, epochs=2))

    assert found.batch_size == 4
    assert {one.batch_size: one.fits for one in found.tried} == {2: True, 4: True, 8: False, 16: False}
    (warning,) = found.warnings
    assert warning.code == "memory_too_small"
    assert "for a batch of 16" in warning.message
    proposed = {one.field: (one.current, one.proposed) for one in found.proposals}
    assert proposed == {"batch_size": (16, 4), "accumulate_steps": (1, 4)}


def test_that_a_batch_that_fails_only_among_real_steps_is_told_as_well(tmp_path: Path) -> None:
    fault = f"if self.training and len(pixels) > 10: {NO_ROOM}"
    found = rehearsed(odd_run(tmp_path, fault, batch_size=16, epochs=2))

    assert found.batch_size == 8
    assert [one.code for one in found.warnings] == ["memory_too_small"]
    assert {one.field: one.proposed for one in found.proposals} == {"batch_size": 8, "accumulate_steps": 2}


def test_that_a_model_that_never_fits_ends_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not enough for this model at image_size 16") as caught:
        rehearsed(odd_run(tmp_path, NO_ROOM, batch_size=16))
    assert caught.value.code == "rehearsal_no_memory"


def test_that_memory_is_foreseen_by_the_line_through_smaller_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each image takes three times 16 MiB or more on its way forth and back: 8 fit into 1000 MiB, 32 do not.
    fault = (
        "kept = torch.ones(len(pixels), 1 << 22, requires_grad=True).exp(); pixels = pixels + 0 * kept.sum()"
    )
    run = odd_run(tmp_path, fault, per_class=24, batch_size=32, epochs=2)
    gc.collect()
    forget_peak_memory()  # gives back what earlier tests have left
    taken = psutil.Process().memory_info().rss
    monkeypatch.setattr(memory, "free_memory_bytes", lambda: round((taken + (1000 << 20)) / 0.85) - taken)
    found = rehearsed(run, seconds=20)

    fits = {one.batch_size: one.fits for one in found.tried}
    assert fits[2]
    assert fits[8]
    assert not fits[32]
    assert 8 <= found.batch_size < 32
    foreseen = found.tried[-1].peak_memory_bytes - taken
    assert 32 * (36 << 20) < foreseen < 32 * (192 << 20)
    assert [one.code for one in found.warnings] == ["memory_too_small"]


def test_that_a_batch_too_slow_to_be_rehearsed_is_rehearsed_smaller(tmp_path: Path) -> None:
    fault = "time.sleep(0.02 * len(pixels))"
    found = rehearsed(odd_run(tmp_path, fault, per_class=40, batch_size=64, epochs=2), seconds=3)

    assert 8 <= found.batch_size < 64
    assert found.not_measured[0].startswith("A step of 64 images takes about ")
    assert found.step_s >= 0.8 * 0.02 * found.batch_size
    assert found.epoch_s >= 0.8 * 0.02 * 80
    assert found.proposals == ()


def test_that_what_would_go_wrong_in_the_training_is_warned_of(tmp_path: Path) -> None:
    found = rehearsed(odd_run(tmp_path, "pass", batch_size=64, epochs=2, freeze_epochs=1))

    assert [one.code for one in found.warnings] == ["batch_larger_than_split", "backbone_unknown"]
    assert {one.field: one.proposed for one in found.proposals} == {"batch_size": 2}


def test_that_a_loss_that_runs_away_is_warned_of(tmp_path: Path) -> None:
    found = rehearsed(odd_run(tmp_path, "pixels = pixels * float('nan')", batch_size=4))

    assert [one.code for one in found.warnings] == ["loss_not_finite"]


def test_that_what_the_plugin_raises_is_told_as_the_training_would(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="The model plugin raised KeyError") as caught:
        rehearsed(odd_run(tmp_path, "raise KeyError('x')"))
    assert caught.value.code == "plugin_raised"
