"""The toggle that lays a heat map on pictures, used by every page that shows what a model says of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QSlider, QWidget

from desktop.models.heat_maps import Heat, HeatMaps, HeatSubject
from desktop.theme.tokens import SIZE, SPACE
from desktop.viewers.label_view import LabelView
from desktop.widgets.buttons import Button
from desktop.widgets.card import row
from desktop.widgets.choice_box import ChoiceBox
from engine.errors import UserError

_NAME, _COMPUTING = "Heat map", "Computing…"
_WHOLE = 100
_OPACITY = 65
_SLIDER_WIDTH = 60
_CLASS_WIDTH = (140, 80)
"""The widest and the narrowest."""
_PREDICTED = "Predicted"
_TIP = "Where the model looks: what each part of the picture adds to a class  (H)"
_NOTHING = "Nothing to explain yet."


class HeatToggle(QWidget):
    """A chip that says how it stands, a class and an opacity; agrees with the key H in the views.

    Args:
        views: on which the map lies.
        heat_maps: who is asked.
    """

    told = Signal(str)
    """A sentence: there is no map, and why."""

    def __init__(self, views: Sequence[LabelView], heat_maps: HeatMaps) -> None:
        super().__init__()
        self._views = tuple(views)
        self._heat_maps = heat_maps
        self._subject: HeatSubject | None = None
        self._reason = ""
        self._names: tuple[str, ...] | None = None
        self._name = _NAME
        line = row(SPACE.xs)
        self.setLayout(line)
        self.chip = Button(_NAME)
        self.chip.setProperty("chip", True)
        self.chip.setCheckable(True)
        self.chip.toggled.connect(self._switch)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, _WHOLE)
        self.opacity.setValue(_OPACITY)
        self.opacity.setFixedWidth(_SLIDER_WIDTH)
        self.opacity.setAccessibleName("Opacity of the heat map")
        self.opacity.setToolTip("Opacity of the heat map")
        self.opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.opacity.valueChanged.connect(self._set_opacity)
        self.opacity.hide()
        self.classes = ChoiceBox("Class that the heat map explains", *_CLASS_WIDTH)
        self.classes.setToolTip("The class whose grounds the heat map shows")
        self.classes.hide()
        self.offer_classes(())
        self.classes.currentIndexChanged.connect(self._choose_class)
        for part in (self.chip, self.classes, self.opacity):
            line.addWidget(part)
        self.setMinimumHeight(SIZE.control)  # the picture below keeps its place
        heat_maps.came.connect(self._show)
        heat_maps.failed.connect(self._tell_failure)
        for view in self._views:
            view.heat_wished.connect(self.toggle)
        self._set_opacity(_OPACITY)
        self.show_subject(None)

    def sizeHint(self) -> QSize:
        """With room for the name of a class; where there is little, the box of classes gives way."""
        hint, more = super().sizeHint(), 0
        if not self.classes.isHidden():
            more = self.classes.maximumWidth() - self.classes.sizeHint().width()
        return QSize(hint.width() + max(0, more), hint.height())

    def offer_classes(self, names: Sequence[str]) -> None:
        """Let one of these classes be explained, or the one that is predicted."""
        if tuple(names) == self._names:
            return
        self._names = tuple(names)
        with QSignalBlocker(self.classes):
            self.classes.clear()
            self.classes.addItem(_PREDICTED)
            self.classes.addItems(list(names))

    def name(self, model: str) -> None:
        """Say whose map it is, where there are several models; `model` is empty where there is one."""
        words = self.chip.accessibleDescription()
        is_waiting = self.chip.text() == _COMPUTING
        self._name = f"{_NAME} of {model}" if model else _NAME
        if not is_waiting:
            self._say("" if words == self._reason else words)

    def toggle(self) -> None:
        """Switch the map on or off, where it can be."""
        if self.chip.isEnabled():
            self.chip.toggle()

    def show_subject(self, subject: HeatSubject | None, reason: str = "") -> None:
        """Speak of another image, class or model from now on.

        Args:
            subject: what may be explained; None where nothing is.
            reason: why there is nothing, a full sentence.
        """
        self._reason = reason or ("" if subject is not None else _NOTHING)
        self.chip.setEnabled(not self._reason)
        self._say("")
        wanted = self._of_class(subject)
        if wanted == self._subject and wanted is not None:
            return
        self._subject = wanted
        self._take_away()
        if self.chip.isChecked():
            self._ask()

    def forget(self) -> None:
        """The model is another one, or was written anew: what is known of it is dropped."""
        self._heat_maps.forget()
        self._subject = None
        self._take_away()

    def _switch(self, is_on: bool) -> None:
        self._show_parts(is_on)
        if is_on:
            self._ask()
        else:
            self._heat_maps.want(None)
            self._take_away()

    def _choose_class(self, _place: int) -> None:
        self.show_subject(self._subject, self._reason)

    def _of_class(self, subject: HeatSubject | None) -> HeatSubject | None:
        place = self.classes.currentIndex()
        label = self.classes.itemText(place) if place > 0 else ""
        return None if subject is None else replace(subject, label=label)

    def _show_parts(self, is_on: bool) -> None:
        self.opacity.setVisible(is_on)
        self.classes.setVisible(is_on and self.classes.count() > 1)

    def _ask(self) -> None:
        if self._subject is not None and not self._reason:
            self.chip.setText(_COMPUTING)
            self._heat_maps.want(self._subject)
        else:
            self._heat_maps.want(None)

    def _show(self, subject: HeatSubject, heat: Heat) -> None:
        if subject != self._subject or not self.chip.isChecked():
            return
        for view in self._views:
            view.set_heat(heat)
        self._say(f"What speaks for {heat.label}.")
        if heat.is_empty:
            self.told.emit(f"Nothing in this picture speaks for {heat.label}.")

    def _tell_failure(self, subject: HeatSubject, error: UserError) -> None:
        if subject != self._subject:
            return
        with QSignalBlocker(self.chip):
            self.chip.setChecked(False)
        self._show_parts(False)
        self._say(error.message)
        self.told.emit(error.message)

    def _take_away(self) -> None:
        for view in self._views:
            view.set_heat(None)
        self._say("")

    def _say(self, words: str) -> None:
        """Say beside the name of the chip how it stands; why it is off, where it is."""
        self.chip.setText(self._name)
        words = self._reason or words
        self.chip.setToolTip(f"{_TIP}. {words}" if words else _TIP)
        self.chip.setAccessibleDescription(words)

    def _set_opacity(self, percent: int) -> None:
        for view in self._views:
            view.set_heat_opacity(percent / _WHOLE)
