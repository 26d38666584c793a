"""Dropping files: a filter that takes drops for a widget and shows a hint over it while something hovers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.labels import IconLabel, text_label


class DropArea(QObject):
    """Lets files and folders be dropped on a widget.

    Args:
        target: takes the drops.
        hint: what a drop will do, shown while something hovers.
    """

    dropped = Signal(list)
    """The paths (pathlib.Path) that lie on this machine."""
    refused = Signal(str)
    """A sentence: what was dropped is no file of this machine."""

    def __init__(self, target: QWidget, hint: str) -> None:
        super().__init__(target)
        self._target = target
        target.setAcceptDrops(True)
        target.installEventFilter(self)
        self._overlay = QFrame(target)
        self._overlay.setObjectName("drop_hint")
        self._overlay.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self._overlay)
        layout.addStretch(1)
        center = Qt.AlignmentFlag.AlignHCenter
        layout.addWidget(IconLabel("ph.download-simple", "accent", SIZE.icon_hero), alignment=center)
        layout.addWidget(text_label(hint, "section"), alignment=center)
        layout.addStretch(1)
        self._overlay.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove):
            assert isinstance(event, QDragEnterEvent | QDragMoveEvent)
            if event.mimeData().hasUrls():
                self._show()
                event.acceptProposedAction()
                return True
        elif kind == QEvent.Type.DragLeave:
            self._overlay.hide()
        elif kind == QEvent.Type.Drop:
            assert isinstance(event, QDropEvent)
            self._overlay.hide()
            event.acceptProposedAction()
            self._take(event.mimeData())
            return True
        elif kind == QEvent.Type.Resize and self._overlay.isVisible():
            self._show()
        return super().eventFilter(watched, event)

    def _show(self) -> None:
        inner = self._target.rect().adjusted(SPACE.m, SPACE.m, -SPACE.m, -SPACE.m)
        self._overlay.setGeometry(inner)
        self._overlay.show()
        self._overlay.raise_()

    def _take(self, data: QMimeData) -> None:
        paths = local_paths(data)
        if paths:
            self.dropped.emit(paths)
        else:
            self.refused.emit("What was dropped is not a file or folder of this machine. Save it first.")


def local_paths(data: QMimeData) -> list[Path]:
    """Give the files and folders in dropped or pasted data that lie on this machine."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile() and url.toLocalFile()]
