"""A Data page on a user folder of its own, and what a test does to it and reads from it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.data import DataPage

WAIT_MS = 60_000


def make_pets(folder: Path, count: int = 4) -> Path:
    for label, place in enumerate(("cat", "dog")):
        (folder / place).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (30, 20), (label * 90, number * 50, 30)).save(folder / place / f"{number}.png")
    return folder


def open_page(qtbot: QtBot, context: Context, dataset: str = "") -> DataPage:
    page = DataPage(context)
    qtbot.addWidget(page)
    page.resize(1300, 820)
    page.show()
    context.datasets.refresh()
    if dataset:
        page.open(dataset=dataset)
        qtbot.waitUntil(lambda: page._overview is not None and page._overview.manifest.name == dataset)
    else:
        qtbot.waitUntil(lambda: context.datasets.is_loaded)
    return page


def drop(page: QWidget, *paths: Path | QUrl) -> None:
    data = QMimeData()
    data.setText("some file managers tell the path as text too")
    data.setUrls([path if isinstance(path, QUrl) else QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place, copy = QPoint(300, 300), Qt.DropAction.CopyAction
    QApplication.sendEvent(page, QDragEnterEvent(place, copy, data, buttons, keys))
    QApplication.sendEvent(page, QDropEvent(QPointF(place), copy, data, buttons, keys))


def words(page: DataPage) -> str:
    return "\n".join(label.text() for label in page.panel.findChildren(QLabel) if label.isVisible())


def shown(page: DataPage) -> list[str]:
    model = page.images.grid.images
    return [model.images.paths[int(image)] for image in model.shown]
