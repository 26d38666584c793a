"""The foot of the setup pane: the name of the run, where it shall train, on which device, and Start."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.models.place_choice import PlaceChoice
from desktop.models.place_words import is_elsewhere, place_icon, short_gpu
from desktop.pages.train_place_sheet import SECTION
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import column, row
from desktop.widgets.labels import plain_tip, text_label
from engine.protocol.hosts import place_name

AUTOMATIC = "auto"
_WIDEST = 168


class PlaceButton(Button):
    """Says where; a long name ends in …, and the tooltip has the whole."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setMaximumWidth(_WIDEST)
        self.setMinimumHeight(SIZE.primary)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_place(self, place: str, label: str, short: str) -> None:
        """Show a machine by its short label; the whole one is said."""
        self._whole = short
        self.set_icon(place_icon(place))
        self.explain(plain_tip(f"Where it trains: {label}. Choose another machine"))
        self.setAccessibleName(f"Where it trains: {label}")
        self._elide()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        width = self.fontMetrics().horizontalAdvance(self._whole) + SIZE.icon + 2 * SPACE.l + SPACE.m
        return QSize(min(_WIDEST, width), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = max(0, self.width() - SIZE.icon - 2 * SPACE.l - SPACE.m + SPACE.xs)
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room))


class StartFoot(QWidget):
    """What is said before the start, and how it is started."""

    start_wanted = Signal()
    places_wanted = Signal()
    """The machines shall be shown."""
    changed = Signal()
    """Another machine is chosen, or what is known of it is another."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.choice = PlaceChoice(context)
        layout = column(SPACE.s)
        self._layout = layout
        self.setLayout(layout)
        self.hint = text_label("", "caption", wrap=True)
        layout.addWidget(self.hint)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name (optional)")
        self.name.setAccessibleName("Name of the run")
        self.name.setMaxLength(80)
        self.device = QComboBox()
        self.device.setAccessibleName("Device")
        self.device.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.device.hide()
        self.device.currentIndexChanged.connect(self._name_device)
        self._offered: list[tuple[str, str]] | None = None
        layout.addWidget(self.device)
        self._named = row(SPACE.s)
        self._named.addWidget(self.name, 1)
        layout.addLayout(self._named)
        self._compose_start(layout)
        self.choice.changed.connect(self._show)
        context.machine.sampled.connect(self._offer_devices)
        self._show()

    def put_beside_name(self, widget: QWidget) -> None:
        """Let a widget of the pane stand behind the name."""
        self._named.addWidget(widget)

    def resource(self) -> str | None:
        """Give the device that was chosen; None takes what is free."""
        chosen = self.device.currentData()
        return None if chosen in (None, AUTOMATIC) else str(chosen)

    def _compose_start(self, layout: QVBoxLayout) -> None:
        line = row(SPACE.s)
        self.where = PlaceButton()
        self.where.clicked.connect(self.places_wanted)
        self.start = Button("Start training", "ph.play", "primary")
        self.start.explain("Put the run in the queue; it starts when its device is free", "Ctrl+Return")
        self.start.setMinimumHeight(SIZE.primary)
        self.start.clicked.connect(self.start_wanted)
        line.addWidget(self.where)
        line.addWidget(self.start, 1)
        layout.addLayout(line)
        self.add = Button("Add a machine…", kind="link")
        self.add.explain("Train on another machine over SSH")
        self.add.clicked.connect(self._add_machine)
        layout.addWidget(self.add, alignment=Qt.AlignmentFlag.AlignHCenter)

    def _show(self) -> None:
        is_offered = self.choice.is_offered
        self.where.setVisible(is_offered)
        can_add = self._context.hosts.is_loaded and not is_offered
        self.add.setVisible(can_add)
        self._layout.setContentsMargins(SPACE.l, SPACE.s, SPACE.l, SPACE.xs if can_add else SPACE.l)
        self.where.show_place(self.choice.place, self.choice.label, self.choice.short_label)
        self._offer_devices()
        self.changed.emit()

    def _offer_devices(self) -> None:
        """Let a device of the chosen machine be named, where it has GPUs."""
        offered = [(f"GPU {index}: {name}", f"cuda:{index}") for index, name in self._gpus()]
        if offered == self._offered:
            return
        self._offered = offered
        self.device.clear()
        self.device.addItem("Any free device", AUTOMATIC)
        if offered:
            for words, device in (*offered, ("CPU", "cpu")):
                self.device.addItem(words, device)
        self.device.setVisible(bool(offered))

    def _name_device(self) -> None:
        self.choice.name_device(self.resource())

    def _gpus(self) -> list[tuple[int, str]]:
        place = self.choice.place
        if is_elsewhere(place):
            facts = self._context.hosts.facts(place_name(place))
            return [(gpu.index, short_gpu(gpu.name)) for gpu in facts.gpus] if facts is not None else []
        machine = self._context.machine.last
        return list(enumerate(gpu.name for gpu in machine.gpus)) if machine is not None else []

    def _add_machine(self) -> None:
        self._context.go("settings", section=SECTION)
