"""The preview's model: it asks once the form rests, only while somebody looks, and the newest wish wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background
from desktop.models.augmentation_preview import AugmentationModel, Extent, Subject, read_rows
from engine.errors import UserError

SUBJECT = Subject("tiny", {"epochs": 3, "augmentation.random_flip": True}, "pets", "v1")


class Window:
    """As much of the window's context as the model needs; the test answers when it likes."""

    def __init__(self) -> None:
        self.predictor = self
        self.background = Background()
        self.asked: list[Mapping[str, Any]] = []
        self.then: list[Callable[[dict[str, object]], object]] = []
        self.failed: list[Callable[[UserError], object]] = []

    def ask(self, verb: str, payload: Mapping[str, object], then: Any = None, failed: Any = None) -> int:
        assert verb == "preview"
        self.asked.append(payload)
        self.then.append(then)
        self.failed.append(failed)
        return len(self.asked)


@pytest.fixture
def window(qapp: object) -> Window:
    return Window()


@pytest.fixture
def model(window: Window) -> AugmentationModel:
    made = AugmentationModel(window, Extent(2, 3, 200))
    made.set_looking("form", True)
    return made


def picture(folder: Path, name: str, **labels: object) -> dict[str, object]:
    file = folder / f"{name}.png"
    Image.fromarray(np.full((8, 10, 3), 90, np.uint8)).save(file)
    return {
        "image": str(file),
        "width": 10,
        "height": 8,
        "boxes": None,
        "mask": None,
        "label": None,
        **labels,
    }


def answer(folder: Path, **labels: object) -> dict[str, object]:
    variants = [{"epoch": 0, **picture(folder, "epoch", **labels)}]
    pictures = [
        {"item": 3, "path": "a/x.png", "original": picture(folder, "whole", **labels), "variants": variants}
    ]
    return {"pictures": pictures, "classes": ["cat", "dog"], "notes": ["Augment is off."], "problems": []}


def test_that_a_rest_sends_what_is_wished(qtbot: QtBot, window: Window, model: AugmentationModel) -> None:
    model.show(SUBJECT)
    model.show(Subject("tiny", {"augmentation.random_flip": False, "odd": object()}, "pets", "v1"))
    qtbot.waitUntil(lambda: bool(window.asked))

    assert window.asked == [
        {
            "plugin": "tiny",
            "config": {"augmentation.random_flip": False},
            "dataset": "pets",
            "count": 2,
            "pick": 0,
            "epochs": [0, 1, 2],
            "size": 200,
        }
    ]


def test_that_nothing_is_asked_while_nobody_looks(
    qtbot: QtBot, window: Window, model: AugmentationModel
) -> None:
    model.set_looking("form", False)
    model.show(SUBJECT)
    assert not model.is_waiting
    model.set_looking("panel", True)
    qtbot.waitUntil(lambda: bool(window.asked))


def test_that_one_question_is_under_way_and_the_newest_wish_follows(
    qtbot: QtBot, window: Window, model: AugmentationModel, tmp_path: Path
) -> None:
    model.show(SUBJECT)
    qtbot.waitUntil(lambda: bool(window.asked))
    for degrees in (10.0, 20.0, 30.0):
        model.show(Subject("tiny", {"augmentation.random_rotation": degrees}, "pets", "v1"))
        model.shuffle(7)
    window.then[0](answer(tmp_path))
    qtbot.waitUntil(lambda: len(window.asked) == 2)

    assert window.asked[1]["config"] == {"augmentation.random_rotation": 30.0}
    assert window.asked[1]["pick"] == 7
    assert model.is_waiting
    window.then[1](answer(tmp_path))
    qtbot.waitUntil(lambda: not model.is_waiting)
    assert len(window.asked) == 2


def test_that_settings_that_change_no_picture_ask_nothing(
    qtbot: QtBot, window: Window, model: AugmentationModel, tmp_path: Path
) -> None:
    model.show(SUBJECT)
    qtbot.waitUntil(lambda: bool(window.asked))
    window.then[0](answer(tmp_path))
    qtbot.waitUntil(lambda: not model.is_waiting)
    model.show(
        Subject("tiny", {"epochs": 90, "augmentation.random_flip": True, "optimizer.lr": 1.0}, "pets", "v1")
    )
    assert not model.is_waiting
    model.show(Subject("tiny", dict(SUBJECT.config), "pets", "v2"))
    assert model.is_waiting


def test_that_a_refusal_is_kept_beside_the_last_pictures(
    qtbot: QtBot, window: Window, model: AugmentationModel, tmp_path: Path
) -> None:
    model.show(SUBJECT)
    qtbot.waitUntil(lambda: bool(window.asked))
    window.then[0](answer(tmp_path))
    qtbot.waitUntil(lambda: not model.is_waiting)
    assert (len(model.rows), model.notes) == (1, ["Augment is off."])
    model.shuffle()
    qtbot.waitUntil(lambda: len(window.asked) == 2)
    window.failed[1](UserError("augmentation_hidden", "It cannot be shown."))

    assert model.error is not None
    assert model.error.code == "augmentation_hidden"
    assert len(model.rows) == 1
    assert not model.is_waiting


def test_that_files_gone_meanwhile_are_told(
    qtbot: QtBot, window: Window, model: AugmentationModel, tmp_path: Path
) -> None:
    model.show(SUBJECT)
    qtbot.waitUntil(lambda: bool(window.asked))
    told = answer(tmp_path)
    (tmp_path / "whole.png").unlink()
    window.then[0](told)
    qtbot.waitUntil(lambda: model.error is not None)
    assert not model.is_waiting


def test_that_boxes_outlines_and_pixels_become_drawn_labels(qapp: object, tmp_path: Path) -> None:
    box = {"x0": 1, "y0": 2, "x1": 5, "y1": 6, "label": "dog"}
    numbers = np.zeros((8, 10), np.uint8)
    numbers[3, 4] = 1
    Image.fromarray(numbers).save(tmp_path / "mask.png")
    mask = str(tmp_path / "mask.png")

    (boxed,) = read_rows(answer(tmp_path, boxes=[box]))
    assert boxed.original.labels.boxes.tolist() == [[1, 2, 5, 6]]
    assert boxed.original.labels.classes.tolist() == [1]
    assert boxed.original.labels.masks is None
    assert boxed.variants[0].words == "1 dog"
    (outlined,) = read_rows(answer(tmp_path, boxes=[box], mask=mask))
    assert outlined.original.labels.masks is not None
    assert np.argwhere(outlined.original.labels.masks).tolist() == [[0, 3, 4]]
    (painted,) = read_rows(answer(tmp_path, mask=mask))
    assert painted.original.labels.class_map is not None
    assert painted.original.words == "cat, dog"
    (named,) = read_rows(answer(tmp_path, label="cat"))
    assert (named.label, named.original.words) == ("cat", "cat")
    (empty,) = read_rows(answer(tmp_path, boxes=[]))
    assert empty.original.words == "nothing"
