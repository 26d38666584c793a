"""Files are answered in order, in small batches; what cannot be read is told and the rest goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import UserError
from engine.inference.predictor import image_files, predict_files
from engine.inference.records import Telling
from engine.tasks.predictions import ClassScores
from tests.engine.datasets.pictures import write_picture


class Brightness:
    """Says `light` with the mean brightness as its confidence; remembers how many images came at once."""

    class_names: tuple[str, ...] = ("dark", "light")

    def __init__(self) -> None:
        self.batches: list[int] = []

    def infer(self, images: list[np.ndarray]) -> list[ClassScores]:
        self.batches.append(len(images))
        means = [float(image.mean()) / 255 for image in images]
        return [ClassScores(np.array([1 - mean, mean], dtype=np.float32)) for mean in means]


def test_that_folders_give_their_images_sorted_and_files_stay(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.JPG", "a.png", "b/._2.png", "b/.thumbnails/2.png"):
        write_picture(tmp_path / name)
    (tmp_path / "b" / "notes.txt").write_text("x")

    found = image_files([tmp_path / "b", tmp_path / "a.png"])

    assert [path.name for path in found] == ["1.JPG", "2.png", "a.png"]


def test_that_nothing_to_look_at_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no image") as nothing:
        image_files([tmp_path / "empty"])
    with pytest.raises(UserError, match="no file") as missing:
        image_files([tmp_path / "gone.png"])
    assert (nothing.value.code, missing.value.code) == ("no_images", "file_missing")


def test_that_answers_keep_the_order_and_broken_files_stand_among_them(tmp_path: Path) -> None:
    files = [write_picture(tmp_path / f"{number}.png", number) for number in range(5)]
    files[2].write_bytes(b"broken")
    model = Brightness()

    records = list(predict_files(model, files, batch_size=3))

    assert [Path(record.file) for record in records] == files
    assert [record.error is not None for record in records] == [False, False, True, False, False]
    assert model.batches == [2, 2]
    assert all(record.confidence == record.top[0].confidence for record in records if record.error is None)


def test_that_a_best_class_below_the_threshold_is_no_label(tmp_path: Path) -> None:
    file = write_picture(tmp_path / "x.png")

    (unsure,) = predict_files(Brightness(), [file], Telling(0.99))
    (sure,) = predict_files(Brightness(), [file], Telling(0.1))

    assert (unsure.label, sure.label) == (None, sure.top[0].label)
    assert unsure.top == sure.top
