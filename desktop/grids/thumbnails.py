"""Small pictures of many files, read by two threads, kept while they are likely to be looked at again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from desktop.grids.picture import read_picture
from engine.errors import UserError

Read = Callable[[Path, int | None], QImage]
THREADS = 2
MOST_KEPT = 1_500
_MOST_BYTES = 384 * 1024 * 1024
_IN_FLIGHT = 6
"""Few, so that what scrolled away while it waited is never read."""
_USUAL_SIDE = 136
_LARGEST_SIDE = 768


class Thumbnails(QObject):
    """Gives pictures by path at once where it has them, and has them read where not.

    Args:
        parent: owns it; its threads end with it.
        read: makes a picture from a file, at most so many pixels a side; called in threads. A UserError is its reason.
    """

    changed = Signal(str)
    """A path whose picture or reason is there now; in the GUI's thread."""

    def __init__(self, parent: QObject | None = None, read: Read = read_picture) -> None:
        super().__init__(parent)
        self._read = read
        self._side = _USUAL_SIDE
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._kept_bytes = 0
        self._sides: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._waiting: dict[str, None] = {}
        self._flying: set[str] = set()
        self._outdated: set[str] = set()
        """Being read while it became known that there is something else to be seen."""
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(THREADS)
        self._post = _Post()
        self._post.arrived.connect(self._take)

    @property
    def side(self) -> int:
        """The longer side of what is read now, device pixels."""
        return self._side

    @property
    def kept_pixels(self) -> int:
        """How many pixels all kept pictures have together."""
        return self._kept_bytes // 4

    def set_side(self, pixels: int) -> None:
        """Read pictures for frames of this many device pixels from now on; those there are shown until then.

        Exactly as many: drawing a picture that need not be scaled takes a tenth of the time.
        """
        self._side = max(1, min(pixels, _LARGEST_SIDE))

    def pixmap(self, path: str) -> QPixmap | None:
        """Give a file's picture; None while it is read, or when it cannot be."""
        found = self._kept.get(path)
        if found is not None:
            self._kept.move_to_end(path)
        if (found is None or self._sides[path] != self._side) and path not in self._reasons:
            self._ask(path)
        return found

    def reason(self, path: str) -> str:
        """Say why a file cannot be shown; empty when nothing is known against it."""
        return self._reasons.get(path, "")

    def keep_asking(self, wanted: Collection[str]) -> None:
        """Drop what was asked for and not begun, but for these paths."""
        self._waiting = {path: None for path in self._waiting if path in wanted}

    def forget(self) -> None:
        """Read everything anew, broken files too: they may have come back."""
        self._kept.clear()
        self._kept_bytes = 0
        self._sides.clear()
        self._reasons.clear()
        self._waiting.clear()

    def forget_one(self, path: str) -> None:
        """Read this one anew when it is drawn next, also where it is just being read."""
        old = self._kept.pop(path, None)
        self._kept_bytes -= _bytes_of(old) if old is not None else 0
        self._sides.pop(path, None)
        self._reasons.pop(path, None)
        if path in self._flying:
            self._outdated.add(path)

    def is_idle(self) -> bool:
        """Say whether nothing is waited for."""
        return not self._waiting and not self._flying

    def _ask(self, path: str) -> None:
        if path in self._flying:
            return
        self._waiting.pop(path, None)
        self._waiting[path] = None  # the newest last: it is begun first
        self._start()

    def _start(self) -> None:
        while self._waiting and len(self._flying) < _IN_FLIGHT:
            path, _ = self._waiting.popitem()
            self._flying.add(path)
            self._pool.start(_Reading(path, self._side, self._post, self._read))

    def _take(self, path: str, side: int, picture: QImage, reason: str) -> None:
        self._flying.discard(path)
        if path in self._outdated:
            self._outdated.discard(path)
        elif reason:
            self._reasons[path] = reason
        else:
            self._keep(path, side, QPixmap.fromImage(picture))
        self._start()
        self.changed.emit(path)

    def _keep(self, path: str, side: int, pixmap: QPixmap) -> None:
        old = self._kept.pop(path, None)
        self._kept_bytes += _bytes_of(pixmap) - (_bytes_of(old) if old is not None else 0)
        self._kept[path] = pixmap
        self._sides[path] = side
        while len(self._kept) > MOST_KEPT or (self._kept_bytes > _MOST_BYTES and len(self._kept) > 1):
            gone, dropped = self._kept.popitem(last=False)
            del self._sides[gone]
            self._kept_bytes -= _bytes_of(dropped)


class _Post(QObject):
    """Carries pictures from the threads that read to the GUI's."""

    arrived = Signal(str, int, QImage, str)
    """Path, side it was read for, picture, and the reason when there is none."""


class _Reading(QRunnable):
    """One file being read."""

    def __init__(self, path: str, side: int, post: _Post, read: Read) -> None:
        super().__init__()
        self._read = read
        self._path = path
        self._side = side
        self._post = post

    def run(self) -> None:
        try:
            picture, reason = self._read(Path(self._path), self._side), ""
        except UserError as error:
            picture, reason = QImage(), str(error)
        self._post.arrived.emit(self._path, self._side, picture, reason)


def _bytes_of(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
