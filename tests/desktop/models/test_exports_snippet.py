"""The programs to copy, run as they are: they prepare an image as a validation does, and read what their task gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from desktop.models.exports_snippet import python_snippet
from engine.data.preprocessing import prepare_image
from engine.datasets.decode import decode_image
from engine.export.onnx_file import Deployment, export_onnx
from engine.tasks.registry import task_named

SIDE = 32


class Doubled(nn.Module):
    """Gives each pixel's red, green and blue as the scores of three classes."""

    def forward(self, images: Tensor) -> Tensor:
        return 2 * images


class Boxes(nn.Module):
    """Finds one thing twice and another one once, surely in a white image."""

    def forward(self, images: Tensor) -> Tensor:
        corners = torch.tensor([[0.0, 0, 16, 16], [1, 0, 16, 16], [16, 8, 40, 32], [0, 0, 9, 9]])
        scores = torch.tensor([[0.8, 0.1], [0.7, 0.1], [0.1, 0.6], [0.2, 0.2]])
        seen = scores[None] * images.mean(dim=(1, 2, 3))[:, None, None] / 255
        return torch.cat([corners.expand(len(images), -1, -1), seen], dim=2)


def exported(folder: Path, network: nn.Module, task: str, method: str = "bilinear") -> Path:
    model = folder / "model.onnx"
    deployment = Deployment(
        class_names=("cat", "dog", "owl")[: 2 if isinstance(network, Boxes) else 3],
        input_size=(3, SIDE, SIDE),
        mean=(0.0, 0.0, 0.0),
        std=(1 / 255, 1 / 255, 1 / 255),
        resize_method=method,
        framing=task_named(task).framing,
        any_batch=False,
    )
    export_onnx(network, model, deployment, finish=lambda outputs, _: outputs)
    return model


def run(program: str, image: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(image.parent)
    names: dict[str, Any] = {}
    exec(
        compile(program.replace('"image.jpg"', repr(str(image))), "snippet", "exec"), names
    )  # ours, under test
    return names


def drawn(folder: Path, width: int, height: int) -> Path:
    small = np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    path = folder / "image.png"
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation"])
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(200, 120), (90, 160)])
def test_that_a_program_prepares_an_image_as_a_validation_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, method: str, size: tuple[int, int]
) -> None:
    image = drawn(tmp_path, *size)
    model = exported(tmp_path, Doubled(), task, method)

    names = run(python_snippet(model, {}, "a task of tomorrow"), image, monkeypatch)

    pixels = names["pixels"](names["opened"](image))
    expected = prepare_image(decode_image(image), SIDE, method, task_named(task).framing).transpose(2, 0, 1)
    assert np.abs(pixels - expected.astype(np.float32)).max() <= 2


def test_that_the_program_of_a_detector_tells_boxes_in_the_images_own_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "white.png"
    Image.new("RGB", (64, 128), (255, 255, 255)).save(image)

    run(python_snippet(exported(tmp_path, Boxes(), "detection"), {}, "detection"), image, monkeypatch)

    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["80.0%", "cat", "[0.0, 0.0, 32.0, 64.0]"],
        ["60.0%", "dog", "[32.0, 32.0, 64.0, 128.0]"],
    ]


def test_that_the_program_of_a_segmenter_tells_the_class_of_each_pixel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "halves.png"
    halves = np.zeros((80, 160, 3), dtype=np.uint8)
    halves[:, :80, 1] = 255
    halves[:, 80:, 2] = 255
    Image.fromarray(halves).save(image)

    run(python_snippet(exported(tmp_path, Doubled(), "segmentation"), {}, "segmentation"), image, monkeypatch)

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["0.0%", "cat"], ["50.0%", "dog"], ["50.0%", "owl"]]
    mask = np.asarray(Image.open(tmp_path / "mask.png"))
    assert mask.shape == (80, 160)
    assert (mask[:, :75] == 1).all()
    assert (mask[:, 85:] == 2).all()
