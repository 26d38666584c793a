"""A rehearsal in words, and the process behind it: progress, figures, errors, cancel, and whether it still holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.models.rehearsal import RehearsalModel
from desktop.models.rehearsal_words import (
    circumstances,
    figures_of,
    proposal_title,
    rough_time,
    sentence,
    tried_rows,
)
from desktop.models.training_plan import TrainingPlan
from engine.protocol.catalog import PluginEntry
from engine.protocol.home import Home
from engine.protocol.rehearsal import Cost, Proposal, Rehearsal, TriedBatch

FOUND = Rehearsal(
    device="cpu",
    precision="fp32",
    batch_size=8,
    workers=2,
    images_per_s=4.25,
    step_s=1.9,
    data_wait_share=0.25,
    epoch_s=100,
    first_epoch_s=150,
    validation_s=12,
    first_step_s=3,
    total_s=1_340,
    epochs=12,
    peak_memory_bytes=2**30,
    memory_limit_bytes=2**30 + 2**20,
    checkpoint_bytes=10_000_000,
    disk_bytes=30_000_000,
    disk_free_bytes=20_000_000,
    tried=(
        TriedBatch(batch_size=8, images_per_s=4.25, peak_memory_bytes=2**30, fits=True),
        TriedBatch(batch_size=64, images_per_s=0, peak_memory_bytes=0, fits=False),
    ),
    proposals=(
        Proposal(field="batch_size", label="Batch size", current=8, proposed=16, why="It is faster."),
    ),
    seconds=40,
)
ENTRY = PluginEntry(id="tiny", model="Tiny", folder="/nowhere", source_hash="a")


def plan(**changes: object) -> TrainingPlan:
    parts: dict[str, object] = {
        "entry": ENTRY,
        "dataset": "pets",
        "version": "v1",
        "preset": "easy",
        "values": {"epochs": 3},
        "changed": {},
        "resource": None,
        "place": "local",
    }
    return TrainingPlan(**(parts | changes))  # pyright: ignore[reportArgumentType]  # as named above


def test_that_figures_say_what_matters_and_mark_what_should_be_looked_at() -> None:
    figures = {figure.name: figure for figure in figures_of(FOUND)}
    assert figures["In all"].value == "22 min"
    assert figures["In all"].detail == "12 epochs, validation included"
    assert figures["One epoch"].detail == "the first 2 min 30 s"
    assert figures["Speed"].value == "4.2 images/s"
    assert (figures["Waiting for images"].value, figures["Waiting for images"].tone) == ("25%", "warn")
    assert (figures["Memory"].value, figures["Memory"].detail) == ("1.0 GB", "of 1.0 GB")
    assert figures["Memory"].tone == "warn"
    assert (figures["Disk"].detail, figures["Disk"].tone) == ("3 checkpoints; 20.0 MB free", "warn")
    assert "Cost" not in figures
    paid = FOUND.model_copy(update={"cost": Cost(amount=1.5, currency="USD")})
    assert figures_of(paid)[-1].value == "1.50 USD"


def test_that_what_it_was_measured_with_stands_in_a_line() -> None:
    assert circumstances(FOUND) == (
        "CPU · fp32 · batch size 8 · 2 loader threads · first step after 3.0 s · validation 12 s · rehearsed in 40 s"
    )
    assert sentence(FOUND) == "About 22 min, as rehearsed; 1.0 GB of memory."
    assert tried_rows(FOUND.tried)[1] == ("64", "–", "does not fit")
    assert proposal_title(FOUND.proposals[0]) == "Batch size: 8 → 16"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.048, "48 ms"), (2.44, "2.4 s"), (12.2, "12 s"), (700, "11 min")]
)
def test_that_times_are_as_exact_as_they_are_worth(seconds: float, words: str) -> None:
    assert rough_time(seconds) == words


@pytest.mark.parametrize(
    ("change", "is_like"),
    [
        ({"preset": "medium"}, True),
        ({"values": {"epochs": 4}}, False),
        ({"dataset": "cars"}, False),
        ({"version": "v2"}, False),
        ({"resource": "cuda:0"}, False),
        ({"place": "ssh:lab"}, False),
        ({"entry": ENTRY.model_copy(update={"source_hash": "b"})}, False),
    ],
)
def test_that_figures_hold_for_equal_settings_only(change: dict[str, object], is_like: bool) -> None:
    assert plan().is_like(plan(**change)) is is_like


@pytest.fixture
def model(qtbot: QtBot, lensmith_home: Path) -> RehearsalModel:
    return RehearsalModel(Home(lensmith_home).ensure())


@pytest.mark.slow
def test_that_an_error_of_the_engine_is_told(model: RehearsalModel, qtbot: QtBot) -> None:
    model.start(plan(), ["--plugin", "example_minimal", "--data", "nothing_here"])
    assert model.is_running
    qtbot.waitUntil(lambda: not model.is_running, timeout=180_000)
    assert model.error is not None
    assert model.error.code == "dataset_unknown"
    assert model.found is None


def test_that_a_cancelled_rehearsal_leaves_nothing(model: RehearsalModel, qtbot: QtBot) -> None:
    model.start(plan(), ["--plugin", "example_minimal", "--data", "nothing_here"])
    model.cancel()
    assert not model.is_running
    assert not model.holds_for(plan())
    assert model.error is None
