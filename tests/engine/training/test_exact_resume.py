"""A training that was cut off goes on to the very same weights, wherever the cut was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.checkpoints.read import read_weights
from engine.training import telemetry
from tests.engine.training.tiny import TinyRun, TinyTrainable

ALL_AT_ONCE: dict[str, object] = {
    "optimizer__type": "adamw",
    "optimizer__lr": 0.01,
    "scheduler__type": "onecycle",
    "accumulate_steps": 2,
    "clip_norm": 1.0,
    "ema__enabled": True,
    "label_smoothing": 0.1,
    "augmentation__mixup_alpha": 0.4,
    "augmentation__cutmix_alpha": 1.0,
    "freeze_epochs": 1,
    "backbone_lr_factor": 0.1,
}
KINDS: dict[str, dict[str, object]] = {
    "adam and cosine": {},
    "sgd and step": {"optimizer__type": "sgd", "optimizer__momentum": 0.9, "scheduler__type": "step"},
    "rmsprop and plateau": {"optimizer__type": "rmsprop", "scheduler__type": "plateau"},
    "everything at once": ALL_AT_ONCE,
}


class Killed(BaseException):
    """Stands for kill -9: nothing of ours may run after it but what would run anyway."""


@pytest.fixture(autouse=True)
def save_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "READ_EVERY_S", 0.0)


def kill_at(number: int) -> TinyTrainable:
    def before_loss(loss: int) -> None:
        if loss == number:
            raise Killed

    return TinyTrainable(before_loss)


def weights(run: TinyRun, name: str = "last") -> dict[str, Tensor]:
    return read_weights(run.folder.checkpoints / name)


def assert_equal_bits(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


# Six batches an epoch, three epochs: a loss in the first step, in mid-epoch, at an epoch's edge, in the last step.
@pytest.mark.parametrize("kill", [2, 5, 7, 10, 12, 13, 18])
@pytest.mark.parametrize("kind", KINDS)
def test_that_a_run_killed_at_any_loss_ends_with_the_same_bits(kind: str, kill: int, tmp_path: Path) -> None:
    whole = TinyRun(tmp_path / "whole", **KINDS[kind], checkpoint__every_minutes=0.0)
    whole.train()
    cut = TinyRun(tmp_path / "cut", **KINDS[kind], checkpoint__every_minutes=1e-9)
    with pytest.raises(Killed):
        cut.train(kill_at(kill))
    torch.manual_seed(999)  # another process has another state

    saved = (cut.folder.checkpoints / "last").is_dir()
    cut.train(resume="last" if saved else None)

    assert_equal_bits(weights(cut), weights(whole))
    assert saved or kill <= 2


def test_that_a_run_killed_twice_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole = TinyRun(tmp_path / "whole", **ALL_AT_ONCE)
    whole.train()
    cut = TinyRun(tmp_path / "cut", **ALL_AT_ONCE, checkpoint__every_minutes=1e-9)
    for kill in (5, 6):
        with pytest.raises(Killed):
            cut.train(kill_at(kill), resume="last" if cut.attempt else None)

    cut.train(resume="last")

    assert_equal_bits(weights(cut), weights(whole))


def test_that_a_changed_seed_changes_the_bits(tmp_path: Path) -> None:
    one, other = TinyRun(tmp_path / "one"), TinyRun(tmp_path / "other", seed=1)
    one.train()
    other.train()

    assert not all(
        torch.equal(a, b) for a, b in zip(weights(one).values(), weights(other).values(), strict=True)
    )


def test_that_validating_and_saving_by_hand_leave_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.channel import control
    from engine.protocol.commands import write_command

    monkeypatch.setattr(control, "COMMAND_POLL_S", 0.0)
    plain = TinyRun(tmp_path / "plain")
    plain.train()
    disturbed = TinyRun(tmp_path / "disturbed")

    def disturb(loss: int) -> None:
        if loss in (3, 9):
            write_command(disturbed.folder.commands, "validate_now", 1)
            write_command(disturbed.folder.commands, "checkpoint", 1)

    disturbed.train(TinyTrainable(disturb))

    assert len(disturbed.validated) == len(plain.validated) + 2
    assert len(list(disturbed.folder.checkpoints.glob("manual-*"))) == 2
    assert_equal_bits(weights(disturbed), weights(plain))
