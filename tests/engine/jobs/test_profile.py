"""Profile runs of real trainings, in the test's own process: every task, and both ways to train."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from engine.jobs import profile_trace
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.commands import write_command
from engine.protocol.events import (
    BestImproved,
    CheckpointRemoved,
    CheckpointSaved,
    Notice,
    Progress,
    StateChanged,
)
from engine.protocol.profile import PROFILE_NAME, TRACE_NAME, Profile
from engine.protocol.run_folder import read_record, write_record
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures
from tests.engine.jobs.scenes import write_scenes
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
OWN: dict[str, object] = {"epochs": 30, "learning_rate": 0.01, "gamma": 2.0, "image_size": 32}


def run_of(tmp_path: Path, plugin: str, steps: int = 4, **config: object) -> MadeRun:
    home, source = tmp_path / "home", FIXTURES / plugin
    settings = OWN | config
    if plugin.endswith("detector"):
        data = write_squares(tmp_path / "data", {"train": 12, "val": 4})
        run = make_detection_run(home, data, source, settings)
    elif plugin.endswith("segmenter"):
        run = make_run(home, write_scenes(tmp_path / "data", train=12), settings, source)
    else:
        run = make_run(home, write_pictures(tmp_path / "data"), settings, source)
    job = run.folder.job().model_copy(update={"kind": "profile", "task_options": {"steps": steps}})
    write_record(run.folder.job_path, job)
    return run


def profiled(run: MadeRun) -> Profile:
    ended = run.work()
    assert ended.state == "completed", ended.failure
    return read_record(run.folder.profile / PROFILE_NAME, Profile)


@pytest.mark.parametrize("task", ["classifier", "detector", "segmenter"])
def test_that_each_part_of_the_engines_steps_is_timed(tmp_path: Path, task: str) -> None:
    run = run_of(tmp_path, f"changed_{task}")
    found = profiled(run)

    assert (found.device, found.precision, found.steps, found.traced_steps) == ("cpu", "fp32", 4, 4)
    shares = {row.name: row.share for row in found.rows}
    assert list(shares) == ["data", "copy", "forward", "backward", "optimizer", "other", "validation"]
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares["forward"], shares["backward"], shares["optimizer"], shares["validation"]) > 0
    assert found.seconds == pytest.approx(sum(row.seconds for row in found.rows))
    assert found.images_per_s > 0
    assert any("conv" in one.name or "mm" in one.name for one in found.operators)
    assert not any(one.name.startswith("lensmith") for one in found.operators)


def test_that_the_run_tells_how_far_it_is_and_leaves_its_profile_alone(tmp_path: Path) -> None:
    run = run_of(tmp_path, "changed_classifier", steps=2)
    profiled(run)
    events = run.events()

    assert [event.state for event in events if isinstance(event, StateChanged)] == ["running"]
    steps = [(event.step, event.steps_total) for event in events if isinstance(event, Progress)]
    assert steps == [(number, 7) for number in range(1, 8)]  # three to wake, two timed, two watched
    (notice,) = [event for event in events if isinstance(event, Notice) and event.code == "profile_done"]
    assert "% of the time" in notice.message
    assert sorted(path.name for path in run.folder.profile.iterdir()) == [PROFILE_NAME, TRACE_NAME]
    assert not run.folder.results.exists()
    assert not run.folder.checkpoints.exists()
    trace = json.loads(gzip.decompress((run.folder.profile / TRACE_NAME).read_bytes()))
    names = {str(event.get("name")) for event in trace["traceEvents"]}
    assert {"lensmith: data", "lensmith: forward", "lensmith: backward", "lensmith: optimizer"} <= names


@pytest.mark.parametrize("task", ["classifier", "detector", "segmenter"])
def test_that_a_loop_of_its_own_is_watched_from_outside_and_told_to_stop(tmp_path: Path, task: str) -> None:
    run = run_of(tmp_path, f"own_{task}")
    found = profiled(run)

    shares = {row.name: row.share for row in found.rows}
    assert list(shares) == ["data", "other", "validation"]
    assert sum(shares.values()) == pytest.approx(1)
    assert found.steps == 4
    assert found.traced_steps >= 4
    assert found.operators
    assert "loop of its own" in found.notes[0]
    assert (run.folder.profile / TRACE_NAME).is_file()
    events = run.events()
    saved = {event.name for event in events if isinstance(event, CheckpointSaved)}
    assert saved == {event.name for event in events if isinstance(event, CheckpointRemoved)}
    assert list_checkpoints(run.folder.checkpoints) == []
    assert not any(isinstance(event, BestImproved) for event in events)


def test_that_a_training_that_is_over_soon_is_profiled_as_far_as_it_goes(tmp_path: Path) -> None:
    found = profiled(run_of(tmp_path, "own_classifier", steps=50, epochs=2))

    assert 0 < found.steps < 50
    assert (found.traced_steps, found.trace, found.operators) == (0, "", ())
    assert any("The training is over after" in note for note in found.notes)


@pytest.mark.parametrize("plugin", ["changed_classifier", "own_classifier"])
@pytest.mark.parametrize(("order", "state"), [("stop", "stopped"), ("cancel", "cancelled")])
def test_that_it_ends_when_it_is_told_to(tmp_path: Path, plugin: str, order: str, state: str) -> None:
    run = run_of(tmp_path, plugin, steps=500)
    write_command(run.folder.commands, order, 1)  # pyright: ignore[reportArgumentType]  # one of the kinds

    assert run.work().state == state
    assert not run.folder.profile.exists()


def test_that_a_trace_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_trace, "LARGEST_TRACE_BYTES", 100)
    run = run_of(tmp_path, "changed_classifier", steps=1)
    found = profiled(run)

    assert found.trace == ""
    assert any("too large" in note for note in found.notes)
    assert not (run.folder.profile / TRACE_NAME).exists()
