"""A file on its way from a host: beside its place under another name until it is whole and verified."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from engine.executors.ssh.offered import Offer
from engine.protocol.operating_system import replace_file

SUFFIX = ".arriving"
_READ = 1 << 20


class Arrival:
    """Takes a file's bytes in order; what an earlier try has left is taken up.

    Args:
        offer: the file, with its hash.
        target: where it goes.
    """

    def __init__(self, offer: Offer, target: Path) -> None:
        self.offer = offer
        self.target = target
        # Named by content, so that a rest of other content is never taken up.
        self.draft = target.with_name(f".{target.name[:60]}.{offer.sha256[:16]}{SUFFIX}")
        self.start = _size(self.draft)
        if self.start > offer.size:
            self.start = 0
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: no room.
        """
        if self._file is None:
            self._file = self._open()
        self._file.write(data)
        self._digest.update(data)

    def finish(self) -> bool:
        """Give the file its name when it is what was offered; otherwise nothing of it is kept, and False said."""
        if self._file is None:
            self._file = self._open()
        self._file.flush()
        os.fsync(self._file.fileno())
        whole = self._file.tell() == self.offer.size and self._digest.hexdigest() == self.offer.sha256
        self.close()
        if not whole:
            self.draft.unlink(missing_ok=True)
            return False
        with contextlib.suppress(OSError, OverflowError):
            # The host's time: with it, the next look needs no hash to see that nothing has changed.
            os.utime(self.draft, ns=(self.offer.mtime_ns, self.offer.mtime_ns))
        replace_file(self.draft, self.target)
        return True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> IO[bytes]:
        # Never through a link that somebody put there.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(self.draft, flags, 0o666), "r+b", buffering=0)
        try:
            file.truncate(self.start)
            for block in iter(lambda: file.read(_READ), b""):
                self._digest.update(block)
        except BaseException:
            file.close()
            raise
        return file


def is_here(path: Path, offer: Offer) -> bool:
    """Whether the file is here: by size and the host's time, or by content where the offer has its hash."""
    try:
        status = path.lstat()
        if path.is_symlink() or not path.is_file() or status.st_size != offer.size:
            return False
        if status.st_mtime_ns == offer.mtime_ns:
            return True
        if not offer.sha256:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == offer.sha256
    except OSError:
        return False


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
