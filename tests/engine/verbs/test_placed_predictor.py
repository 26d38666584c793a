"""A command predicts where no run is, leaves a GPU to one that comes, and lets the CPU do what a GPU cannot."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.job import JobSpec, PluginRef
from engine.runner.devices import UsableGpu
from engine.store.database import Store
from engine.verbs import placed_predictor as module
from engine.verbs.placed_predictor import PlacedPredictor
from engine.verbs.reply import Session

GPU = UsableGpu("cuda:0", "H100", 60 * 2**30)


class StandIn:
    """A predictor's process that has every device but those that are full or unusable."""

    made: list[StandIn]
    full = ""
    unusable = ""

    def __init__(self, _session: Session) -> None:
        self.device, self.threads, self.is_closed = "cpu", None, False
        self.made.append(self)

    def ask(self, verb: str, **arguments: object) -> dict[str, object]:
        assert not self.is_closed
        if verb == "place":
            is_unusable = arguments["device"] == self.unusable
            self.device = "cpu" if is_unusable else str(arguments["device"])
            self.threads = arguments["threads"]
            return {"device": self.device, "problem": "cannot be used" if is_unusable else ""}
        if self.device == self.full:
            raise UserError("gpu_memory_full", "It is full.")
        if verb == "fail":
            raise UserError("checkpoint_missing", "There is none.")
        return {"device": self.device}

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    monkeypatch.setattr(StandIn, "made", [], raising=False)
    monkeypatch.setattr(module, "Predictor", StandIn)
    monkeypatch.setattr(module, "machine_gpus", lambda: [GPU])
    monkeypatch.setattr(module.os, "cpu_count", lambda: 8)
    return StandIn


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Home(tmp_path / "home").ensure(), errors=Console(file=io.StringIO(), width=200))


def lease(session: Session, resource: str | None) -> None:
    """Give a device to a run, or take it back."""
    with Store.open(session.home.store_path) as store:
        if not store.is_known("a"):
            plugin = PluginRef(id="tiny", model="Tiny", source_hash="0")
            store.add_run(JobSpec(run="a", created="2026-01-01T00:00:00+00:00", plugin=plugin))
        store.release("a")
        if resource is not None:
            store.lease("a", resource)


def told(session: Session) -> list[str]:
    assert isinstance(session.errors.file, io.StringIO)
    return session.errors.file.getvalue().splitlines()


def test_that_a_free_gpu_is_left_to_a_run_and_taken_again(session: Session) -> None:
    asked = PlacedPredictor(session)
    devices = [asked.ask("predict")["device"]]
    lease(session, "cuda:0")
    devices += [asked.ask("predict")["device"], asked.ask("predict")["device"]]
    on_gpu, on_cpu = StandIn.made

    assert (on_gpu.is_closed, on_cpu.is_closed, on_cpu.threads) == (True, False, 4)

    lease(session, None)
    devices.append(asked.ask("predict")["device"])

    assert devices == ["cuda:0", "cpu", "cpu", "cuda:0"]
    assert len(StandIn.made) == 2, "a GPU is gone to without another process"
    assert told(session) == [
        "Predicting on GPU 0 (H100): no run uses it",
        "Predicting on CPU: a run uses the GPU",
        "Predicting on GPU 0 (H100): no run uses it",
    ]


def test_that_a_named_gpu_of_a_run_is_refused_before_anything_starts(session: Session) -> None:
    lease(session, "cuda:0")

    with pytest.raises(UserError, match="GPU 0 is not taken for predictions: a run uses the GPU") as caught:
        PlacedPredictor(session, "cuda:0")

    assert (caught.value.code, StandIn.made) == ("device_refused", [])
    with pytest.raises(UserError, match="there is no GPU 5 on this machine"):
        PlacedPredictor(session, "cuda:5")


def test_that_a_named_gpu_that_was_left_is_not_taken_again(session: Session) -> None:
    asked = PlacedPredictor(session, "cuda:0")
    devices = []
    for resource in (None, "cuda:0", None):
        lease(session, resource)
        devices.append(asked.ask("predict")["device"])

    assert devices == ["cuda:0", "cpu", "cpu"]
    assert told(session) == [
        "Predicting on GPU 0 (H100): as chosen",
        "Predicting on CPU: a run uses the GPU",
    ]


def test_that_the_cpu_answers_what_a_gpu_has_no_memory_for(
    session: Session, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "full", "cuda:0")
    asked = PlacedPredictor(session)

    assert [asked.ask("predict")["device"] for _ in range(2)] == ["cpu", "cpu"]
    assert told(session)[-1] == "Predicting on CPU: the GPU had too little memory for the model"
    assert len(StandIn.made) == 2


def test_that_a_gpu_that_torch_cannot_use_leaves_the_cpu(
    session: Session, stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "unusable", "cuda:0")
    asked = PlacedPredictor(session)

    assert [asked.ask("predict")["device"] for _ in range(2)] == ["cpu", "cpu"]
    assert told(session) == ["Predicting on CPU: the GPU cannot be used"]
    assert len(StandIn.made) == 1


def test_that_without_a_gpu_nothing_is_said(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "machine_gpus", list)
    asked = PlacedPredictor(session)

    assert (asked.ask("predict")["device"], told(session)) == ("cpu", [])


def test_that_fewer_threads_compute_beside_a_run_on_the_processor(session: Session) -> None:
    lease(session, "cpu")
    asked = PlacedPredictor(session, "cpu")
    asked.ask("predict")

    assert StandIn.made[0].threads == 2


def test_that_other_errors_are_told_as_they_are(session: Session) -> None:
    asked = PlacedPredictor(session)

    with pytest.raises(UserError, match="There is none"):
        asked.ask("fail")

    asked.close()
    assert StandIn.made[-1].is_closed
