from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.theme.label_colors import label_color
from desktop.viewers.image_view import Part
from desktop.viewers.label_controls import LabelControls
from desktop.viewers.label_view import PREDICTION, TRUTH, LabelView

BLACK = QColor.fromRgb(0, 0, 0)


@pytest.fixture
def view(qtbot: QtBot, tmp_path: Path) -> LabelView:
    """An empty black picture of 200 × 150, shown twice as large."""
    made = LabelView("Image")
    made.set_classes(("cell", "platelet"))
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    Image.new("RGB", (200, 150)).save(tmp_path / "x.png")
    with qtbot.waitSignal(made.loaded):
        made.show_file(tmp_path / "x.png")
    return made


def two_boxes() -> DrawnLabels:
    boxes = np.array([[20, 40, 120, 140], [60, 70, 80, 90]], np.float32)
    return DrawnLabels(200, 150, boxes, np.array([0, 1]))


def drawn(view: LabelView) -> QImage:
    return view.grab().toImage()


def parts(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()


def is_near(image: QImage, x: int, y: int, color: QColor, by: int = 40) -> bool:
    found = image.pixelColor(x, y)
    return all(abs(a - b) <= by for a, b in zip(parts(found), parts(color), strict=True))


def move(view: LabelView, x: float, y: float) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(x, y), view.mapToGlobal(QPointF(x, y)), Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_that_a_box_is_drawn_where_it_is_in_its_classes_colour(view: LabelView) -> None:
    view.set_look(LabelLook(names=False))
    view.set_layer(TRUTH, two_boxes())
    image = drawn(view)
    assert is_near(image, 40, 200, label_color(0))
    assert is_near(image, 120, 160, label_color(1))
    assert is_near(image, 300, 200, BLACK)


def test_that_boxes_fit_a_picture_that_is_shown_in_another_size_than_they_speak_of(view: LabelView) -> None:
    view.set_look(LabelLook(names=False))
    view.set_layer(TRUTH, DrawnLabels(2000, 1500, two_boxes().boxes * 10, np.array([0, 1])))
    assert is_near(drawn(view), 40, 200, label_color(0))


def test_that_hidden_classes_and_low_scores_are_not_drawn(view: LabelView) -> None:
    labels = replace(two_boxes(), scores=np.array([0.9, 0.4], np.float32))
    view.set_layer(PREDICTION, labels)
    view.set_look(LabelLook(names=False, hidden_classes=frozenset({0})))
    assert LabelLook(hidden_classes=frozenset({0})).shown(labels).tolist() == [False, True]
    assert LabelLook(floor=0.5).shown(labels).tolist() == [True, False]
    assert is_near(drawn(view), 40, 200, BLACK)


def test_that_pixels_of_classes_are_painted_with_the_opacity_chosen(view: LabelView) -> None:
    classes = np.full((150, 200), 255, np.uint8)
    classes[:, :100] = 1
    view.set_layer(TRUTH, DrawnLabels(200, 150, class_map=classes))
    view.set_look(LabelLook(opacity=1.0))
    assert is_near(drawn(view), 100, 150, label_color(1), 3)
    assert is_near(drawn(view), 300, 150, BLACK, 3)
    view.set_look(LabelLook(opacity=0.5))
    half = QColor.fromRgb(*(part // 2 for part in parts(label_color(1))))
    assert is_near(drawn(view), 100, 150, half, 3)
    view.set_look(LabelLook(opacity=1.0, hidden_classes=frozenset({1})))
    assert is_near(drawn(view), 100, 150, BLACK, 3)


def test_that_polygons_and_masks_of_objects_are_filled(view: LabelView) -> None:
    look = LabelLook(boxes=False, names=False, opacity=1.0)
    view.set_look(look)
    square = np.array([[20, 40], [120, 40], [120, 140], [20, 140]], np.float64)
    view.set_layer(TRUTH, DrawnLabels(200, 150, two_boxes().boxes, np.array([0, 1]), rings=((square,), ())))
    assert is_near(drawn(view), 60, 120, label_color(0), 3)
    masks = np.zeros((2, 150, 200), np.bool_)
    masks[0, 40:140, 20:120] = True
    masks[1, 70:90, 60:80] = True
    view.set_layer(TRUTH, DrawnLabels(200, 150, two_boxes().boxes, np.array([0, 1]), masks=masks))
    assert is_near(drawn(view), 60, 120, label_color(0), 3)
    assert is_near(drawn(view), 140, 160, label_color(1), 3), "the smaller lies on top"


def test_that_a_layer_is_hidden_by_name(view: LabelView) -> None:
    view.set_layer(TRUTH, two_boxes())
    view.set_look(LabelLook(names=False, hidden_layers=frozenset({TRUTH})))
    assert is_near(drawn(view), 40, 200, BLACK)
    assert view.layers == (TRUTH,)


def test_that_space_hides_the_labels_while_it_is_held(qtbot: QtBot, view: LabelView) -> None:
    view.set_look(LabelLook(names=False))
    view.set_layer(TRUTH, two_boxes())
    qtbot.keyPress(view, Qt.Key.Key_Space)
    assert is_near(drawn(view), 40, 200, BLACK)
    qtbot.keyRelease(view, Qt.Key.Key_Space)
    assert is_near(drawn(view), 40, 200, label_color(0))


def test_that_keys_and_controls_agree(qtbot: QtBot, view: LabelView) -> None:
    controls = LabelControls([view])
    qtbot.addWidget(controls)
    with qtbot.waitSignal(controls.look_changed):
        qtbot.keyClick(view, Qt.Key.Key_B)
    assert not controls.boxes.isChecked()
    assert not view.look.boxes
    controls.boxes.click()
    assert view.look.boxes
    controls.opacity.setValue(20)
    assert view.look.opacity == pytest.approx(0.2)
    controls.masks.click()
    assert not controls.opacity.isEnabled()


def test_that_the_smallest_object_under_the_pointer_is_told(qtbot: QtBot, view: LabelView) -> None:
    view.set_layer(TRUTH, two_boxes())
    with qtbot.waitSignal(view.pointed) as told:
        move(view, 140, 160)
    assert told.args == [TRUTH, 1]
    with qtbot.waitSignal(view.pointed) as told:
        move(view, 60, 200)
    assert told.args == [TRUTH, 0]
    with qtbot.waitSignal(view.pointed) as told:
        move(view, 390, 20)
    assert told.args == ["", -1]


def test_that_what_is_drawn_is_told_to_screen_readers(view: LabelView) -> None:
    view.set_layer(TRUTH, two_boxes())
    assert view.accessibleDescription() == "x.png; truth: 1 cell, 1 platelet"


def test_that_the_next_image_may_keep_the_part_shown(qtbot: QtBot, view: LabelView, tmp_path: Path) -> None:
    view.show_part(Part(0.4, 0.6, 3.0))
    view.set_layer(TRUTH, two_boxes())
    with qtbot.waitSignal(view.loaded):
        view.show_file(tmp_path / "x.png", keep_part=True)
    assert view.part == Part(0.4, 0.6, 3.0)
    assert view.layers == (), "another image has other labels"
    view.show_file(tmp_path / "x.png")
    assert view.part == Part()


def test_that_names_of_many_objects_never_cover_each_other(view: LabelView) -> None:
    crowd = np.tile(np.array([[20, 40, 120, 140]], np.float32), (300, 1))
    view.set_layer(TRUTH, DrawnLabels(200, 150, crowd, np.zeros(300, np.int64)))
    image = drawn(view)
    assert is_near(image, 42, 72, label_color(0)), "one tag stands above the box"
    assert is_near(image, 42, 50, BLACK), "and no second above it"


def test_that_what_is_around_a_marked_object_stands_back_until_another_is_pointed_at(
    view: LabelView,
) -> None:
    view.set_look(LabelLook(names=False))
    view.set_layer(TRUTH, two_boxes())
    plain = drawn(view)

    view.mark(TRUTH, 1)

    marked = drawn(view)
    assert view.pointed_object == (TRUTH, 1)
    assert is_near(marked, 120, 160, label_color(1)), "the object itself"
    assert marked.pixelColor(40, 200).lightness() < plain.pixelColor(40, 200).lightness() - 40
    move(view, 60, 200)
    assert view.pointed_object == (TRUTH, 0)
    assert is_near(drawn(view), 40, 200, label_color(0)), "the shade is gone while something is pointed at"
    move(view, 390, 20)
    assert view.pointed_object == (TRUTH, 1), "and the mark holds again"


def test_that_a_mark_goes_with_the_labels_that_it_is_of(view: LabelView) -> None:
    view.set_layer(TRUTH, two_boxes())
    view.mark(TRUTH, 1)

    view.set_layer(PREDICTION, two_boxes())
    assert view.pointed_object == (TRUTH, 1)
    view.set_layer(TRUTH, two_boxes())

    assert view.pointed_object == ("", -1)
    view.mark(TRUTH, 7)
    assert view.pointed_object == ("", -1), "there is no such object"
