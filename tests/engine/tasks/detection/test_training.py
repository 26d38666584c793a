"""Detectors trained by the engine from a dataset on disk: adapters, an author's own network, an author's own loop."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.datasets.decode import decode_image
from engine.evaluation.result_folder import array_file
from engine.plugin.restore import restore_model
from engine.protocol.events import MetricsLogged
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record
from engine.tasks.detection.outputs import Found
from engine.tasks.predictions import Detections
from tests.engine.jobs.run_maker import REPOSITORY, MadeRun
from tests.engine.tasks.detection import own_detector
from tests.engine.tasks.detection.detection_run import make_detection_run, write_squares
from tests.engine.tasks.detection.made_up import found

PLUGIN = REPOSITORY / "plugins" / "torchvision_detector"
SMALL: dict[str, object] = {
    "backbone": "resnet10t",
    "pretrained": "off",
    "pyramid_channels": 32,
    "head_depth": 1,
}


def own_plugin(folder: Path, name: str) -> Path:
    """A plugin of one of `own_detector`'s classes."""
    plugin = folder / name.lower()
    plugin.mkdir()
    other = {"OwnLoop": "OwnNetwork", "OwnNetwork": "OwnLoop"}[name]
    text = inspect.getsource(own_detector) + f"\ndel {other}\n"
    (plugin / "model.py").write_text(text, encoding="utf-8")
    return plugin


def summary_of(run: MadeRun, number: int = 1) -> ResultSummary:
    return read_record(run.folder.results / f"{number:04d}" / "summary.json", ResultSummary)


def test_that_a_detector_is_trained_and_measured_on_a_dataset_of_boxes(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 8, "val": 4})
    run = make_detection_run(tmp_path / "home", data, PLUGIN, SMALL)
    assert run.work().failure is None
    summary = summary_of(run)
    assert summary.task == "detection"
    assert summary.images == 4
    assert {"val/map", "val/map50", "val/loss"} <= summary.metrics.keys()
    folder = run.folder.results / "0001"
    # Boxes of the three images that have some, in the pixels of the files.
    objects = np.load(folder / array_file("objects"))
    assert np.load(folder / array_file("object_offsets")).tolist() == [0, 2, 4, 6, 6]
    assert objects[:, 2].max() > 64
    scopes = {event.scope for event in run.events() if isinstance(event, MetricsLogged)}
    assert {"epoch", "validation"} <= scopes
    answers = restore_model(run.folder.checkpoints / "last").infer(
        [decode_image(data / "val" / "000.png"), np.zeros((9, 200, 3), np.uint8)]
    )
    assert all(isinstance(answer, Detections) for answer in answers)


def test_that_masks_are_learnt_and_measured_where_the_dataset_has_them(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 8, "val": 4}, with_masks=True)
    config = SMALL | {"architecture": "mask_rcnn", "least_score": 0.0, "augmentation.random_rotation": 15.0}
    run = make_detection_run(tmp_path / "home", data, PLUGIN, config)
    assert run.work().failure is None
    assert {"val/map", "val/mask_map", "val/mask_map50", "val/loss"} <= summary_of(run).metrics.keys()
    (answer,) = restore_model(run.folder.checkpoints / "last").infer([decode_image(data / "val" / "000.png")])
    assert isinstance(answer, Detections)
    assert answer.masks is not None
    assert answer.masks.shape == (len(answer.boxes), 64, 96)


def test_that_masks_are_refused_for_a_dataset_of_boxes_only(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 8, "val": 4})
    run = make_detection_run(tmp_path / "home", data, PLUGIN, SMALL | {"architecture": "mask_rcnn"})
    failure = run.work().failure
    assert failure is not None
    assert "the dataset has boxes only" in failure.message


def test_that_a_resumed_detector_comes_to_the_same_weights(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 8, "val": 4})
    config = SMALL | {"epochs": 2, "augmentation.random_rotation": 10.0}
    whole = make_detection_run(tmp_path / "a", data, PLUGIN, config)
    whole.work()
    parted = make_detection_run(
        tmp_path / "b", data, PLUGIN, config | {"epochs": 1, "scheduler.type": "constant"}
    )
    straight = make_detection_run(tmp_path / "c", data, PLUGIN, config | {"scheduler.type": "constant"})
    straight.work()
    parted.work()
    assert parted.again("checkpoints/last", epochs=2).work().failure is None
    assert parted.fingerprint() == straight.fingerprint()
    assert whole.fingerprint() != straight.fingerprint()


@pytest.mark.parametrize("name", ["OwnNetwork", "OwnLoop"])
def test_that_an_authors_own_detector_is_trained_and_measured(tmp_path: Path, name: str) -> None:
    data = write_squares(tmp_path / "data", {"train": 8, "val": 4})
    run = make_detection_run(tmp_path / "home", data, own_plugin(tmp_path, name), {"epochs": 1})
    assert run.work().failure is None
    assert "val/map" in summary_of(run).metrics


class Corner(nn.Module):
    """Finds an object in the left upper quarter of whatever it is shown."""

    def forward(self, pixels: torch.Tensor) -> list[Found]:
        return [found([[0, 0, 32, 32]], [0.9], [1]) for _ in pixels]


class FindsCorners(own_detector.OwnNetwork):
    def build(self) -> nn.Module:
        return Corner()


def test_that_an_own_network_answers_in_the_pixels_of_each_image() -> None:
    model = FindsCorners({"num_classes": 2, "class_names": ["a", "b"], "image_size": 64})
    small, large = model.infer([np.zeros((64, 64, 3), np.uint8), np.zeros((128, 256, 3), np.uint8)])
    assert isinstance(small, Detections)
    assert isinstance(large, Detections)
    assert small.boxes.tolist() == [[0, 0, 32, 32]]
    assert large.boxes.tolist() == [[0, 0, 128, 64]]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_that_squares_are_found_after_a_short_training(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", {"train": 48, "val": 16})
    config = SMALL | {"epochs": 12, "optimizer.lr": 3e-3, "scheduler.type": "onecycle"}
    run = make_detection_run(tmp_path / "home", data, PLUGIN, config)
    assert run.work().failure is None
    assert summary_of(run, 12).metrics["val/map50"] > 0.8
