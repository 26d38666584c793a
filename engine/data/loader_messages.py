"""What a loader and its processes say to each other through a pipe: pickles, each after its length."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.data.samples import Findings, SampleSource
from engine.data.shared_block import Handle, SharedBlock, aligned
from engine.data.shared_cache import CacheOpening
from engine.data.targets import Target

if TYPE_CHECKING:
    from engine.data.loader import Augment, LoaderSettings

_LENGTH = struct.Struct("<Q")
_OUT_OF_BAND_FROM = 4096
"""Bytes of a target's array that are worth a place in the shared memory; smaller ones go through the pipe."""


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """Shared memory for the batches that are under way: equal slots, each for the pixels and targets of one batch."""

    slots: int
    batch_size: int
    image_size: int
    target_bytes: int
    """Room for targets in a slot; what does not fit goes through the pipe."""

    @property
    def pixel_bytes(self) -> int:
        return aligned(3 * self.batch_size * self.image_size**2)

    @property
    def slot_bytes(self) -> int:
        return self.pixel_bytes + aligned(self.target_bytes)

    @property
    def total_bytes(self) -> int:
        return self.slots * self.slot_bytes

    def pixels(self, block: SharedBlock, slot: int, count: int) -> NDArray[np.uint8]:
        """(count, S, S, 3), the first images of a slot."""
        return block.pixels_at(slot * self.slot_bytes, (count, self.image_size, self.image_size, 3))

    def targets(self, block: SharedBlock, slot: int) -> memoryview:
        return block.bytes_at(slot * self.slot_bytes + self.pixel_bytes, self.target_bytes)


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """The first message to a child: all that it needs to load any batch of the split."""

    source: SampleSource
    settings: LoaderSettings
    """With the threads of one process."""
    processes: int
    cache: CacheOpening
    slots: SlotPlan
    handle: Handle
    augment: Augment | None = None
    """The plugin's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A batch that is wanted."""

    number: int
    """Of the request."""
    epoch: int
    slot: int
    positions: NDArray[np.int64]
    stored: NDArray[np.int64]
    """Positions of images that are in the shared cache, beyond those told of before."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A batch that is wanted no more."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A child's first answer: it can load."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A child's first answer: it cannot, and why."""

    why: str


@dataclass(frozen=True, slots=True, eq=False)
class PackedTargets:
    """Targets of a batch: a pickle whose large arrays lie in the slot."""

    pickled: bytes
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Offset and size of each array in the slot's room for targets."""


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A child's answer to `Ask`."""

    number: int
    actual: NDArray[np.int64]
    targets: PackedTargets | None
    """None when something failed or the batch was dropped."""
    findings: Findings
    stored: Sequence[int]
    """Positions of images that the child has put into the shared cache."""
    error: bytes | None = None
    """Pickled, when something failed."""


def send(pipe: IO[bytes], message: object) -> None:
    """Write a message.

    Raises:
        OSError: nobody reads any more.
    """
    send_pickled(pipe, pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def send_pickled(pipe: IO[bytes], pickled: bytes) -> None:
    pipe.write(_LENGTH.pack(len(pickled)))
    pipe.write(pickled)
    pipe.flush()


def receive_pickled(pipe: IO[bytes]) -> bytes:
    """Read a message as it was sent.

    Raises:
        EOFError: nobody writes any more.
    """
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def receive(pipe: IO[bytes]) -> Any:
    """Read a message.

    Raises:
        EOFError: nobody writes any more.
    """
    return pickle.loads(receive_pickled(pipe))


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def pack_targets(targets: list[Target], room: memoryview) -> PackedTargets:
    """Write what is large of the targets into `room` while there is any, and pickle the rest."""
    places: list[tuple[int, int]] = []
    used = 0

    def is_small(buffer: pickle.PickleBuffer) -> bool:
        nonlocal used
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND_FROM or used + raw.nbytes > len(room):
            return True
        room[used : used + raw.nbytes] = raw
        places.append((used, raw.nbytes))
        used = aligned(used + raw.nbytes)
        return False

    return PackedTargets(pickle.dumps(targets, protocol=5, buffer_callback=is_small), places)


def unpack_targets(packed: PackedTargets, room: memoryview) -> list[Target]:
    """Give the targets, in memory of their own."""
    buffers = [bytearray(room[offset : offset + size]) for offset, size in packed.places]
    return pickle.loads(packed.pickled, buffers=buffers)
