"""A plugin with its own loop goes on where it was: epochs, images, random numbers, best, patience, steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.channel import control
from engine.errors import UserError
from engine.plugin.plugin_checkpoints import OWN_STATE, RANDOMNESS
from engine.protocol.checkpoint import read_meta
from engine.protocol.events import BestImproved, CheckpointSaved, Progress
from tests.engine.plugin.own_loop import STEPS, OwnLoop, OwnRun


@pytest.fixture(autouse=True)
def obey_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "COMMAND_POLL_S", 0.0)


class Crash(Exception):
    """As if the process had been killed."""


def crashing(at_epoch: int, at_batch: int = 0) -> type[OwnLoop]:
    class Crashing(OwnLoop):
        def after_step(self, epoch: int, batch: int, callbacks: Any) -> None:
            if (epoch, batch) == (at_epoch, at_batch):
                raise Crash

    return Crashing


class Knowing(OwnLoop):
    """It reads where to start."""

    def epochs(self) -> range:
        return range(self.config["start_epoch"], self.config["epochs"])


def pausing(run: OwnRun, at_epoch: int, at_batch: int) -> type[OwnLoop]:
    class Pausing(OwnLoop):
        def after_step(self, epoch: int, batch: int, callbacks: Any) -> None:
            if (epoch, batch) == (at_epoch, at_batch):
                run.order("pause")

    return Pausing


@pytest.mark.parametrize("killed_in", [1, 2, 3])
@pytest.mark.parametrize("rest", [OwnLoop, Knowing])
def test_that_a_killed_run_ends_with_the_same_bits(
    rest: type[OwnLoop], killed_in: int, tmp_path: Path
) -> None:
    whole, cut = OwnRun(tmp_path / "whole", epochs=4), OwnRun(tmp_path / "cut", epochs=4)
    whole.train()
    cut.write_source("config['start_epoch']" if rest is Knowing else "")
    with pytest.raises(Crash):
        cut.train(crashing(killed_in, at_batch=1))

    outcome = cut.train(rest, resume="last")

    assert (outcome.state, outcome.epoch, outcome.step) == ("completed", 4, 4 * STEPS)
    assert [epoch for epoch, _ in cut.values("epoch")] == list(range(killed_in + 1, 5))
    one, other = whole.saved_weights(), cut.saved_weights()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_that_the_dropped_numbers_are_why_random_state_is_kept(tmp_path: Path) -> None:
    whole, cut = OwnRun(tmp_path / "whole"), OwnRun(tmp_path / "cut")
    whole.train()
    with pytest.raises(Crash):
        cut.train(crashing(1))
    meta = read_meta(cut.folder.checkpoints / "last")
    assert {OWN_STATE, RANDOMNESS, "plugin/checkpoint.pt"} == set(meta.files)
    without = {name: digest for name, digest in meta.files.items() if name != RANDOMNESS}
    (cut.folder.checkpoints / "last" / RANDOMNESS).unlink()
    (cut.folder.checkpoints / "last" / "meta.json").write_text(
        meta.model_copy(update={"files": without}).model_dump_json(), encoding="utf-8"
    )

    cut.train(resume="last")

    assert not torch.equal(whole.saved_weights()["2.weight"], cut.saved_weights()["2.weight"])


def test_that_a_pause_in_mid_epoch_leads_back_to_its_beginning(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run")
    paused = run.train(pausing(run, at_epoch=1, at_batch=1))
    meta = read_meta(run.folder.checkpoints / "last")
    assert (paused.state, paused.epoch, paused.step) == ("paused", 1, STEPS + 2)
    assert (meta.epoch, meta.batch, meta.step) == (1, 2, STEPS + 2)
    run.train_images.started.clear()

    outcome = run.train(resume="last")

    assert (outcome.epoch, outcome.step) == (3, 3 * STEPS)
    assert run.train_images.started == [1, 2]
    assert [(event.step, event.steps_total) for event in run.said(Progress)][-1] == (3 * STEPS, 3 * STEPS)


def test_that_a_run_that_was_killed_after_its_last_epoch_trains_no_more(tmp_path: Path) -> None:
    class AtLeastOnce(OwnLoop):
        def epochs(self) -> range:
            return range(max(1, self.config["epochs"]))

    run = OwnRun(tmp_path / "run")
    run.train()
    run.train_images.started.clear()

    outcome = run.train(AtLeastOnce, resume="last")

    assert (outcome.state, outcome.epoch) == ("completed", 3)
    assert run.train_images.started == []
    assert run.said(CheckpointSaved) == []


def test_that_more_epochs_go_on_from_the_last(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", epochs=2)
    run.train()
    run.flat["epochs"] = 4

    assert run.train(resume="last").epoch == 4
    assert [epoch for epoch, _ in run.values("epoch")] == [3, 4]


def losing(*losses: float) -> type[OwnLoop]:
    """A plugin that reports these validation losses in turn, and crashes when there are no more."""

    class Losing(OwnLoop):
        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            if epoch >= len(losses):
                raise Crash
            callbacks.on_epoch_end(epoch, {"loss": 1, "val_loss": losses[epoch]})

    return Losing


def test_that_best_and_patience_outlive_the_process_also_of_a_substitute(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", epochs=9, early_stopping__enabled=True, early_stopping__patience=3)
    with pytest.raises(Crash):
        run.train(losing(0.5, 0.6, 0.6))

    outcome = run.train(losing(0.55, 0.1), resume="last")

    assert outcome.state == "completed"
    assert outcome.reason == "loss has not improved in 3 validations"
    assert run.said(BestImproved) == []
    assert outcome.best is not None
    assert (outcome.best.metric, outcome.best.value, outcome.best.epoch) == ("val/loss", 0.5, 1)
    assert run.checkpoints() == {"best": 1, "last": 4}


def test_that_a_run_that_stopped_early_is_given_its_patience_anew(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", epochs=9, early_stopping__enabled=True, early_stopping__patience=2)
    assert run.train(losing(0.5, 0.6, 0.6)).epoch == 3

    assert run.train(losing(0.6, 0.6), resume="last").epoch == 5


def test_that_values_of_another_metric_are_no_best(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", epochs=3, validation__metric="loss")
    with pytest.raises(Crash):
        run.train(losing(0.9))
    run.flat["validation.metric"] = "accuracy"

    run.train(resume="last")

    assert [(best.metric, best.value) for best in run.said(BestImproved)] == [("val/accuracy", 0.5)]


@pytest.mark.parametrize("name", [OWN_STATE, RANDOMNESS, "plugin/checkpoint.pt"])
def test_that_a_checkpoint_that_is_not_what_was_written_is_refused(name: str, tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", epochs=1)
    run.train()
    file = run.folder.checkpoints / "last" / name
    file.write_bytes(file.read_bytes() + b" ")

    with pytest.raises(UserError) as caught:
        run.train(resume="last")
    assert caught.value.code == "checkpoint_damaged"


def test_that_a_plugin_may_call_a_file_of_its_own_meta(tmp_path: Path) -> None:
    class Named(OwnLoop):
        def save_checkpoint(self, path: str, epoch: int, metrics: dict[str, float]) -> None:
            super().save_checkpoint(path, epoch, metrics)
            Path(path).with_name("meta.json").write_text("own", encoding="utf-8")

    run = OwnRun(tmp_path / "run", epochs=1)
    run.train(Named)

    for name in ("best", "last"):
        own = run.folder.checkpoints / name / "plugin" / "meta.json"
        assert own.read_text(encoding="utf-8") == "own"
