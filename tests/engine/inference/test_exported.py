"""An exported file answers pictures of any size as the network does that it was written from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from engine.errors import UserError
from engine.export.onnx_file import Deployment, export_onnx
from engine.inference.exported import load_exported, with_exported
from engine.inference.predictor import Predictable
from engine.plugin.adapters.torch_model import TorchModel
from engine.tasks.predictions import ClassScores, Detections, SegmentationMap
from tests.engine.export.test_tasks import CLASSES, SIDE, model_of


def pictures() -> list[np.ndarray]:
    """Three of different sizes, one smaller than the input."""
    rng = np.random.default_rng(0)
    sizes = ((90, 120), (200, 64), (40, 30))
    return [
        np.kron(rng.integers(0, 255, (h // 10, w // 10 + 1, 3)), np.ones((10, 10, 1))).astype(np.uint8)[:, :w]
        for h, w in sizes
    ]


def exported(model: TorchModel, path: Path, **changed: bool) -> Path:
    mean, std = model.normalisation()
    deployment = Deployment(
        class_names=CLASSES,
        input_size=(3, SIDE, SIDE),
        mean=mean,
        std=std,
        resize_method=model.settings.preprocessing.resize_method,
        framing=model.task.framing,
        any_batch=model.task.exports_any_batch,
        **changed,
    )
    export_onnx(model.network, path, deployment, finish=model.task.deployed)
    return path


def test_that_a_file_answers_the_same_with_one_thread(tmp_path: Path) -> None:
    path = exported(model_of("example_minimal"), tmp_path / "model.onnx")

    def never(_checkpoint: Path) -> Predictable:
        raise AssertionError

    answers = []
    for threads in (None, 1):
        (told,) = with_exported(never, lambda wanted=threads: wanted)(path).infer(pictures()[:1])
        assert isinstance(told, ClassScores)
        answers.append(told.probs)

    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)


@pytest.mark.parametrize("changed", [{}, {"include_preprocessing": False, "include_postprocessing": False}])
def test_that_a_classifiers_file_gives_the_probabilities_of_the_network(
    changed: dict[str, bool], tmp_path: Path
) -> None:
    model = model_of("example_minimal")

    found = load_exported(exported(model, tmp_path / "model.onnx", **changed))

    assert found.class_names == CLASSES
    for told, wanted in zip(found.infer(pictures()), model.infer(pictures()), strict=True):
        assert isinstance(told, ClassScores)
        assert isinstance(wanted, ClassScores)
        np.testing.assert_allclose(told.probs, wanted.probs, atol=1e-4)
    assert found.infer([]) == []


@pytest.mark.slow
def test_that_a_segmenters_file_gives_the_classes_of_the_network(tmp_path: Path) -> None:
    model = model_of("torchvision_segmenter")

    found = load_exported(exported(model, tmp_path / "model.onnx"))

    for told, wanted, image in zip(found.infer(pictures()), model.infer(pictures()), pictures(), strict=True):
        assert isinstance(told, SegmentationMap)
        assert isinstance(wanted, SegmentationMap)
        assert told.labels.shape == image.shape[:2]
        assert (told.labels == wanted.labels).mean() > 0.999


@pytest.mark.slow
def test_that_a_detectors_file_gives_the_boxes_of_the_network(tmp_path: Path) -> None:
    model = model_of("torchvision_detector", architecture="fcos")

    found = load_exported(exported(model, tmp_path / "model.onnx"))

    for told, wanted in zip(found.infer(pictures()), model.infer(pictures()), strict=True):
        assert isinstance(told, Detections)
        assert isinstance(wanted, Detections)
        count = min(5, len(wanted.scores))
        assert count > 0
        np.testing.assert_allclose(told.scores[:count], wanted.scores[:count], atol=1e-3)
        assert (told.boxes >= 0).all()


def test_that_a_file_of_which_nothing_is_known_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = exported(model_of("example_minimal"), tmp_path / "model.onnx")
    path.with_suffix(".json").unlink()
    bare = onnx.load(str(path))
    del bare.metadata_props[:]
    onnx.save(bare, str(path))

    with pytest.raises(UserError) as raised:
        load_exported(path)

    assert raised.value.code == "exported_unknown"


def test_that_a_damaged_or_missing_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no network")

    for name, code in (("broken.onnx", "export_unrunnable"), ("gone.onnx", "checkpoint_missing")):
        with pytest.raises(UserError) as raised:
            load_exported(tmp_path / name)
        assert raised.value.code == code


def test_that_checkpoints_are_still_loaded_as_such(tmp_path: Path) -> None:
    asked: list[Path] = []

    def load(path: Path) -> Predictable:
        asked.append(path)
        raise UserError("checkpoint_missing", "There is none.")

    with pytest.raises(UserError):
        with_exported(load)(tmp_path / "checkpoints" / "best")

    assert asked == [tmp_path / "checkpoints" / "best"]
