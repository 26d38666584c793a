"""The window: rail, top bar, the open page, messages, palette and keys."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from desktop.bridge.actions import Told
from desktop.bridge.machine import Machine
from desktop.context import Context
from desktop.models.run_words import without_commands
from desktop.page_shelf import PageShelf
from desktop.pages.page import Page
from desktop.palette_commands import palette_commands
from desktop.rail import LOWER, PAGES, Rail
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE
from desktop.top_bar import TopBar
from desktop.widgets.command_palette import CommandPalette
from desktop.widgets.toasts import Toasts
from engine.protocol.job import ACTIVE_STATES

_GIB = 2**30
_VISIBLE = 80
"""So much of the title bar must lie on some screen, pixels."""


class MainWindow(QMainWindow):
    """Composes the shell; what a page does is the page's."""

    first_painted = Signal()
    _was_painted = False

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.setWindowTitle("Lensmith")
        self.setMinimumSize(SIZE.minimum_width, SIZE.minimum_height)
        self.rail = Rail()
        self.top_bar = TopBar()
        self.pages = PageShelf(context)
        self._current = ""
        self._page: Page | None = None
        self._compose()
        self.toasts = Toasts(self)
        self.palette_box = CommandPalette(self, lambda: palette_commands(self.context, self.show_keys))
        self.rail.chosen.connect(self._chosen)
        self.rail.theme_wanted.connect(self.toggle_theme)
        self.top_bar.search_wanted.connect(self.palette_box.open)
        context.asked_to_go.connect(self.go)
        context.told.connect(self._tell)
        context.runs.changed.connect(self._count_jobs)
        context.runs.run_changed.connect(self._count_jobs)
        context.machine.sampled.connect(self._show_machine)
        self._bind_keys()
        self._restore_place()
        for screen_gone in (QGuiApplication.instance(),):
            if isinstance(screen_gone, QGuiApplication):
                screen_gone.screenRemoved.connect(self._come_back_on_screen)

    def go(self, page: str, target: dict[str, object] | None = None) -> None:
        """Open a page."""
        if self._page is not None:
            self._page.crumb_changed.disconnect(self._show_crumb)
        self._current = page
        self._page = self.pages.show_page(page, target or {})
        self._page.crumb_changed.connect(self._show_crumb)
        self.rail.choose(page)
        self.top_bar.show_page(self._page.title, self._page.crumb)

    @property
    def current(self) -> str:
        """Name of the open page."""
        return self._current

    def toggle_theme(self) -> None:
        self.context.settings.set("appearance.theme", theme.toggle())

    def show_keys(self) -> None:
        """List all keys."""
        from desktop.key_list import KeyList

        KeyList(self).exec()

    def come_to_front(self) -> None:
        """Be seen: a second start was tried."""
        self.setWindowState(
            (self.windowState() & ~Qt.WindowState.WindowMinimized) | Qt.WindowState.WindowActive
        )
        self.show()
        self.raise_()
        self.activateWindow()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.pages.setFocus()  # no ring around anything before a key is pressed
        self._come_back_on_screen()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if not self._was_painted and event.type() in (QEvent.Type.Paint, QEvent.Type.UpdateRequest):
            self._was_painted = True
            QTimer.singleShot(0, self, self.first_painted.emit)
        return done

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Question and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.show_keys()
            return
        if (
            event.key() == Qt.Key.Key_Escape
        ):  # no shortcut: that would take it from the part that has the focus
            self._close_top_layer()
            return
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close without a question: runs go on in the background, and nothing is lost."""
        place = bytes(self.saveGeometry().toBase64().data()).decode()
        self.context.settings.set("window.geometry", place)
        event.accept()

    def _compose(self) -> None:
        body = QWidget()
        layout = QHBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.top_bar)
        right.addWidget(self.pages, 1)
        layout.addLayout(right, 1)
        self.setCentralWidget(body)

    def _bind_keys(self) -> None:
        for name, _title, _icon, key in (*PAGES, *LOWER):
            if key:
                self._bind(key, self._page_key).setProperty("page", name)
        self._bind("Ctrl+K", self.palette_box.open)
        self._bind("Ctrl+Shift+L", self.toggle_theme)
        self._bind("F1", self.show_keys)
        self._bind("Ctrl+Z", self._undo)

    def _bind(self, key: str, action: object) -> QShortcut:
        made = QShortcut(QKeySequence(key), self)
        made.activated.connect(action)
        return made

    def _page_key(self) -> None:
        sender = self.sender()
        if isinstance(sender, QObject):
            self.go(str(sender.property("page")))

    def _undo(self) -> None:
        field = QApplication.focusWidget()
        undo = getattr(field, "undo", None)
        can = getattr(field, "isUndoAvailable", None)
        if callable(undo) and callable(can) and can():
            undo()
        elif not self.toasts.undo_last() and self._page is not None:
            self._page.undo()

    def _close_top_layer(self) -> None:
        if self.palette_box.isVisible():
            self.palette_box.close_palette()
        else:
            self.toasts.close_last()

    def _chosen(self, page: str) -> None:
        self.go(page)

    def _show_crumb(self, text: str) -> None:
        if self._page is not None:
            self.top_bar.show_page(self._page.title, text)

    def _tell(self, told: Told) -> None:
        self.toasts.show_toast(told.title, told.tone, without_commands(told.text), told.action)

    def _count_jobs(self) -> None:
        count = sum(row.state in ACTIVE_STATES or row.state == "queued" for row in self.context.runs.rows())
        self.rail.buttons["jobs"].show_badge(count)

    def _show_machine(self, machine: Machine) -> None:
        used, whole = machine.used_bytes / _GIB, machine.memory_bytes / _GIB
        parts = [f"CPU {machine.cpu_percent:.0f}%", f"{used:.1f} / {whole:.0f} GB"]
        lines = [f"Processor: {machine.cores} cores, {machine.cpu_percent:.0f}% busy."]
        lines.append(f"Memory: {used:.1f} of {whole:.1f} GB used.")
        lines.append(f"Free on the data folder's disk: {machine.disk_free_bytes / _GIB:.1f} GB.")
        for number, gpu in enumerate(machine.gpus):
            held, size = gpu.used_bytes / _GIB, gpu.memory_bytes / _GIB
            if number == 0:
                parts = [f"GPU {gpu.percent}%", f"{held:.1f} / {size:.0f} GB"]
            lines.append(f"GPU {number} ({gpu.name}): {gpu.percent}% busy, {held:.1f} of {size:.1f} GB used.")
        if not machine.gpus:
            lines.append("No NVIDIA GPU was found.")
        self.top_bar.show_machine("  ·  ".join(parts), "\n".join(lines))

    def _restore_place(self) -> None:
        self.resize(SIZE.first_width, SIZE.first_height)
        kept = self.context.settings.get("window.geometry", "")
        if kept:
            self.restoreGeometry(QByteArray.fromBase64(kept.encode()))
        screen = self.screen()
        if screen is not None:
            room = screen.availableSize()
            self.resize(min(self.width(), room.width()), min(self.height(), room.height()))

    def _come_back_on_screen(self) -> None:
        """A window whose screen was unplugged comes back on one that is there."""
        if not is_reachable(
            self.frameGeometry(), [screen.availableGeometry() for screen in QGuiApplication.screens()]
        ):
            first = QGuiApplication.primaryScreen()
            if first is not None:
                room = first.availableGeometry()
                self.resize(min(self.width(), room.width()), min(self.height(), room.height()))
                self.move(room.center() - QPoint(self.width() // 2, self.height() // 2))


def is_reachable(frame: QRect, screens: list[QRect]) -> bool:
    """Say whether enough of a window's title bar lies on a screen to drag it by."""
    title = QRect(frame.left(), frame.top(), frame.width(), _VISIBLE // 2)
    return any(
        (common := screen.intersected(title)).width() >= _VISIBLE and common.height() > 0
        for screen in screens
    )
