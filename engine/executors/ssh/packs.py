"""Files put together into packs: read, verified against their hash, compressed where that pays."""

from __future__ import annotations

import hashlib
import queue
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import UserError
from engine.executors.ssh.pace import Rate

SMALLEST_PACK = 1 << 18
LARGEST_PACK = 1 << 22
FIRST_PACK = 1 << 20
PACK_S = 0.5
"""A pack shall take about so long on its way: short enough for a progress bar, long enough to be worth its header."""
MOST_PIECES = 1000
"""Their list is in the request's header."""
WORTH_IT = 0.8
"""A pack that does not shrink to less is sent as it is."""
_SAMPLES = 8
_SAMPLE = 1 << 12
ENDS_WITHIN_S = 2.0
_AHEAD = 2
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file of this machine that another one shall have."""

    source: Path
    sha256: str
    """Of its bytes when it was imported, hex."""
    size: int


@dataclass(frozen=True, slots=True)
class Rest:
    """What is still to be sent of a file."""

    file: OutgoingFile
    offset: int = 0
    """Bytes that the host has already."""


class Pack:
    """What one request carries. Files are read to where they are sent from, without a copy in between.

    Args:
        spare: rooms of packs that were sent, which are used again: to clear a new one costs as much as to read into it.
    """

    def __init__(self, spare: deque[memoryview]) -> None:
        self.pieces: list[tuple[str, int, int, int]] = []
        """sha256, offset, length, bytes of the whole file."""
        self.size = 0
        """Bytes of the pieces together."""
        self.payload: bytes | memoryview = b""
        self.encoding = "none"
        self.crc32: int | None = None
        """Of the payload; None where every piece is a whole file, whose hash says it all."""
        self.line_size = 0
        """Bytes of the payload."""
        self._spare = spare
        try:
            self._room = spare.pop()
        except IndexError:  # a byte more than a pack has, to see that a file has grown
            self._room = memoryview(bytearray(LARGEST_PACK + 1))

    def has_room(self, size: int, wanted: int) -> bool:
        return not self.pieces or (self.size + size <= wanted and len(self.pieces) < MOST_PIECES)

    def room(self, size: int) -> memoryview:
        """Where the next piece's bytes go."""
        return self._room[self.size : self.size + size]

    def add(self, file: OutgoingFile, offset: int, length: int) -> None:
        """Count a piece whose bytes are in its room."""
        self.pieces.append((file.sha256, offset, length, file.size))
        self.size += length

    def close(self, bytes_per_s: float | None) -> Pack:
        """Make the payload."""
        self.payload = self._room[: self.size]
        if pays(self.payload, bytes_per_s):
            smaller = zlib.compress(self.payload, 1)
            if len(smaller) < self.size * WORTH_IT:  # the sample may have been wrong about the rest
                self.payload, self.encoding = smaller, "zlib"
        if any(length != total for _, _, length, total in self.pieces):
            self.crc32 = zlib.crc32(self.payload)
        self.line_size = len(self.payload)
        return self

    def release(self) -> None:
        """Give the room away: the payload was sent."""
        self.payload = b""
        self._spare.append(self._room)


