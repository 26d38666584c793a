"""Predictions go to a GPU that is free and make room for a run, by themselves or as the user chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge import predictor_place
from desktop.bridge.actions import Told
from desktop.bridge.machine import Machine
from desktop.bridge.predictor_place import SETTING, PredictorPlace
from desktop.context import Context
from engine.errors import UserError
from engine.protocol.home import Home
from engine.runner.devices import UsableGpu
from engine.runner.predicting_place import AUTO, CPU

GPU = UsableGpu("cuda:0", "H100", 60 * 2**30)


class Watched:
    """The place, with what the predictor was told and what the user was."""

    def __init__(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        self.context = context
        self.told: list[tuple[str, int | None]] = []
        self.refusals: list[UserError] = []
        self.leases: Mapping[str, str] = {}
        monkeypatch.setattr(context.predictor, "use_place", lambda *given: self.told.append(given))
        monkeypatch.setattr(context.runs, "leases", lambda: dict(self.leases))
        monkeypatch.setattr(context.runs, "is_loaded", True)
        monkeypatch.setattr(predictor_place.os, "cpu_count", lambda: 8)
        self.place: PredictorPlace = context.predictor_place
        self.place.refused.connect(self.refusals.append)

    def see(self, *gpus: UsableGpu) -> None:
        self.context.machine.sampled.emit(Machine(8, 0, 1, 0, 1, usable=list(gpus)))

    def lease(self, **leases: str) -> None:
        self.leases = leases
        self.context.runs.changed.emit()


@pytest.fixture
def context(qtbot: QtBot, lensmith_home: Path) -> Iterator[Context]:
    made = Context(Home(lensmith_home).ensure())
    yield made
    made.close()


@pytest.fixture
def watched(context: Context, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(context, monkeypatch)


def test_that_auto_leaves_the_gpu_to_a_run_and_comes_back_after_it(watched: Watched) -> None:
    watched.see(GPU)
    assert (watched.told[-1], watched.place.place.words) == (("cuda:0", None), "GPU 0 (H100): no run uses it")

    watched.lease(a="cuda:0")
    assert (watched.told[-1], watched.place.place.words) == ((CPU, 4), "CPU: a run uses the GPU")

    watched.lease()
    assert watched.told[-1] == ("cuda:0", None)
    assert watched.refusals == []


def test_that_nothing_is_taken_before_it_is_known_what_runs_use(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched.context.runs, "is_loaded", False)
    watched.leases = {"a": "cuda:0"}

    watched.see(GPU)

    assert watched.told == []


def test_that_a_run_on_the_processor_leaves_fewer_threads(watched: Watched) -> None:
    watched.see()
    watched.lease(a="cpu")
    assert watched.told[-1] == (CPU, 2)

    watched.lease(a="ssh:box/cuda:0")
    assert watched.told[-1] == (CPU, None)


def test_that_a_chosen_gpu_is_given_up_for_a_run_and_not_taken_again_by_itself(watched: Watched) -> None:
    watched.see(GPU)
    assert watched.place.choose("cuda:0")

    watched.lease(a="cuda:0")
    given_up = watched.place.place.words
    watched.lease()
    watched.see(GPU)

    assert watched.told[-1] == (CPU, None)
    assert given_up == "CPU: GPU 0 was given up, as a run uses the GPU"
    assert (watched.place.wish, watched.place.place.words) == (CPU, given_up)

    assert watched.place.choose(AUTO)
    assert watched.told[-1] == ("cuda:0", None)


def test_that_a_gpu_that_a_run_uses_is_refused_with_a_sentence(watched: Watched) -> None:
    watched.see(GPU)
    watched.lease(a="cuda:0")

    assert not watched.place.choose("cuda:0")

    (refusal,) = watched.refusals
    assert refusal.message == "GPU 0 is not taken for predictions: a run uses the GPU."
    assert "Auto" in refusal.hint
    assert (watched.place.wish, watched.told[-1]) == (AUTO, (CPU, 4))


def test_that_the_processor_is_kept_when_it_is_chosen(watched: Watched) -> None:
    watched.see(GPU)
    assert watched.place.choose(CPU)
    watched.see(GPU)

    assert (watched.told[-1], watched.place.place.words) == ((CPU, None), "CPU: as chosen")


def test_that_a_gpu_that_failed_is_left_alone_until_a_run_ends_or_it_is_chosen(watched: Watched) -> None:
    watched.see(GPU)
    watched.context.predictor.gpu_failed.emit("cuda:0", "had too little memory for the model")
    watched.see(GPU)
    assert watched.told[-1] == (CPU, None)
    assert watched.place.place.words == "CPU: the GPU had too little memory for the model"

    assert watched.place.choose("cuda:0")
    watched.place.choose(AUTO)
    watched.context.predictor.gpu_failed.emit("cuda:0", "had too little memory for the model")
    watched.lease(a="cuda:0")
    watched.lease()
    assert watched.told[-1] == ("cuda:0", None)


def test_that_a_gpu_that_gave_up_is_noticed_and_one_that_cannot_be_used_is_not(
    watched: Watched, context: Context
) -> None:
    notices: list[Told] = []
    context.told.connect(notices.append)
    watched.see(GPU)

    context.predictor.gpu_unusable.emit("cuda:0", "cannot be used by the engine's PyTorch")
    assert (notices, watched.told[-1]) == ([], (CPU, None))
    assert watched.place.place.words == "CPU: the GPU cannot be used by the engine's PyTorch"

    watched.place.choose("cuda:0")
    context.predictor.gpu_failed.emit("cuda:0", "had too little memory for the model")

    (notice,) = notices
    assert (notice.title, notice.text) == (
        "The CPU predicts instead",
        "GPU 0 had too little memory for the model.",
    )
    assert watched.told[-1] == (CPU, None)


def test_that_the_default_of_the_settings_holds_at_once_and_at_the_next_start(
    watched: Watched, context: Context
) -> None:
    watched.see(GPU)

    context.settings.set(SETTING, CPU)

    assert watched.told[-1] == (CPU, None)
    again = PredictorPlace(context.settings, context.runs, context.machine, context.predictor)
    assert again.wish == CPU


def test_that_without_a_gpu_a_chosen_one_is_the_processor_without_a_sound(
    watched: Watched, context: Context
) -> None:
    watched.place.wish = "cuda:0"
    watched.see()
    watched.see()

    assert {told[0] for told in watched.told} == {CPU}
    assert (watched.refusals, watched.place.gpus) == ([], [])
