"""The right side of the Validate page: images, curves or classes of a result, and the bound on which they depend."""

from __future__ import annotations

from math import floor

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.charts.figure_plot import PickedPoint
from desktop.charts.figures import BarFigure
from desktop.models.result import Result
from desktop.pages.validate_classes import ClassesPanel
from desktop.pages.validate_curves import FiguresPanel
from desktop.pages.validate_images import ImagesPanel
from desktop.pages.validate_objects import ObjectsPanel
from desktop.tasks.measures import Span, bar_span
from desktop.tasks.task import Bound, TaskView
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import Button, button, on_click
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label
from desktop.widgets.marked_slider import MarkedSlider
from desktop.widgets.segmented import Segmented
from desktop.widgets.view_stack import ViewStack

IMAGES, OBJECTS, CURVES, CLASSES = "images", "objects", "curves", "classes"
_VIEWS = ((IMAGES, "Images"), (OBJECTS, "Objects"), (CURVES, "Curves"), (CLASSES, "Classes"))
_SLIDER = 84
_WHOLE = 100
_LEAST_HEAD, _NARROW = 480, 760
"""Pixels; below the second one words of the head are left out."""


class SidePanel(Card):
    """Shows one of three views of a result; tells when the bound was moved."""

    bound_moved = Signal(float)
    """The user wants the result at this bound, 0 to 1."""
    layers_hidden = Signal(object)
    """A frozenset of the names of layers that are not to be drawn."""

    def __init__(self) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.xs, SPACE.xs))
        self._bound: Bound | None = None
        head = row(SPACE.xs)
        head.setContentsMargins(0, 0, SPACE.s, 0)
        self.choice = Segmented(_VIEWS, IMAGES, "What is shown of the result")
        self.choice.changed.connect(self.show_view)
        self.choice.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        head.addWidget(self.choice)
        head.addStretch(1)
        self.toggles: dict[str, Button] = {}
        self._toggles = row(SPACE.xs)
        head.addLayout(self._toggles)
        head.addSpacing(SPACE.s)
        self._bound_name = text_label("", "caption")
        self.slider = MarkedSlider()
        self.slider.setRange(0, _WHOLE)
        self.slider.setPageStep(5)
        self.slider.setFixedWidth(_SLIDER)
        self.slider.valueChanged.connect(self._move)
        self._bound_value = text_label("", "caption")
        self._bound_value.setFont(font(TYPE.caption, tabular=True))
        self._bound_value.setMinimumWidth(self._bound_value.fontMetrics().horizontalAdvance("100%"))
        self.best = button("", kind="link")
        for widget in (self._bound_name, self.slider, self._bound_value, self.best):
            head.addWidget(widget)
        on_click(self.best, self._go_to_best)
        holder = QWidget()
        holder.setMinimumWidth(_LEAST_HEAD)  # less than all of it takes: what is said in words gives way
        holder.setLayout(head)
        self.body.addWidget(holder)
        self.views = ViewStack()
        self.images = ImagesPanel()
        self.objects = ObjectsPanel()
        self.images.filtered.connect(self.objects.show_selection)
        self.objects.chips.removed.connect(self.images.remove_filter)
        self.objects.chips.cleared.connect(self.images.clear_filters)
        self.figures = FiguresPanel()
        self.figures.picked.connect(self._show_point)
        self.classes = ClassesPanel()
        for view in (self.images, self.objects, self.figures, self.classes):
            self.views.addWidget(view)
        self.body.addWidget(self.views, 1)
        self._view: TaskView | None = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_head()

    def _fit_head(self) -> None:
        """Where there is little room, say less: tooltips have the rest."""
        is_narrow = self.width() < _NARROW
        self._bound_name.setVisible(self._bound is not None and not is_narrow)
        for name, made in self.toggles.items():
            made.setText(name[:1].upper() if is_narrow else name.capitalize())

    def show_view(self, name: str) -> None:
        """Show images, curves or classes."""
        self.choice.choose(name)
        if self.views.turn_to([key for key, _ in _VIEWS].index(name)):
            self._focus_view()  # else it would go to the next button
        for made in self.toggles.values():
            made.setVisible(name == IMAGES)

    def show_pictures(self) -> None:
        """Show images, or objects where these were looked at already."""
        self.show_view(OBJECTS if self.choice.current() == OBJECTS else IMAGES)

    def focus_pictures(self) -> None:
        """Give the keyboard to the images or objects that are shown."""
        if self.choice.current() == OBJECTS:
            self.objects.grid.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.images.focus()

    def _focus_view(self) -> None:
        if self.choice.current() in (IMAGES, OBJECTS):
            self.focus_pictures()
        else:
            self.views.focus_current()

    def offer_bound(self, bound: Bound | None) -> None:
        """Let a bound be moved, from where it stands; None takes the slider away."""
        for widget in (self._bound_name, self.slider, self._bound_value):
            widget.setVisible(bound is not None)
        self._bound = bound
        self.best.setVisible(bound is not None and bound.best is not None)
        if bound is None:
            return
        self.slider.set_mark(None if bound.best is None else round(bound.best * _WHOLE))
        if bound.best is not None:
            self.best.setText(bound.best_title)
            self.best.explain(f"{bound.best_title}: move the slider to {bound.best:.0%}")
        self._bound_name.setText(bound.title)
        self.slider.setAccessibleName(f"{bound.title.rstrip(' ≥')}, percent")
        self.slider.setToolTip(bound.tip)
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(bound.value * _WHOLE))
        self._say_bound()
        self._fit_head()

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show a result as it is at its bound."""
        if view is not self._view:
            self._view = view
            self._offer_layers(view)
        has_objects = view.parts(result) is not None
        self.choice.offer(OBJECTS, has_objects)
        self.choice.offer(CLASSES, bool(view.class_columns))
        self.choice.offer(CURVES, bool(view.measures))
        if not self.choice.is_offered(self.choice.current()):
            self.show_view(IMAGES)
        self.images.show_result(result, view)
        self.objects.show_result(result, view)
        self.figures.show_result(result, view)
        self.classes.show_result(result, view)

    def hidden_layers(self) -> frozenset[str]:
        """The names of the layers that the user does not want to see."""
        return frozenset(name for name, made in self.toggles.items() if not made.isChecked())

    def _go_to_best(self) -> None:
        if self._bound is not None and self._bound.best is not None:
            self.slider.setValue(round(self._bound.best * _WHOLE))

    def _show_point(self, point: PickedPoint) -> None:
        """Show the images of a bar or of a point of a curve; a point that is a bound moves the slider."""
        result, view = self.images.result, self._view
        if result is None or view is None:
            return
        if isinstance(point.figure, BarFigure):
            meant = bar_span(point.figure, point.number)
        else:
            meant = view.meant(result, point.figure, point.x, point.number)
        if isinstance(meant, Span):
            if self._bound is not None and meant.key == self._bound.key:
                # What is below the bound is left out: it gives way, so that what was clicked is seen.
                self.slider.setValue(min(self.slider.value(), floor(max(0.0, meant.low) * _WHOLE + 1e-6)))
            self.images.show_within(meant)
            self.show_view(IMAGES)
        elif meant is not None:
            self.slider.setValue(round(meant * _WHOLE))

    def _offer_layers(self, view: TaskView) -> None:
        for made in self.toggles.values():
            self._toggles.removeWidget(made)
            made.deleteLater()
        self.toggles = {}
        for name in view.draws:
            made = Button(name.capitalize())
            made.setProperty("chip", True)
            made.setCheckable(True)
            made.setChecked(True)
            made.setToolTip(f"Draw the {name} on the pictures")
            made.toggled.connect(self._hide_layers)
            self._toggles.addWidget(made)
            made.setVisible(self.choice.current() == IMAGES)
            made.setAccessibleName(f"Draw the {name}")
            self.toggles[name] = made
        self._fit_head()
        self._hide_layers()

    def _hide_layers(self, _on: bool = True) -> None:
        hidden = self.hidden_layers()
        self.images.hide_layers(hidden)
        self.layers_hidden.emit(hidden)

    def _move(self, value: int) -> None:
        self._say_bound()
        self.bound_moved.emit(value / _WHOLE)

    def _say_bound(self) -> None:
        self._bound_value.setText(f"{self.slider.value()}%")
