from __future__ import annotations

from PySide6.QtGui import QColor

from desktop.theme.label_colors import label_color, label_ink, luminance, point_color
from desktop.theme.tokens import DARK, LIGHT


def parts(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()


def test_that_names_can_be_read_on_the_colour_of_every_class() -> None:
    for label in range(300):
        lights = sorted((luminance(label_color(label)), luminance(label_ink(label))))
        assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5, label


def test_that_the_first_classes_have_colours_far_apart() -> None:
    colors = [parts(label_color(label)) for label in range(16)]
    for place, one in enumerate(colors):
        for other in colors[place + 1 :]:
            assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) >= 45


def test_that_a_classes_colour_does_not_change() -> None:
    assert label_color(3).name() == label_color(3).name()
    assert label_color(-1).isValid()


def test_that_points_stand_out_from_the_surface_in_both_themes() -> None:
    for ground in (DARK.card, LIGHT.card):
        below = luminance(QColor(ground))
        for label in range(40):
            lights = sorted((luminance(point_color(label, ground)), below))
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 3, f"class {label} on {ground}"


def test_that_a_color_that_stands_out_is_not_changed() -> None:
    assert point_color(0, DARK.card) == label_color(0)
