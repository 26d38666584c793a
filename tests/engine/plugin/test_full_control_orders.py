"""A plugin with its own loop obeys, whatever it catches, and no failure of its run is hushed up."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.channel import control
from engine.errors import UserError
from engine.plugin.contract import TrainingStopped
from engine.protocol.commands import CommandKind
from engine.protocol.events import CheckpointSaved, CommandDone
from engine.training import orders
from tests.engine.plugin.own_loop import STEPS, OwnLoop, OwnRun, acting


@pytest.fixture(autouse=True)
def obey_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "COMMAND_POLL_S", 0.0)
    monkeypatch.setattr(orders, "COMMAND_POLL_S", 0.01)


@pytest.fixture
def run(tmp_path: Path) -> OwnRun:
    return OwnRun(tmp_path / "run")


@pytest.mark.parametrize(
    ("kind", "state"), [("stop", "stopped"), ("pause", "paused"), ("cancel", "cancelled")]
)
def test_that_orders_reach_a_plugin_that_reports_steps_of_images_of_its_own(
    kind: CommandKind, state: str, run: OwnRun
) -> None:
    class Copied(acting(run, lambda _: run.order(kind))):
        def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> None:
            super().train(list(train_loader), val_loader, callbacks)

        def after_step(self, epoch: int, batch: int, callbacks: Any) -> None:
            super().after_step(epoch, batch, callbacks)
            callbacks.on_step_end(epoch * STEPS + batch, {"loss": 1.0})

    outcome = run.train(Copied)

    assert (outcome.state, outcome.epoch, outcome.step) == (state, 1, STEPS + 1)
    assert [(done.kind, done.ok) for done in run.said(CommandDone)] == [(kind, True)]


def test_that_a_plugin_that_asks_can_leave_by_itself(run: OwnRun) -> None:
    left: list[int] = []

    class Asking(OwnLoop):
        def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> None:
            batches = list(train_loader)
            for epoch in range(50):
                for number, _ in enumerate(batches):
                    if (epoch, number) == (1, 1):
                        run.order("stop")
                    if callbacks.should_stop:
                        left.append(epoch)
                        return
                callbacks.on_epoch_end(epoch, {"loss": 1.0})

    outcome = run.train(Asking)

    assert left == [1]
    assert (outcome.state, outcome.epoch) == ("stopped", 1)


def test_that_a_plugin_that_swallows_the_stop_is_stopped_again_and_its_state_is_that_of_the_stop(
    run: OwnRun,
) -> None:
    raised: list[str] = []

    class Swallowing(acting(run, lambda _: run.order("stop"))):
        def train_epoch(self, epoch: int, train_loader: Any, callbacks: Any) -> float:
            try:
                return super().train_epoch(epoch, train_loader, callbacks)
            except BaseException as stop:  # noqa: BLE001  # what the test is about
                raised.append(type(stop).__name__)
                torch.nn.utils.vector_to_parameters(torch.zeros(98), self.model.parameters())
                return 0.0

        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            try:
                super().report(callbacks, epoch, metrics)
            except TrainingStopped:
                raised.append("report")

    outcome = run.train(Swallowing)

    assert (outcome.state, outcome.epoch) == ("stopped", 1)
    assert raised == ["TrainingStopped", "report"] * 2
    assert run.saved_weights()["2.weight"].any()


def test_that_what_a_plugin_raises_in_stopping_spoils_nothing(run: OwnRun) -> None:
    class Wrapping(acting(run, lambda _: run.order("pause"))):
        def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> None:
            try:
                super().train(train_loader, val_loader, callbacks)
            except TrainingStopped as stop:
                raise RuntimeError("the training broke off") from stop

    assert run.train(Wrapping).state == "paused"
    assert "the training broke off" in run.notices()["plugin_raised_in_stopping"]


def test_that_a_failure_in_saving_ends_the_run_though_the_plugin_catches_it(run: OwnRun) -> None:
    class Careless(OwnLoop):
        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            with contextlib.suppress(Exception):
                super().report(callbacks, epoch, metrics)

        def save_checkpoint(self, path: str, epoch: int, metrics: dict[str, float]) -> None:
            if epoch == 2:
                raise OSError(28, "No space left on device")
            super().save_checkpoint(path, epoch, metrics)

    with pytest.raises(UserError) as caught:
        run.train(Careless)

    assert caught.value.code == "disk_full"
    assert run.checkpoints() == {"best": 1, "last": 1}


def test_that_a_loss_that_is_no_number_ends_the_run_though_the_plugin_wraps_it(run: OwnRun) -> None:
    class Wrapping(OwnLoop):
        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            try:
                callbacks.on_epoch_end(epoch, {"loss": float("nan")})
            except Exception as error:
                raise RuntimeError("oh") from error

    with pytest.raises(UserError) as caught:
        run.train(Wrapping)

    assert caught.value.code == "loss_not_finite"


def test_that_the_time_limit_holds_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", max_hours=1e-9)

    outcome = run.train()

    assert (outcome.state, outcome.epoch, outcome.reason) == ("stopped", 0, "the time limit is reached")
    assert run.checkpoints() == {"last": 0}


def test_that_it_is_saved_in_the_middle_of_an_epoch_when_that_is_due(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", epochs=1, checkpoint__every_minutes=1e-9)
    run.train()

    saved = [(event.epoch, event.step) for event in run.said(CheckpointSaved) if event.kind == "last"]
    assert saved[0][0] == 0
    assert saved[-1] == (1, STEPS)
