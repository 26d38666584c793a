"""Files put together into packs: read, verified against their hash, compressed where that pays."""

from __future__ import annotations

import hashlib
import queue
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.errors import UserError

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
_SAMPLE = 1 << 13
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


@dataclass(slots=True)
class Pack:
    """What one request carries."""

    pieces: list[tuple[str, int, int, int]] = field(default_factory=list[tuple[str, int, int, int]])
    """sha256, offset, length, bytes of the whole file."""
    parts: list[bytes] = field(default_factory=list[bytes])
    size: int = 0
    """Bytes of the pieces together."""
    payload: bytes = b""
    encoding: str = "none"
    crc32: int = 0

    def add(self, rest: Rest, offset: int, data: bytes) -> None:
        self.pieces.append((rest.file.sha256, offset, len(data), rest.file.size))
        self.parts.append(data)
        self.size += len(data)

    def has_room(self, size: int, wanted: int) -> bool:
        return not self.pieces or (self.size + size <= wanted and len(self.pieces) < MOST_PIECES)

    def close(self, bytes_per_s: float | None) -> Pack:
        """Make the payload."""
        self.payload = b"".join(self.parts)
        self.parts.clear()
        if pays(self.payload, bytes_per_s):
            smaller = zlib.compress(self.payload, 1)
            if len(smaller) < len(self.payload) * WORTH_IT:  # the sample may have been wrong about the rest
                self.payload, self.encoding = smaller, "zlib"
        self.crc32 = zlib.crc32(self.payload)
        return self


class Line(Protocol):
    """What is known of the way to the host."""

    @property
    def bytes_per_s(self) -> float | None: ...


def pays(payload: bytes, bytes_per_s: float | None) -> bool:
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
    rests: Iterable[Rest], line: Line, is_stopped: Callable[[], bool] = lambda: False
) -> Iterator[Pack]:
    """Give everything in packs, in order; a file that fits into one is whole there, others come in stretches.

    It ends early when `is_stopped`, which is also asked while nothing can be given yet.

    Raises:
        UserError: `dataset_changed` for a file whose bytes are not those of its hash any more. Nothing of it is given
            when it fits into a pack, and never its last stretch.
    """
    pack = Pack()
    for rest in rests:
        for offset, data in _stretches(rest, pack_size(line.bytes_per_s), is_stopped):
            if not pack.has_room(len(data), pack_size(line.bytes_per_s)):
                yield pack.close(line.bytes_per_s)
                pack = Pack()
            pack.add(rest, offset, data)
    if pack.pieces:
        yield pack.close(line.bytes_per_s)


def _stretches(rest: Rest, wanted: int, is_stopped: Callable[[], bool]) -> Iterator[tuple[int, bytes]]:
    file = rest.file
    digest = hashlib.sha256()
    at = 0
    try:
        with file.source.open("rb", buffering=0) as opened:
            while at < rest.offset:  # the host has it; whether it is still the same is seen at the end
                if is_stopped():
                    return
                block = opened.read(min(LARGEST_PACK, rest.offset - at))
                digest.update(block)
                at += len(block)
                if not block:
                    raise changed(file, "has become shorter")
            while True:
                data = _read(opened.read, min(wanted, file.size - at))
                digest.update(data)
                if at + len(data) == file.size:
                    break
                if len(data) < wanted:
                    raise changed(file, "has become shorter")
                yield at, data
                at += len(data)
            if opened.read(1):
                raise changed(file, "has become longer")
    except OSError as error:
        raise changed(file, f"cannot be read ({error.strerror or error})") from error
    if digest.hexdigest() != file.sha256:
        raise changed(file, "has other content now")
    yield at, data


def _read(read: Callable[[int], bytes | None], size: int) -> bytes:
    """Read so many bytes; fewer only at the file's end. Large reads come in one piece, without a copy."""
    data = read(size) or b""
    while len(data) < size:
        more = read(size - len(data))
        if not more:
            break
        data += more
    return data


def changed(file: OutgoingFile, how: str) -> UserError:
    """The file is not what the dataset says it is."""
    return UserError(
        "dataset_changed",
        f"{file.source} {how} since the dataset was imported, so it was not sent.",
        "Put the file back as it was, or import the dataset again for a new version and start with that.",
        {"path": str(file.source), "sha256": file.sha256},
    )


def in_background(
    rests: Iterable[Rest], line: Line, look: Callable[[], None] = lambda: None
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
        thread.join()


def _next(
    ready: queue.Queue[Pack | BaseException | None], look: Callable[[], None]
) -> Pack | BaseException | None:
    while True:
        try:
            return ready.get(timeout=_LOOK_S)
        except queue.Empty:
            look()
