"""Memory that this process and its children see, without a name that could be left behind: the system frees it.

On POSIX it is a file without a name, whose descriptor a child inherits; on Windows a mapping that lives as long as
somebody holds it. Neither needs to be swept after a process was killed.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import secrets
import sys
import tempfile

import numpy as np
from numpy.typing import NDArray

Handle = int | str
"""What a child opens a block by: its descriptor, or on Windows its name."""
_ALIGNMENT = 64


def aligned(size: int) -> int:
    """Round up, so that the next thing in a block begins at a whole cache line."""
    return math.ceil(size / _ALIGNMENT) * _ALIGNMENT


class SharedBlock:
    """Bytes in several processes at once. Whoever reads must have been told by the writer that it is done."""

    def __init__(self, size: int, handle: Handle | None = None) -> None:
        """Make a block of `size` bytes, or open that of the parent process by its handle.

        Raises:
            OSError: the system gives no such memory.
        """
        self.size = size
        size = max(1, size)
        if sys.platform == "win32":
            self.handle: Handle = handle if handle is not None else f"lensmith-{secrets.token_hex(16)}"
            self._pages = mmap.mmap(-1, size, tagname=str(self.handle))  # type: ignore[call-arg]  # Windows only
            return
        if handle is None:
            self.handle = _nameless_file()
            os.ftruncate(self.handle, size)
        else:
            self.handle = int(handle)
        self._pages = mmap.mmap(self.handle, size)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Of the files that a child has to inherit."""
        return (self.handle,) if isinstance(self.handle, int) else ()

    def bytes_at(self, offset: int, size: int) -> memoryview:
        return memoryview(self._pages)[offset : offset + size]

    def pixels_at(self, offset: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """View a place of the block as uint8 of a shape; the block lives as long as the view."""
        # Unlike an array that is given a buffer, one from `frombuffer` holds the pages open.
        count = math.prod(shape)
        return np.frombuffer(self._pages, np.uint8, count, offset).reshape(shape)

    def close(self) -> None:
        """Give the block up; its memory is free once the last view of it is gone, in every process."""
        if isinstance(self.handle, int) and self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
        with contextlib.suppress(BufferError):  # somebody still looks at it
            self._pages.close()

    def __del__(self) -> None:
        if hasattr(self, "_pages"):
            self.close()


def _nameless_file() -> int:
    if sys.platform == "linux":
        # Unlike /dev/shm, which is often tiny in a container, this is limited by memory alone.
        return os.memfd_create("lensmith")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
