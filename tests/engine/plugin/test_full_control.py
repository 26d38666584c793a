"""A plugin with its own loop is counted, measured and saved rightly, however it reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import PluginError, UserError
from engine.plugin import plugin_telling
from engine.protocol.disk import disk_full
from engine.protocol.events import BestImproved, MetricsLogged, Notice, PhaseChanged, Progress
from engine.training.job import ValidationOutcome
from tests.engine.plugin.own_loop import OwnLoop, OwnRun, acting


@pytest.fixture
def run(tmp_path: Path) -> OwnRun:
    return OwnRun(tmp_path / "run")


def reporting(*reports: dict[str, Any]) -> type[OwnLoop]:
    """A plugin that reports these metrics in turn."""

    class Reporting(OwnLoop):
        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            callbacks.on_epoch_end(epoch, reports[epoch])

    return Reporting


# ---- metrics


def test_that_a_validation_is_told_once_with_the_plugins_own_values_first(run: OwnRun) -> None:
    run.by_infer = lambda *_: ValidationOutcome({"accuracy": 0.75, "f1_macro": 0.7})
    run.train(reporting(*[{"loss": 1, "val_accuracy": 0.125}] * 3))

    assert run.values("validation") == [(n, {"val/accuracy": 0.125, "val/f1_macro": 0.7}) for n in (1, 2, 3)]
    assert [best.value for best in run.said(BestImproved)] == [0.125]
    assert run.model.validations == 0


def test_that_a_step_is_told_also_where_progress_was_told_just_before(
    run: OwnRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_telling, "STEP_EVENT_INTERVAL_S", 1e9)  # of each sort the first one only

    class Reporting(OwnLoop):
        def after_step(self, epoch: int, batch: int, callbacks: Any) -> None:
            callbacks.on_step_end(batch, {"loss": 0.5})

    run.train(Reporting)

    assert [(e.step, e.values) for e in run.said(MetricsLogged) if e.scope == "step"] == [
        (1, {"train/loss": 0.5})
    ]
    assert run.said(Progress)[0].step == 0


def test_that_values_of_test_images_are_told_too(run: OwnRun) -> None:
    run.train(reporting(*[{"loss": 1, "test_accuracy": 0.3}] * 3))

    assert run.values("test")[0] == (1, {"test/accuracy": 0.3})


def test_that_validate_may_give_tensors_and_words(run: OwnRun) -> None:
    class Mixed(OwnLoop):
        def validate(self, val_loader: Any) -> dict[str, Any]:
            return {"accuracy": torch.tensor(0.5), "val_loss": 1, "note": "fine"}

    run.train(Mixed)

    assert run.values("validation")[0] == (1, {"val/accuracy": 0.5, "val/loss": 1.0})
    assert "'note'" in run.notices()["metric_ignored"]


def test_that_a_validate_that_gives_no_metrics_is_told(run: OwnRun) -> None:
    class Silent(OwnLoop):
        def validate(self, val_loader: Any) -> Any:
            return None

    with pytest.raises(PluginError, match="gave NoneType in the place of metrics"):
        run.train(Silent)


def test_that_a_metric_that_comes_with_the_interval_is_waited_for(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", epochs=3, validation__val_interval=2)
    accuracies = iter([0.9, 0.8])
    run.by_infer = lambda *_: ValidationOutcome({"accuracy": next(accuracies)})
    run.train(reporting(*[{"loss": 1, "val_loss": 0.5}] * 3))

    assert [(best.value, best.epoch) for best in run.said(BestImproved)] == [(0.9, 2)]
    assert run.checkpoints() == {"best": 2, "last": 3}
    assert "metric_missing" not in run.notices()


def test_that_another_metric_decides_where_the_chosen_one_never_comes(run: OwnRun) -> None:
    run.train(reporting(*[{"loss": 1, "val_loss": value, "val_iou": 1} for value in (0.5, 0.3, 0.4)]))

    assert [(best.metric, best.value) for best in run.said(BestImproved)] == [
        ("val/loss", 0.5),
        ("val/loss", 0.3),
    ]
    assert "no val/accuracy: the lowest val/loss counts as the best" in run.notices()["metric_missing"]
    assert run.checkpoints()["best"] == 2


def test_that_a_metric_of_the_plugins_own_can_be_chosen(tmp_path: Path) -> None:
    run = OwnRun(tmp_path / "run", validation__metric="distance_error")
    run.train(reporting(*[{"loss": 1, "val_distance_error": value} for value in (0.5, 0.3, 0.4)]))

    assert [best.value for best in run.said(BestImproved)] == [0.5, 0.3]


def test_that_single_values_are_told_at_their_step(run: OwnRun) -> None:
    run.train(acting(run, lambda callbacks: callbacks.log("val_lr", torch.tensor(0.5))))

    assert (2, {"val/lr": 0.5}) in run.values("step")


def test_that_the_full_disk_is_no_fault_of_infer(run: OwnRun) -> None:
    def full(*_: object) -> ValidationOutcome:
        raise disk_full(run.folder.path)

    run.by_infer = full
    with pytest.raises(UserError) as caught:
        run.train()

    assert caught.value.code == "disk_full"
    assert run.notices() == {}


def test_that_a_plugin_without_a_usable_infer_is_trained_and_told_once(run: OwnRun) -> None:
    def unusable(*_: object) -> ValidationOutcome:
        raise PluginError("infer_failed", "It takes nothing.")

    run.by_infer = unusable
    assert run.train().state == "completed"
    assert [notice.message for notice in run.said(Notice)] == [
        "Per-image results are left out: It takes nothing."
    ]


def test_that_measuring_leaves_mode_and_random_numbers_alone(tmp_path: Path) -> None:
    class SetOnce(OwnLoop):
        def train_epoch(self, epoch: int, train_loader: Any, callbacks: Any) -> float:
            assert self.model.training
            return super().train_epoch(epoch, train_loader, callbacks)

    measured, alone = OwnRun(tmp_path / "measured"), OwnRun(tmp_path / "alone", validation__enabled=False)
    measured.train(SetOnce)
    alone.train(SetOnce)

    one, other = measured.saved_weights(), alone.saved_weights()
    assert measured.model.validations == 3
    assert alone.model.validations == 0
    assert all(torch.equal(one[name], other[name]) for name in one)


# ---- fewer, more, none


def test_that_a_plugin_that_returns_early_is_told_so_and_measured(tmp_path: Path) -> None:
    class Early(OwnLoop):
        def epochs(self) -> range:
            return range(3)

    run = OwnRun(tmp_path / "run", epochs=5, validation__val_interval=2)
    outcome = run.train(Early)

    assert (outcome.state, outcome.epoch) == ("completed", 3)
    assert run.notices()["ended_early"] == (
        "The training ended after epoch 3 of 5: the plugin's train came to its end."
    )
    assert [epoch for epoch, _ in run.values("validation")] == [2, 3]


def test_that_a_plugin_that_trains_on_is_ended_and_keeps_the_state_of_its_last_epoch(tmp_path: Path) -> None:
    class Endless(OwnLoop):
        def epochs(self) -> range:
            return range(100)

    endless, usual = OwnRun(tmp_path / "endless"), OwnRun(tmp_path / "usual")
    outcome = endless.train(Endless)
    usual.train()

    assert (outcome.state, outcome.epoch) == ("completed", 3)
    assert "ended" in endless.notices()["ended_late"]
    one, other = endless.saved_weights(), usual.saved_weights()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_that_a_plugin_that_reports_nothing_is_saved_and_measured_as_far_as_it_came(run: OwnRun) -> None:
    class Mute(OwnLoop):
        def epochs(self) -> range:
            return range(2)

        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            pass

    assert run.train(Mute).epoch == 2
    assert run.checkpoints()["last"] == 2
    assert run.values("validation") == [(2, {"val/accuracy": 0.5})]
    assert "never called" in run.notices()["no_epochs_reported"]
    assert "after epoch 2 of 3" in run.notices()["ended_early"]


def test_that_what_is_trained_after_the_last_report_is_saved(tmp_path: Path) -> None:
    class Seldom(OwnLoop):
        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            if epoch % 2 == 1:
                callbacks.on_epoch_end(epoch + 1, metrics)

    run = OwnRun(tmp_path / "run", epochs=5)
    run.train(Seldom)

    assert run.checkpoints()["last"] == 5
    assert [epoch for epoch, _ in run.values("epoch")] == [2, 4]
    torch.testing.assert_close(run.saved_weights(), dict(run.model.model.state_dict()))


def test_that_an_epoch_reported_in_two_calls_is_one_and_measured_once(run: OwnRun) -> None:
    class Twice(OwnLoop):
        def report(self, callbacks: Any, epoch: int, metrics: dict[str, Any]) -> None:
            callbacks.on_epoch_end(epoch, metrics)
            callbacks.on_epoch_end(epoch, {"lr": 0.5})

    assert run.train(Twice).epoch == 3
    assert [(epoch, *values) for epoch, values in run.values("epoch") if "train/lr" in values] == [
        (epoch, "train/lr") for epoch in (1, 2, 3)
    ]
    assert run.model.validations == 3


def test_that_steps_never_run_ahead_of_their_total(run: OwnRun) -> None:
    class Peeking(OwnLoop):
        def train(self, train_loader: Any, val_loader: Any = None, callbacks: Any = None) -> None:
            next(iter(train_loader))
            super().train(train_loader, val_loader, callbacks)

    assert run.train(Peeking).epoch == 3
    told = run.said(Progress)[-1]
    assert told.step <= told.steps_total
    assert told.eta_s == 0


def test_that_the_first_step_is_a_phase_that_ends(run: OwnRun) -> None:
    run.train()

    edges = [(phase.name, phase.edge) for phase in run.said(PhaseChanged)]
    assert edges == [
        ("build_model", "begin"),
        ("build_model", "end"),
        ("first_step", "begin"),
        ("first_step", "end"),
    ]
