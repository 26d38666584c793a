"""Whoever watches a run in a terminal reads one line an epoch, and what is wrong at once."""

from __future__ import annotations

from engine.protocol.events import BestImproved, MetricsLogged, Notice, PhaseChanged, Progress
from engine.verbs.epoch_lines import EpochLines


def epoch(number: int, loss: float, accuracy: float) -> list:
    return [
        Progress(epoch=number, epochs=2, step=number, steps_total=2, images_per_s=57.6),
        MetricsLogged(
            scope="epoch", epoch=number, step=number, values={"train/loss": loss, "train/epoch_s": 1.0}
        ),
        MetricsLogged(scope="validation", epoch=number, step=number, values={"val/accuracy": accuracy}),
    ]


def test_that_an_epoch_is_one_line_with_its_values() -> None:
    lines = EpochLines()
    told = [line for event in epoch(1, 0.5, 0.75) for line in lines.take(event)]
    told += lines.take(BestImproved(metric="val/accuracy", value=0.75, epoch=1, step=1))
    told += [line for event in epoch(2, 0.25, 0.5) for line in lines.take(event)] + lines.finish()

    assert told == [
        "Epoch 1/2  train/loss 0.5  val/accuracy 0.75  58 images/s  best so far",
        "Epoch 2/2  train/loss 0.25  val/accuracy 0.5  58 images/s",
    ]


def test_that_warnings_and_slow_phases_are_told_at_once_and_information_is_not() -> None:
    lines = EpochLines()

    assert lines.take(Notice(level="warning", code="x", message="An image is broken.")) == [
        "Warning: An image is broken."
    ]
    assert lines.take(Notice(level="info", code="x", message="Fine.")) == []
    assert lines.take(PhaseChanged(name="choose_precision", edge="end", seconds=6.25)) == [
        "Choose precision: 6.2 s"
    ]
    assert lines.take(PhaseChanged(name="read_data", edge="end", seconds=0.1)) == []
    assert lines.take(PhaseChanged(name="read_data", edge="stalled", seconds=120.0)) == [
        "Still in read data after 120 s."
    ]
