"""Segmentation from a folder of masks to a trained, measured, asked and exported model."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.inference.predictor import predict_files
from engine.inference.records import Telling
from engine.plugin.restore import restore_model
from engine.protocol.events import BestImproved, ExportWritten, MetricsLogged, Notice
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record, write_record
from tests.engine.jobs.run_maker import MadeRun, make_run
from tests.engine.jobs.scenes import CLASSES, write_scenes

OWN = Path(__file__).resolve().parents[2] / "fixtures" / "own_segmenter"
SMALL = """
from torch import nn
from engine.plugin import ModelMetadata, TorchModel

class Small(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="small", task_type="segmentation")
    def build(self):
        first = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        return nn.Sequential(first, nn.Conv2d(8, self.num_classes, 3, padding=1))
"""
QUICK: dict[str, object] = {
    "epochs": 6,
    "image_size": 32,
    "optimizer.lr": 0.05,
    "augmentation.random_rotation": 10.0,
    "learning_rate": 0.05,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("scenes") / "data")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins") / "small"
    folder.mkdir()
    (folder / "model.py").write_text(SMALL, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def trained(home: Path, data: Path, small: Path) -> MadeRun:
    run = make_run(home, data, QUICK, small)
    assert run.work().failure is None
    return run


def derived(home: Path, data: Path, plugin: Path, parent: MadeRun, kind: str, **options: object) -> MadeRun:
    """Do a job on what a run has trained."""
    run = make_run(home, data, QUICK, plugin, "evaluate" if kind == "evaluate" else "export")
    wanted = {"parent_run": parent.folder.run, "checkpoint": "best", **options}
    write_record(run.folder.job_path, run.folder.job().model_copy(update={"task_options": wanted}))
    assert run.work().failure is None
    return run


def summary_of(run: MadeRun, number: str) -> ResultSummary:
    return read_record(run.folder.results / number / "summary.json", ResultSummary)


def test_that_training_learns_and_tells_of_every_class(trained: MadeRun) -> None:
    logged = [e for e in trained.events() if isinstance(e, MetricsLogged) and e.scope == "validation"]
    best = [e for e in trained.events() if isinstance(e, BestImproved)]

    assert logged[-1].values["val/miou"] > 0.8
    assert set(logged[-1].per_class["iou"]) == set(CLASSES)
    assert {"val/loss", "val/dice", "val/pixel_accuracy"} <= set(logged[-1].values)
    assert best[-1].metric == "val/miou"


def map_in(folder: Path, image: int) -> np.ndarray:
    """What was predicted for each pixel of an image."""
    start, end = np.load(folder / "mask_file_offsets.npy")[image : image + 2]
    return np.asarray(Image.open(BytesIO(np.load(folder / "mask_files.npy")[start:end].tobytes())))


def test_that_each_validation_leaves_masks_to_look_at(trained: MadeRun) -> None:
    newest = sorted(entry.name for entry in trained.folder.results.iterdir())[-1]
    summary = summary_of(trained, newest)

    assert (summary.images, summary.columns[:2]) == (4, ("item", "iou"))
    mask = map_in(trained.folder.results / newest, 3)
    assert mask.shape == (32, 32)
    assert set(np.unique(mask)) <= {0, 1}
    assert np.load(trained.folder.results / newest / "confusion.npy").shape == (2, 2)


def test_that_a_resumed_training_ends_with_the_same_weights(home: Path, data: Path, small: Path) -> None:
    whole = make_run(home, data, QUICK, small)
    assert whole.work().failure is None
    halted = make_run(home, data, QUICK | {"epochs": 6, "max_hours": 1e-9}, small)
    assert halted.work().failure is None

    halted.again("checkpoints/last", max_hours=None)
    assert halted.work().failure is None

    weights = [
        (run.folder.checkpoints / "last" / "weights.safetensors").read_bytes() for run in (whole, halted)
    ]
    assert weights[0] == weights[1]


def test_that_a_test_is_measured_in_the_pixels_of_the_originals(
    home: Path, data: Path, small: Path, trained: MadeRun
) -> None:
    run = derived(home, data, small, trained, "evaluate", split="test")
    summary = summary_of(run, "0001")

    assert summary.metrics["test/miou"] > 0.8
    # 4 images without the row that nobody knows.
    assert np.load(run.folder.results / "0001" / "confusion.npy").sum() == 4 * 23 * 36
    assert map_in(run.folder.results / "0001", 0).shape == (24, 36)


def test_that_a_prediction_names_a_mask_of_the_images_size(
    data: Path, trained: MadeRun, tmp_path: Path
) -> None:
    model = restore_model(trained.folder.checkpoints / "best")
    files = sorted((data / "images" / "test").iterdir())

    records = list(predict_files(model, files, Telling(masks=tmp_path)))

    for record, file in zip(records, files, strict=True):
        assert record.mask is not None
        told = np.asarray(Image.open(record.mask))
        true = np.asarray(Image.open(data / "masks" / "test" / file.name))
        assert (told == true)[true != 9].mean() > 0.9


def test_that_the_network_is_exported_and_verified(
    home: Path, data: Path, small: Path, trained: MadeRun
) -> None:
    run = derived(home, data, small, trained, "export")

    (written,) = (event for event in run.events() if isinstance(event, ExportWritten))
    facts = json.loads((run.folder.exports / "model.json").read_text(encoding="utf-8"))
    assert written.verified
    assert (facts["framing"], facts["class_names"]) == ("whole", list(CLASSES))


def test_that_a_mask_that_cannot_be_read_is_told_and_its_image_left_out(
    home: Path, small: Path, tmp_path: Path
) -> None:
    data = write_scenes(tmp_path / "data")
    run = make_run(home, data, QUICK | {"epochs": 1}, small)
    (data / "masks" / "train" / "0.png").write_bytes(b"broken")
    (data / "masks" / "val" / "1.png").write_bytes(b"broken")

    assert run.work().failure is None

    told = {str(e.data["file"]) for e in run.events() if isinstance(e, Notice) if "file" in e.data}
    assert told == {"images/train/0.png", "images/val/1.png"}
    assert summary_of(run, "0001").images == 3


def test_that_a_plugin_with_its_own_loop_trains_and_is_measured(home: Path, data: Path) -> None:
    run = make_run(home, data, QUICK, OWN)
    assert run.work().failure is None

    logged = [e for e in run.events() if isinstance(e, MetricsLogged) and e.scope == "validation"]
    assert logged[-1].values["val/miou"] > 0.6
    assert logged[-1].values["val/pixel_accuracy"] > 0.8
    test = derived(home, data, OWN, run, "evaluate", split="test")
    assert summary_of(test, "0001").metrics["test/miou"] > 0.6