def pays(payload: bytes | memoryview, bytes_per_s: float | None) -> bool:
    """Whether compressing saves more time on the line than it costs here, by a sample from eight places.

    Args:
        payload: of a pack.
        bytes_per_s: of the line; None when it is not known yet, which takes it for slow.
    """
    if len(payload) < _SAMPLE * _SAMPLES:
        return False
    step = max((len(payload) - _SAMPLE) // (_SAMPLES - 1), 1)
    sample = b"".join(payload[at : at + _SAMPLE] for at in range(0, step * _SAMPLES, step))
    began = time.perf_counter()
    ratio = len(zlib.compress(sample, 1)) / len(sample)
    cost = (time.perf_counter() - began) / len(sample)
    if ratio >= WORTH_IT:
        return False
    return bytes_per_s is None or cost < (1.0 - ratio) / bytes_per_s


def pack_size(bytes_per_s: float | None) -> int:
    """How large a pack should be on a line of this speed."""
    if bytes_per_s is None:
        return FIRST_PACK
    return int(min(max(bytes_per_s * PACK_S, SMALLEST_PACK), LARGEST_PACK))


def packs_of(
    rests: Iterable[Rest], line: Rate, is_stopped: Callable[[], bool] = lambda: False
) -> Iterator[Pack]:
    """Give everything in packs, in order; a file that fits into one is whole there, others come in stretches.

    It ends early when `is_stopped`, which is also asked while nothing can be given yet.

    Raises:
        UserError: `dataset_changed` for a file whose bytes are not those of its hash any more. Nothing of it is given
            when it fits into a pack, and never its last stretch.
    """
    spare: deque[memoryview] = deque()
    pack = Pack(spare)
    for rest in rests:
        try:
            with _Source(rest) as source:
                while source.skips() and not is_stopped():
                    pass
                while not is_stopped():
                    wanted = pack_size(line.bytes_per_s)
                    length = min(wanted, source.left)
                    if not pack.has_room(length, wanted):
                        yield pack.close(line.bytes_per_s)
                        pack = Pack(spare)
                    source.read_into(pack, length)
                    if source.left == 0:
                        break
        except OSError as error:
            raise changed(rest.file, f"cannot be read ({error.strerror or error})") from error
    if pack.pieces and not is_stopped():
        yield pack.close(line.bytes_per_s)


class _Source:
    """A file that is read once, from its beginning to its end, and hashed on the way."""

    def __init__(self, rest: Rest) -> None:
        self._file = rest.file
        self._skip = rest.offset
        self._at = 0
        self._digest = hashlib.sha256()
        self._opened = FileIO(rest.file.source)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @property
    def left(self) -> int:
        return self._file.size - self._at

    def skips(self) -> bool:
        """Read on in what the host has already: whether it is still the same is seen at the end."""
        if self._at < self._skip:
            block = self._opened.read(min(LARGEST_PACK, self._skip - self._at))
            if not block:
                raise changed(self._file, "has become shorter")
            self._digest.update(block)
            self._at += len(block)
        return self._at < self._skip

    def read_into(self, pack: Pack, length: int) -> None:
        """Add the next stretch to a pack; the last one only when all of the file was what it should be."""
        is_last = length == self.left
        room = pack.room(length + 1 if is_last else length)
        count = 0
        while count < len(room) and (new := self._opened.readinto(room[count:])):
            count += new
        if count < length:
            raise changed(self._file, "has become shorter")
        if count > length:
            raise changed(self._file, "has become longer")
        self._digest.update(room[:length])
        if is_last and self._digest.hexdigest() != self._file.sha256:
            raise changed(self._file, "has other content now")
        pack.add(self._file, self._at, length)
        self._at += length


def changed(file: OutgoingFile, how: str) -> UserError:
    """The file is not what the dataset says it is."""
    return UserError(
        "dataset_changed",
        f"{file.source} {how} since the dataset was imported, so it was not sent.",
        "Put the file back as it was, or import the dataset again for a new version and start with that.",
        {"path": str(file.source), "sha256": file.sha256},
    )


def in_background(
    rests: Iterable[Rest], line: Rate, look: Callable[[], None] = lambda: None
) -> Generator[Pack]:
    """Let packs be made a little ahead on a thread of their own; closing the generator ends the thread.

    Args:
        rests: as for `packs_of`.
        line: the same.
        look: called several times a second while a pack is waited for.
    """
    ready: queue.Queue[Pack | BaseException | None] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def offer(thing: Pack | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put(thing, timeout=_LOOK_S)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for pack in packs_of(rests, line, stop.is_set):
                if not offer(pack):
                    return
            offer(None)
        except BaseException as error:  # noqa: BLE001  # raised where the packs are taken
            offer(error)

    thread = threading.Thread(target=make, name="packs", daemon=True)
    thread.start()
    try:
        while (thing := _next(ready, look)) is not None:
            if isinstance(thing, BaseException):
                raise thing
            yield thing
    finally:
        stop.set()
        thread.join(
            ENDS_WITHIN_S
        )  # a network drive that does not answer holds the thread, but not the caller


def _next(
    ready: queue.Queue[Pack | BaseException | None], look: Callable[[], None]
) -> Pack | BaseException | None:
    while True:
        try:
            return ready.get(timeout=_LOOK_S)
        except queue.Empty:
            look()
