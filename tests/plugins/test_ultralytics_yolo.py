"""Ultralytics' detectors in real runs: our events, orders and files, exact epochs, and its own losses."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.channel import control
from engine.checkpoints.read import read_weights, tensors_of
from engine.datasets.decode import decode_image
from engine.datasets.library import ImportOptions, Library
from engine.plugin.adapters.ultralytics_networks import make_yolo
from engine.plugin.restore import restore_model
from engine.protocol import events as said
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.commands import CommandKind, write_command
from engine.protocol.events import Event
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record, write_record
from engine.runner.given_data import Wanted
from engine.tasks.predictions import Detections
from engine.training import orders
from tests.engine.jobs.run_maker import REPOSITORY, MadeRun
from tests.engine.jobs.tested_runs import home_of, known_to_store, outcome_of
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares

PLUGIN = REPOSITORY / "plugins" / "ultralytics_yolo"
SMALL: dict[str, object] = {"architecture": "yolov8n", "pretrained": "off", "scheduler.type": "constant"}
BATCHES = 2
"""An epoch of eight images in batches of four."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_squares(tmp_path_factory.mktemp("squares") / "data", {"train": 8, "val": 4}, with_masks=True)


@pytest.fixture(autouse=True)
def obey_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "COMMAND_POLL_S", 0.0)
    monkeypatch.setattr(orders, "COMMAND_POLL_S", 0.01)


def run_with(folder: Path, data: Path, **settings: object) -> MadeRun:
    config = SMALL | {name.replace("__", "."): value for name, value in settings.items()}
    return make_detection_run(folder / "home", data, PLUGIN, config)


def of_type(run: MadeRun, kind: type[Event]) -> list:
    return [event for event in run.events() if isinstance(event, kind)]


def weights(run: MadeRun) -> dict[str, torch.Tensor]:
    return read_weights(run.folder.checkpoints / "last" / "plugin" / "checkpoint.safetensors")


def same(one: MadeRun, other: MadeRun) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def order_when(run: MadeRun, text: bytes, kind: CommandKind, attempt: int = 1) -> threading.Thread:
    """Order something as soon as the events of an attempt contain a text."""

    def wait_and_order() -> None:
        path = run.folder.attempt(attempt).events_path
        while not path.exists() or text not in path.read_bytes():
            time.sleep(0.005)
        write_command(run.folder.commands, kind, attempt)

    thread = threading.Thread(target=wait_and_order, daemon=True)
    thread.start()
    return thread


def test_that_it_is_trained_measured_and_asked_as_any_other_model(data: Path, tmp_path: Path) -> None:
    run = run_with(tmp_path, data, epochs=2)
    assert run.work().failure is None

    trained = [event for event in of_type(run, said.MetricsLogged) if event.scope == "epoch"]
    assert [event.epoch for event in trained] == [1, 2]
    assert {"train/loss", "train/box_loss", "train/cls_loss", "train/dfl_loss"} <= trained[0].values.keys()
    steps = [event for event in of_type(run, said.MetricsLogged) if event.scope == "step"]
    assert all("train/lr" in event.values for event in steps)
    last = of_type(run, said.Progress)[-1]
    assert (last.step, last.steps_total) == (2 * BATCHES, 2 * BATCHES)
    summary = read_record(run.folder.results / "0002" / "summary.json", ResultSummary)
    assert (summary.task, summary.images) == ("detection", 4)
    assert "val/map50" in summary.metrics
    assert {name: meta.epoch for name, meta in list_checkpoints(run.folder.checkpoints)}["last"] == 2

    answers = restore_model(run.folder.checkpoints / "last").infer([decode_image(data / "val" / "000.png")])
    assert isinstance(answers[0], Detections)
    assert answers[0].masks is None


@pytest.mark.parametrize("architecture", ["yolo11n-seg", "yolo26n-seg"])
def test_that_masks_are_learnt_and_measured(architecture: str, data: Path, tmp_path: Path) -> None:
    run = run_with(tmp_path, data, architecture=architecture, epochs=1, least_score=0.0)
    assert run.work().failure is None

    trained = next(event for event in of_type(run, said.MetricsLogged) if event.scope == "epoch")
    assert trained.values["train/seg_loss"] > 0
    assert (trained.values["train/sem_loss"] > 0) == architecture.startswith("yolo26")
    summary = read_record(run.folder.results / "0001" / "summary.json", ResultSummary)
    assert {"val/map", "val/mask_map"} <= summary.metrics.keys()
    (answer,) = restore_model(run.folder.checkpoints / "last").infer([decode_image(data / "val" / "000.png")])
    assert isinstance(answer, Detections)
    assert answer.masks is not None
    assert answer.masks.shape == (len(answer.boxes), 64, 96)


