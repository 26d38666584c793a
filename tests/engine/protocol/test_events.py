"""The run's voice: what is written can be read, now and by later versions; what cannot be read never stops a reader."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import get_args

import pytest

from engine.protocol import events as said
from engine.protocol.events import (
    MAX_LINE_BYTES,
    AnyEvent,
    Event,
    MetricsLogged,
    Notice,
    Progress,
    UnknownEvent,
    event_from,
    event_line,
    parse_event,
)
from engine.protocol.job import Failure

ONE_OF_EACH: list[Event] = [
    said.StateChanged(state="queued", attempt=2, reason="retry"),
    said.RunStarted(kind="train", device="cpu", versions={"torch": "2"}, config={"lr": 0.1, "none": None}),
    said.PhaseChanged(name="compile", edge="end", seconds=1.5),
    said.Progress(epoch=1, epochs=2, step=3, steps_total=4, eta_s=5.0, images_per_s=6.0),
    said.MetricsLogged(
        scope="epoch", epoch=1, step=2, values={"val/f1": 0.5}, per_class={"f1": {"straße": 1}}
    ),
    said.CheckpointSaved(name="last", kind="last", epoch=1, step=2, metrics={"a": 1.0}, size_bytes=3),
    said.CheckpointRemoved(name="epoch-0001"),
    said.BestImproved(metric="val/accuracy", value=0.5, epoch=1, step=2),
    said.ResultWritten(folder="0001", split="val", epoch=1, step=2, checkpoint="last"),
    said.ExportWritten(path="exports/m.onnx", format="onnx", verified=True, max_error=1e-7),
    said.ResourcesSampled(
        cpu_percent=1.5, rss_bytes=1, ram_used_bytes=2, disk_free_bytes=3, gpus=[{"index": 0.0}]
    ),
    said.Notice(code="skipped", message="One\nline", data={"files": ["a", "b"]}),
    said.LogLine(level="info", message='quote " and \\ and \u2028'),
    said.CommandDone(number=3, kind="pause", ok=False, message="no"),
    said.Transfer(host="box", direction="there", what="data", done_bytes=1, total_bytes=2, eta_s=0.5),
    said.Contact(host="box", reachable=False, last_seen=1.0, message="cut"),
    said.RunEnded(state="failed", failure=Failure(cause="nan", code="c", message="m", log_tail=("x", "y"))),
]
TYPES = get_args(get_args(AnyEvent)[0])


def test_that_the_examples_here_cover_every_type() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(TYPES)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_that_an_event_of_every_type_is_read_as_it_was_written(event: Event) -> None:
    line = event_line(event, 17)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert parse_event(line) == event.model_copy(update={"seq": 17})
    assert parse_event(line.decode()) == parse_event(line)


def test_that_measures_that_are_no_numbers_are_kept_as_such_and_the_line_stays_plain_json() -> None:
    values = {"train/loss": math.nan, "train/grad_norm": math.inf, "train/lr": 0.1}
    line = event_line(MetricsLogged(scope="step", epoch=1, step=1, values=values), 0)

    found = parse_event(line)

    assert isinstance(found, MetricsLogged)
    assert math.isnan(found.values["train/loss"])
    assert found.values["train/grad_norm"] == math.inf
    assert found.values["train/lr"] == 0.1
    json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_that_a_file_name_that_is_not_text_does_not_silence_the_run() -> None:
    found = parse_event(event_line(Notice(code="c", message="caf\udce9.jpg", data={"file": "\udce9"}), 0))

    assert isinstance(found, Notice)
    assert found.message == "caf?.jpg"
    assert found.data == {"file": "?"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{",
        b'{"seq": 3, "type": "progress", "epo',
        b"[1, 2]",
        b'"seq"',
        b"null",
        b"\xff\xfe\xfa",
        b'{"type": "progress"}',
        b'{"seq": -1, "type": "log", "level": "info", "message": ""}',
        b'{"seq": true, "type": "log", "level": "info", "message": ""}',
        b'{"seq": "1", "type": "log", "level": "info", "message": ""}',
        b'{"seq": 1, "deep": ' + b"[" * 200_000,
    ],
    ids=lambda line: line[:24].decode("latin-1"),
)
def test_that_a_line_that_is_no_event_is_none(line: bytes) -> None:
    assert parse_event(line) is None


def test_that_a_line_cut_anywhere_is_none() -> None:
    line = event_line(ONE_OF_EACH[1], 0).rstrip(b"\n")

    assert [parse_event(line[:length]) for length in range(len(line))] == [None] * len(line)


def test_that_a_line_that_is_too_long_is_none_and_the_longest_allowed_is_read() -> None:
    def line_of(length: int) -> bytes:
        empty = event_line(said.LogLine(level="info", message="", time=1.0), 0)
        return event_line(said.LogLine(level="info", message="x" * (length - len(empty)), time=1.0), 0)

    assert parse_event(line_of(MAX_LINE_BYTES)) is not None
    assert parse_event(line_of(MAX_LINE_BYTES + 1)) is None


def test_that_an_event_of_a_later_version_is_kept_raw() -> None:
    found = parse_event(b'{"seq": 5, "time": 12, "type": "hologram", "depth": [1, 2]}')

    assert isinstance(found, UnknownEvent)
    assert (found.seq, found.time) == (5, 12.0)
    assert found.raw["depth"] == [1, 2]


@pytest.mark.parametrize(
    "broken", [{"type": "progress", "epoch": "first"}, {"type": "state", "state": "x"}, {}]
)
def test_that_an_event_that_does_not_fit_its_type_is_kept_raw(broken: dict[str, object]) -> None:
    found = event_from({"seq": 1, **broken})

    assert isinstance(found, UnknownEvent)
    assert found.raw == {"seq": 1, **broken}


def test_that_keys_of_a_later_version_do_not_hide_a_known_event() -> None:
    line = event_line(Progress(epoch=1, epochs=2, step=3, steps_total=4), 0).rstrip(b"}\n") + b',"mood":1}\n'

    assert isinstance(parse_event(line), Progress)


def test_that_the_stream_of_version_1_is_still_understood(repository: Path) -> None:
    lines = (repository / "tests" / "golden" / "events-1.jsonl").read_bytes().splitlines()
    events = [parse_event(line) for line in lines]

    assert [event.seq for event in events if event is not None] == list(range(len(lines)))
    assert {type(event) for event in events} <= set(TYPES)
    assert len({type(event) for event in events}) == 15
    for line, event in zip(lines, events, strict=True):
        assert event is not None
        written = json.loads(line)
        now = json.loads(event_line(event, event.seq))
        assert {key: now[key] for key in written} == written
