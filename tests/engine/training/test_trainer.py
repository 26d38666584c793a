"""The loop does what its settings and the user's orders say, and tells of it."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path

import pytest
import torch

from engine.channel import control
from engine.checkpoints.read import read_checkpoint, read_weights
from engine.config.schedule import Extension
from engine.errors import UserError
from engine.protocol import events as said
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.commands import CommandKind, write_command
from engine.training import orders, telemetry
from tests.engine.training.tiny import TinyRun, TinyTrainable


@pytest.fixture(autouse=True)
def look_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "READ_EVERY_S", 0.0)
    monkeypatch.setattr(control, "COMMAND_POLL_S", 0.0)
    monkeypatch.setattr(orders, "COMMAND_POLL_S", 0.01)


def order_at(run: TinyRun, loss: int, *kinds: CommandKind) -> TinyTrainable:
    def before_loss(number: int) -> None:
        if number == loss:
            for kind in kinds:
                write_command(run.folder.commands, kind, run.attempt)

    return TinyTrainable(before_loss)


def names(run: TinyRun) -> list[str]:
    return [name for name, _ in list_checkpoints(run.folder.checkpoints)]


def of_type(run: TinyRun, kind: type, attempt: int | None = None) -> list:
    return [event for event in run.events(attempt) if isinstance(event, kind)]


def test_that_a_run_trains_its_epochs_validates_each_and_keeps_last_and_best(tmp_path: Path) -> None:
    run = TinyRun(tmp_path)
    run.scores = [0.5, 0.75, 0.25]

    outcome = run.train()

    assert (outcome.state, outcome.epoch, outcome.step) == ("completed", 3, 18)
    assert run.validated == [(1, 6), (2, 12), (3, 18)]
    assert outcome.best is not None
    assert (outcome.best.metric, outcome.best.value, outcome.best.epoch) == ("val/accuracy", 0.75, 2)
    assert sorted(names(run)) == ["best", "last"]
    best = read_checkpoint(run.folder.checkpoints / "best").meta
    assert (best.epoch, best.step, best.metrics["val/accuracy"]) == (2, 12, 0.75)


def test_that_the_loss_falls_on_images_that_can_be_learned_by_heart(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, epochs=60, optimizer__lr=0.02, augmentation__enabled=False)
    run.train()

    losses = [e.values["train/loss"] for e in of_type(run, said.MetricsLogged) if e.scope == "epoch"]
    assert losses[-1] < 0.5 * losses[0]


def test_that_events_name_every_step_once_and_the_epochs_from_one(tmp_path: Path) -> None:
    run = TinyRun(tmp_path)
    run.train()

    steps = [e.step for e in of_type(run, said.MetricsLogged) if e.scope == "step"]
    assert steps == sorted(set(steps))
    assert {e.epoch for e in of_type(run, said.MetricsLogged)} == {1, 2, 3}
    assert [e.seq for e in run.events()] == list(range(len(run.events())))
    last = of_type(run, said.Progress)[-1]
    assert (last.epoch, last.epochs, last.step, last.steps_total) == (3, 3, 18, 18)
    phases = [e.name for e in of_type(run, said.PhaseChanged) if e.edge == "begin"]
    assert phases[-1] == "first_step"


@pytest.mark.parametrize(
    ("kind", "state"), [("pause", "paused"), ("stop", "stopped"), ("cancel", "cancelled")]
)
def test_that_an_order_ends_the_run_after_the_step(kind: CommandKind, state: str, tmp_path: Path) -> None:
    run = TinyRun(tmp_path)

    outcome = run.train(order_at(run, 8, kind))

    assert (outcome.state, outcome.step) == (state, 8)
    assert [(e.number, e.ok) for e in of_type(run, said.CommandDone)] == [(1, True)]
    assert ("last" in names(run)) == (kind != "cancel" or outcome.epoch > 0)


def test_that_a_paused_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, paused = TinyRun(tmp_path / "whole"), TinyRun(tmp_path / "paused")
    whole.train()

    paused.train(order_at(paused, 9, "pause"))
    outcome = paused.train(resume="last")

    assert outcome.step == 18
    one, other = (read_weights(r.folder.checkpoints / "last") for r in (whole, paused))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_that_a_held_run_stands_still_until_it_is_told_to_go_on(tmp_path: Path) -> None:
    run = TinyRun(tmp_path)

    def go_on() -> None:
        while not any(e.state == "held" for e in of_type(run, said.StateChanged, 1)):
            time.sleep(0.01)
        write_command(run.folder.commands, "resume", 1)

    run.folder.attempt(1).path.mkdir(parents=True)
    run.folder.attempt(1).events_path.touch()
    waker = threading.Thread(target=go_on, daemon=True)
    waker.start()
    outcome = run.train(order_at(run, 3, "hold"))
    waker.join(timeout=10)

    assert outcome.state == "completed"
    states = [e.state for e in of_type(run, said.StateChanged)]
    assert states == ["running", "held", "running"]


def test_that_orders_after_an_ending_are_refused(tmp_path: Path) -> None:
    run = TinyRun(tmp_path)

    run.train(order_at(run, 4, "stop", "checkpoint"))

    answers = {e.kind: e.ok for e in of_type(run, said.CommandDone)}
    assert answers == {"stop": True, "checkpoint": False}


def test_that_early_stopping_ends_after_as_many_validations_without_a_gain(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, epochs=10, early_stopping__enabled=True, early_stopping__patience=2)
    run.scores = [0.4, 0.6, 0.6, 0.5]

    outcome = run.train()

    assert (outcome.state, outcome.epoch) == ("completed", 4)
    assert [e.code for e in of_type(run, said.Notice)] == ["stopped_early"]


def test_that_a_gain_smaller_than_min_delta_is_none(tmp_path: Path) -> None:
    run = TinyRun(
        tmp_path,
        epochs=10,
        early_stopping__enabled=True,
        early_stopping__patience=1,
        early_stopping__min_delta=0.1,
    )
    run.scores = [0.4, 0.45]

    assert run.train().epoch == 2


def test_that_the_metric_that_decides_can_be_one_that_shall_fall(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, validation__metric="loss")
    run.scores = [0.2, 0.9, 0.5]

    best = run.train().best

    assert best is not None
    assert (best.metric, best.epoch) == ("val/loss", 2)
    assert math.isclose(best.value, 0.1)


def test_that_an_unknown_metric_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not measure") as refusal:
        TinyRun(tmp_path, validation__metric="map50").train()

    assert "accuracy" in refusal.value.hint


def test_that_validation_keeps_to_its_interval_and_always_sees_the_end(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, epochs=5, validation__val_interval=2)
    run.train()

    assert [epoch for epoch, _ in run.validated] == [2, 4, 5]


def test_that_nothing_is_validated_when_that_is_off(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, validation__enabled=False)
    run.train()

    assert run.validated == []
    assert names(run) == ["last"]


def test_that_numbered_checkpoints_are_kept_by_policy(tmp_path: Path) -> None:
    run = TinyRun(
        tmp_path,
        epochs=6,
        validation__save_best_only=False,
        checkpoint__every_epochs=2,
        checkpoint__keep_last=2,
    )
    run.train()

    assert sorted(names(run)) == ["best", "epoch-0004", "epoch-0006", "last"]
    assert [e.name for e in of_type(run, said.CheckpointRemoved)] == ["epoch-0002"]


def test_that_the_time_limit_stops_and_keeps(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, max_hours=1e-9)

    outcome = run.train()

    assert (outcome.state, outcome.step) == ("stopped", 1)
    assert "last" in names(run)


def test_that_a_loss_that_is_not_a_number_ends_the_run_and_keeps_the_good_checkpoint(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, optimizer__type="sgd", optimizer__lr=10.0, optimizer__momentum=0.99, epochs=200)

    with pytest.raises(UserError) as failure:
        run.train()

    assert failure.value.code == "loss_not_finite"
    kept = read_weights(run.folder.checkpoints / "last")
    assert all(bool(torch.isfinite(tensor).all()) for tensor in kept.values() if tensor.is_floating_point())


def lrs(run: TinyRun) -> dict[int, float]:
    found = [e for a in range(1, run.attempt + 1) for e in of_type(run, said.MetricsLogged, a)]
    return {e.step: e.values["train/lr"] for e in found if e.scope == "step"}


def test_that_a_plateau_lowers_the_rate_after_its_patience(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, epochs=5, scheduler__type="plateau", scheduler__patience=1, scheduler__factor=0.5)
    run.scores = [0.6, 0.5, 0.5, 0.5, 0.5]
    run.train()

    by_epoch = [lrs(run)[step] for step in (1, 7, 13, 19, 25)]
    assert by_epoch == pytest.approx([0.01, 0.01, 0.005, 0.0025, 0.00125])


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("continue", None), ("flat", "as at the end"), ("restart", "as at the start")],
)
def test_that_an_extended_run_trains_on_by_the_chosen_schedule(
    schedule: str, expected: str | None, tmp_path: Path
) -> None:
    run = TinyRun(tmp_path, epochs=2)
    run.train()
    ending = lrs(run)[12]
    run.flat["epochs"] = 4
    extension = None if schedule == "continue" else Extension(2, "flat" if schedule == "flat" else "restart")

    outcome = run.train(resume="last", extension=extension)

    assert (outcome.epoch, outcome.step) == (4, 24)
    first = lrs(run)[13]
    if expected == "as at the end":
        assert first == pytest.approx(ending)
    elif expected == "as at the start":
        assert first == pytest.approx(0.01)
    else:
        planned = TinyRun(tmp_path / "planned", epochs=4)
        planned.train()
        assert first == pytest.approx(lrs(planned)[13])


def test_that_a_frozen_backbone_does_not_move_and_later_does(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, epochs=2, freeze_epochs=1)
    trainable = TinyTrainable()
    start = [parameter.detach().clone() for parameter in trainable.backbone_parameters()]
    norm = trainable.backbone[1]
    assert isinstance(norm, torch.nn.BatchNorm2d)
    assert norm.running_mean is not None
    statistics = norm.running_mean.clone()
    after: list[tuple[bool, bool]] = []

    def note(network: torch.nn.Module, epoch: int, step: int):
        moved = not all(
            torch.equal(a, b) for a, b in zip(start, trainable.backbone_parameters(), strict=True)
        )
        after.append((moved, not torch.equal(statistics, norm.get_buffer("running_mean"))))
        return TinyRun.validate(run, network, epoch, step)

    run.validate = note  # type: ignore[method-assign]  # the run asks its own attribute
    run.train(trainable)

    assert after == [(False, False), (True, True)]


def test_that_starting_weights_are_taken_where_they_fit(tmp_path: Path) -> None:
    source = TinyRun(tmp_path / "source", epochs=1)
    source.train()
    run = TinyRun(
        tmp_path / "run", epochs=1, optimizer__lr=1e-9, start_from=str(source.folder.checkpoints / "last")
    )
    run.train()

    one, other = (read_weights(r.folder.checkpoints / "last") for r in (source, run))
    assert torch.allclose(one["0.0.weight"], other["0.0.weight"], atol=1e-5)


def test_that_a_checkpoint_of_another_plugin_is_refused(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, epochs=1)
    run.train()
    own = run.meta
    run.meta = lambda: own().model_copy(update={"plugin": "other"})  # type: ignore[method-assign]  # as above

    with pytest.raises(UserError, match="of the plugin tiny"):
        run.train(resume="last")


def test_that_early_stopping_without_validation_is_told_to_have_no_effect(tmp_path: Path) -> None:
    run = TinyRun(tmp_path, epochs=1, early_stopping__enabled=True)
    run.has_validation = False
    run.train()

    assert [e.code for e in of_type(run, said.Notice)] == ["early_stopping_idle"]