def test_that_masks_are_refused_for_a_dataset_of_boxes_only(tmp_path: Path) -> None:
    boxes = write_squares(tmp_path / "data", {"train": 8, "val": 4})
    failure = run_with(tmp_path, boxes, architecture="yolov8n-seg", epochs=1).work().failure
    assert failure is not None
    assert "the dataset has boxes only" in failure.message


def test_that_a_size_that_does_not_fit_is_told_before_anything_is_trained(data: Path, tmp_path: Path) -> None:
    failure = run_with(tmp_path, data, image_size=100).work().failure
    assert failure is not None
    assert "cannot work with images of 100 px" in failure.message


@pytest.mark.parametrize("architecture", ["yolov8n", "yolo26n"])
def test_that_a_run_that_goes_on_comes_to_the_same_weights_as_one_that_was_never_interrupted(
    architecture: str, data: Path, tmp_path: Path
) -> None:
    settings = {"architecture": architecture, "augmentation__random_rotation": 10.0}
    whole = run_with(tmp_path / "a", data, epochs=3, **settings)
    whole.work()
    cut = run_with(tmp_path / "b", data, epochs=3, validation__save_best_only=False, **settings)
    cut.work()

    assert cut.again("checkpoints/epoch-0001").work().state == "completed"

    assert [e.epoch for e in of_type(cut, said.MetricsLogged) if e.scope == "epoch"] == [2, 3]
    assert same(whole, cut)


def test_that_accumulated_batches_make_one_step_and_none_is_carried_over_an_epochs_end(
    data: Path, tmp_path: Path
) -> None:
    run = run_with(tmp_path, data, epochs=2, batch_size=3, accumulate_steps=2)  # batches of 3, 3 and 2
    assert run.work().failure is None
    stored = torch.load(run.folder.checkpoints / "last" / "plugin" / "checkpoint.pt", weights_only=True)
    assert stored["training"]["average_updates"] == 2 * 2


def test_that_a_finished_run_is_extended_by_exactly_the_epochs_asked_for(data: Path, tmp_path: Path) -> None:
    straight = run_with(tmp_path / "a", data, epochs=3)
    straight.work()
    run = run_with(tmp_path / "b", data, epochs=1)
    assert run.work().state == "completed"

    assert run.again("checkpoints/last", epochs=3).work().state == "completed"

    epochs = [e.epoch for e in of_type(run, said.MetricsLogged) if e.scope == "epoch"]
    assert epochs == [2, 3]
    assert same(straight, run)


def test_that_a_restarted_schedule_begins_anew_where_a_run_is_extended(data: Path, tmp_path: Path) -> None:
    run = run_with(tmp_path, data, epochs=1, scheduler__type="cosine")
    run.work()
    overrides: dict[str, object] = {"epochs": 2, "extension.from_epoch": 1, "extension.schedule": "restart"}
    run.again("checkpoints/last", **overrides).work()

    rates = [e.values["train/lr"] for e in of_type(run, said.MetricsLogged) if e.scope == "step"]
    peak = 2e-3
    assert rates[0] == pytest.approx(peak * (1 + math.cos(math.pi / BATCHES)) / 2, rel=0.01)


