from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from desktop.grids.image_model import IMAGE_ROLE, ImageModel, Images
from desktop.grids.tile import Tile, judged_tile


def images(count: int, root: Path | None = Path("/data")) -> Images:
    return Images(
        root, [f"class/{number}.png" for number in range(count)], lambda image: Tile(f"tile {image}")
    )


@pytest.fixture
def model(qtbot: QtBot) -> ImageModel:
    made = ImageModel()
    made.set_images(images(6))
    return made


def test_that_all_images_are_shown_in_their_own_order(model: ImageModel) -> None:
    assert [model.data(model.index(row), IMAGE_ROLE) for row in range(model.rowCount())] == list(range(6))


def test_that_a_mask_and_an_order_choose_the_rows(model: ImageModel) -> None:
    model.arrange(np.array([1, 0, 1, 1, 0, 1], bool), -np.array([0.1, 0, 0.9, 0.9, 0, 0.5]))
    assert list(model.shown) == [2, 3, 5, 0]
    assert model.row_of(5) == 2
    assert model.row_of(1) == -1
    assert model.row_of(99) == -1


def test_that_the_rows_stay_when_the_same_is_chosen_again(qtbot: QtBot, model: ImageModel) -> None:
    model.arrange(np.arange(6) > 2)
    with qtbot.assertNotEmitted(model.modelReset):
        model.arrange(np.arange(6) > 2)


def test_that_new_images_come_last_and_what_is_filtered_stays_so(model: ImageModel) -> None:
    model.arrange(np.arange(6) > 3)
    model.update_images(images(8))
    assert list(model.shown) == [4, 5, 6, 7]


def test_that_the_model_keeps_the_rules_of_models(qtmodeltester: ModelTester, model: ImageModel) -> None:
    qtmodeltester.check(model)
    model.arrange(np.arange(6) % 2 == 0)
    model.update_images(images(9))


def test_that_a_tile_is_read_aloud_with_its_file(model: ImageModel) -> None:
    model.set_images(Images(Path("/data"), ["a/x.png"], lambda _: judged_tile("cat", "dog", 0.8)))
    spoken = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "x.png. Incorrect: true cat, predicted dog, confidence 80%."


def test_that_markup_in_a_name_is_shown_as_text(model: ImageModel) -> None:
    model.set_images(Images(Path("/data"), ["<img src=x>.png"], lambda _: Tile("<b>bold</b>")))
    tip = model.data(model.index(0), Qt.ItemDataRole.ToolTipRole)
    assert isinstance(tip, str)
    assert "&lt;b&gt;bold" in tip
    assert "<b>" not in tip


def test_that_a_broken_file_tells_its_reason_in_the_tooltip(
    qtbot: QtBot, model: ImageModel, tmp_path: Path
) -> None:
    (tmp_path / "x.png").write_bytes(b"nonsense")
    model.set_images(Images(tmp_path, ["x.png"], lambda _: Tile("cat")))
    with qtbot.waitSignal(model.pictured) as told:
        model.pixmap(0)
    assert told.args == [0]
    assert "no image" in str(model.data(model.index(0), Qt.ItemDataRole.ToolTipRole))


def test_that_a_judged_tile_names_both_classes_only_where_they_differ() -> None:
    assert judged_tile("cat", "dog", 0.804).caption == "cat → dog"
    assert judged_tile("cat", "cat", 0.8).caption == "cat"
    assert judged_tile(None, "cat", 0.8).is_correct is None
    assert judged_tile("cat", "dog", 0.804).note == "80%"