@pytest.mark.parametrize(("kind", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_that_it_ends_in_the_middle_of_an_epoch_when_told_and_can_go_on(
    kind: CommandKind, state: str, data: Path, tmp_path: Path
) -> None:
    run = run_with(tmp_path, data, epochs=40)
    orderer = order_when(run, b'"scope":"epoch"', kind)
    assert run.work().state == state
    orderer.join()

    assert [(e.kind, e.ok) for e in of_type(run, said.CommandDone)] == [(kind, True)]
    if kind == "pause":
        done = dict(list_checkpoints(run.folder.checkpoints))["last"].epoch
        assert run.again("checkpoints/last", epochs=done + 1).work().state == "completed"
        assert [e.epoch for e in of_type(run, said.MetricsLogged) if e.scope == "epoch"] == [done + 1]


def test_that_it_stands_still_while_held_and_saves_on_demand(data: Path, tmp_path: Path) -> None:
    run = run_with(tmp_path, data, epochs=3)
    holder = order_when(run, b'"scope":"epoch"', "hold")

    def while_held() -> None:
        path = run.folder.attempt(1).events_path
        while not path.exists() or b'"held"' not in path.read_bytes():
            time.sleep(0.005)
        write_command(run.folder.commands, "checkpoint", 1)
        write_command(run.folder.commands, "resume", 1)

    waker = threading.Thread(target=while_held, daemon=True)
    waker.start()
    assert run.work().state == "completed"
    holder.join()

    assert [e.state for e in of_type(run, said.StateChanged)] == ["running", "held", "running"]
    assert any(name.startswith("manual-") for name, _ in list_checkpoints(run.folder.checkpoints))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_that_a_killed_process_loses_nothing_that_was_saved(data: Path, tmp_path: Path) -> None:
    whole = run_with(tmp_path / "a", data, epochs=4)
    whole.work()
    killed = run_with(tmp_path / "b", data, epochs=4)
    code = (
        f"from pathlib import Path; from engine.worker import main; main(Path({str(killed.folder.path)!r}))"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, env=dict(os.environ))
    try:
        deadline = time.monotonic() + 120
        while not (killed.folder.checkpoints / "last" / "meta.json").is_file():
            assert time.monotonic() < deadline
            assert worker.poll() is None
            time.sleep(0.01)
    finally:
        worker.kill()
        worker.wait()

    assert worker.returncode != 0
    assert killed.again("checkpoints/last").work().state == "completed"
    assert same(whole, killed)


def settled_weights(folder: Path, architecture: str) -> Path:
    """Weights from chance, with norms that know the layers before them: what the network gives depends on the image."""
    torch.manual_seed(0)
    yolo = make_yolo(architecture, 2).train()
    for layer in yolo.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 0.5
    with torch.no_grad():
        for _ in range(8):
            yolo(torch.rand(8, 3, 64, 64))
    path = folder / f"{architecture}.safetensors"
    save_file({name: tensor.clone() for name, tensor in tensors_of(yolo).items()}, path)
    return path


def exported(folder: Path, data: Path, architecture: str) -> MadeRun:
    settings: dict[str, object] = {"architecture": architecture, "epochs": 1, "optimizer.lr": 1e-5}
    settings |= {"pretrained": "file", "pretrained_path": str(settled_weights(folder, architecture))}
    run = make_detection_run(folder / "home", data, PLUGIN, SMALL | settings)
    assert run.work().failure is None
    export = make_detection_run(folder / "home", data, PLUGIN, SMALL | settings, "export")
    wanted = {"parent_run": run.folder.run, "checkpoint": "last", "options": {}}
    write_record(export.folder.job_path, export.folder.job().model_copy(update={"task_options": wanted}))
    return export


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("architecture", ["yolov8n", "yolo26n"])
def test_that_it_is_exported_with_the_same_candidates(architecture: str, data: Path, tmp_path: Path) -> None:
    export = exported(tmp_path, data, architecture)

    assert export.work().failure is None
    (written,) = of_type(export, said.ExportWritten)
    assert written.verified


def test_that_a_network_with_masks_is_not_exported_without_them(data: Path, tmp_path: Path) -> None:
    failure = exported(tmp_path, data, "yolov8n-seg").work().failure
    assert failure is not None
    assert "masks" in failure.message


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_that_squares_are_found_and_outlined_after_a_short_training(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 48, "val": 16}, with_masks=True)
    settings = {"architecture": "yolov8n-seg", "epochs": 30, "validation__val_interval": 30}
    run = run_with(tmp_path, data, scheduler__type="onecycle", optimizer__lr=5e-3, **settings)
    assert run.work().failure is None
    metrics = read_record(run.folder.results / "0001" / "summary.json", ResultSummary).metrics
    assert metrics["val/map50"] > 0.6
    assert metrics["val/mask_map50"] > 0.6


def test_that_it_is_tested_on_a_folder_without_labels_and_on_classes_of_other_names(
    tmp_path: Path, data: Path
) -> None:
    run = run_with(tmp_path, data, epochs=1)
    assert run.work().failure is None
    known_to_store(run)
    renamed = write_squares(tmp_path / "renamed", {"test": 4})
    for file in (renamed / "annotations").iterdir():
        document = json.loads(file.read_text(encoding="utf-8"))
        document["categories"][0]["name"] = "bright"
        file.write_text(json.dumps(document), encoding="utf-8")
    name = Library(home_of(run)).import_dataset(renamed, options=ImportOptions(is_test_only=True)).name

    labelled = outcome_of(run, Wanted(name, mapping={"bright": "light"}))
    asked = outcome_of(run, Wanted(folder=renamed / "test"))

    assert (labelled.summary.images, labelled.summary.class_names) == (4, ("light", "dark"))
    assert "test/map" in labelled.summary.metrics
    assert (asked.summary.is_labelled, asked.summary.images, asked.summary.metrics) == (False, 4, {})
    assert len(asked.array("box_offsets")) == 5
