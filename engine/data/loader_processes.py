"""Processes that load batches, each with a few threads, for more cores than one process can use.

A batch is handed to whichever process has room, and comes back through shared memory. What it holds is what threads
would have made of it.
"""

from __future__ import annotations

import contextlib
import pickle
import queue
import threading
import weakref
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.cache import ImageCache, free_memory_bytes
from engine.data.filling import Rows
from engine.data.loader_child_handle import Child
from engine.data.loader_messages import Ask, Done, Drop, Ready, Setup, SlotPlan, unpack_targets
from engine.data.samples import SampleSource
from engine.data.shared_block import SharedBlock
from engine.data.shared_cache import SharedCache, opening_of
from engine.errors import UserError
from engine.protocol.results import Problem

if TYPE_CHECKING:
    from engine.data.loader import Augment, LoaderSettings

SLOTS_EACH = 2
"""While one batch is copied out of its slot, the next one is under way."""
SLOT_MEMORY_SHARE = 0.25
"""Part of the free memory that batches under way may take."""
PROCESS_MEMORY_SHARE = 0.25
"""Part of the free memory that the processes themselves may take."""
_PROCESS_BYTES = 400_000_000
_ITEM_BYTES = 1_700
_MOST_PROCESSES = 16
"""No GPU takes more; on a large server others want cores too."""
_MOST_DEATHS = 3
_START_PATIENCE_S = 120.0
_JOIN_PATIENCE_S = 5.0
_TARGETS_AN_IMAGE = 4
"""Room for targets that have a place in the image, in multiples of a class map; untouched, it takes no memory."""


def affordable_processes(items: int) -> int:
    """Say for how many processes there is memory, where each knows a dataset of so many items."""
    each = _PROCESS_BYTES + items * _ITEM_BYTES
    return min(_MOST_PROCESSES, int(PROCESS_MEMORY_SHARE * free_memory_bytes() / each))


class CrewRefused(Exception):
    """The split cannot be loaded by other processes; the text says why."""


class Errand:
    """A batch that a process is to load. Implements `engine.data.filling.Making`."""

    def __init__(self, number: int, epoch: int, rows: Rows, board: Board) -> None:
        self.number = number
        self.epoch = epoch
        self.rows = rows
        self.deaths = 0
        """Processes that have died over it."""
        self.seat: Seat | None = None
        self._board = board
        self._is_settled = threading.Event()
        self._error: BaseException | None = None

    def settle(self, error: BaseException | None = None) -> None:
        """Say that the rows are written, or why they are not."""
        self._error = error
        self._is_settled.set()

    def wait(self) -> None:
        while not self._is_settled.wait(1.0):
            if self._board.failure is not None:
                raise self._board.failure
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        self.rows.is_dropped = True
        if self.seat is not None:
            self.seat.drop(self.number)


@dataclass(eq=False)
class Board:
    """What all seats of a crew share."""

    setup: bytes
    """Pickled."""
    slots: SlotPlan
    block: SharedBlock
    source: SampleSource
    cache: ImageCache
    waiting: queue.SimpleQueue[Errand | None]
    """None tells one seat to close."""
    stored: list[int]
    """Positions of images in the shared cache, in the order in which they became known; it only grows."""
    first: threading.Event
    """A process is ready, or there will be none."""
    is_closed: bool = False
    failure: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        """Nothing more is loaded."""
        self.failure = error
        self.first.set()

    def learn(self, done: Done) -> None:
        """Take what a process has found out besides the batch."""
        self.source.learn(done.findings)
        if isinstance(self.cache, SharedCache) and len(done.stored):
            self.cache.learn(done.stored)
            self.stored.extend(done.stored)

    def descriptors(self) -> tuple[int, ...]:
        kept = self.cache.block.descriptors if isinstance(self.cache, SharedCache) else ()
        return (*self.block.descriptors, *kept)


class Seat:
    """The place of one process, and the thread that speaks to it. A process that dies is replaced."""

    def __init__(self, board: Board, slots: list[int]) -> None:
        self._board = board
        self._slots = slots
        self._free: list[int] = []
        self._again: list[Errand] = []
        self._under_way: dict[int, tuple[Errand, int]] = {}
        self._deaths = 0
        """Since it last did something."""
        self.child: Child | None = None
        self.thread = threading.Thread(target=self._run, name="loader process", daemon=True)

    def drop(self, number: int) -> None:
        """Tell the process that a batch is wanted no more."""
        child = self.child
        if child is not None and number in self._under_way and not self._board.is_closed:
            with contextlib.suppress(OSError):
                child.send(pickle.dumps(Drop(number)))

    def hang_up(self) -> None:
        if self.child is not None:
            self.child.hang_up()

    def _run(self) -> None:
        try:
            while not self._board.is_closed:
                self._employ()
        except Exception as error:  # noqa: BLE001  # the consumer is to raise it: it waits for this thread
            self._board.fail(error)

    def _employ(self) -> None:
        """Start a process and work with it until the crew closes or it dies."""
        board = self._board
        self._free, self._under_way = list(self._slots), {}
        self.child = child = Child(board.descriptors())
        try:
            child.send(board.setup)
            answer = child.receive()
            if not isinstance(answer, Ready):
                raise CrewRefused(answer.why)
            board.first.set()
            self._serve(child)
        except (EOFError, OSError):
            if not board.is_closed:
                self._replace(child.end())
        finally:
            child.end()

    def _replace(self, code: int) -> None:
        """Have the lost batches loaded again, once.

        Raises:
            CrewRefused: it has not even started.
            UserError: `loader_process_died`.
        """
        board = self._board
        self._deaths += 1
        how = f"signal {-code}" if code < 0 else f"code {code}"
        if not board.first.is_set():
            raise CrewRefused(f"it ended with {how} before it could load anything")
        lost = [errand for errand, _ in self._under_way.values()]
        for errand in lost:
            errand.deaths += 1
        if self._deaths > _MOST_DEATHS or any(errand.deaths > 1 for errand in lost):
            raise UserError(
                "loader_process_died",
                f"A process that loads images ended several times, at last with {how}.",
                "If memory was short, set `workers` to a number, which loads without other processes; else check "
                "the images with `lensmith data check`. Then resume.",
            )
        self._again = [*lost, *self._again]
        board.source.warn(
            Problem(
                code="loader_process_replaced",
                message=f"A process that loads images ended with {how}; another one does its work again.",
                remedy="Nothing to do; if it happens often, memory is short: set `workers` to a small number.",
            )
        )

    def _serve(self, child: Child) -> None:
        while True:
            while self._free:
                try:
                    errand = self._next()
                except queue.Empty:
                    break
                if errand is None:
                    return
                self._give(child, errand)
            if self._under_way:
                self._take(child.receive())

    def _next(self) -> Errand | None:
        if self._again:
            return self._again.pop(0)
        return self._board.waiting.get(block=not self._under_way)

    def _give(self, child: Child, errand: Errand) -> None:
        if errand.rows.is_dropped:
            errand.settle()
            return
        slot = self._free.pop()
        stored = self._board.stored[child.told :]
        child.told += len(stored)
        ask = Ask(errand.number, errand.epoch, slot, errand.rows.positions, np.array(stored, dtype=np.int64))
        self._under_way[errand.number] = errand, slot
        errand.seat = self
        child.send(pickle.dumps(ask))

    def _take(self, done: Done) -> None:
        errand, slot = self._under_way.pop(done.number)
        board, rows = self._board, errand.rows
        self._deaths = 0
        board.learn(done)
        if done.error is not None:
            errand.settle(pickle.loads(done.error))
        elif done.targets is None or rows.is_dropped:
            errand.settle()
        else:
            rows.pixels[:] = board.slots.pixels(board.block, slot, len(rows))
            rows.actual[:] = done.actual
            rows.targets[:] = unpack_targets(done.targets, board.slots.targets(board.block, slot))
            errand.settle()
        self._free.append(slot)


class Crew:
    """The processes of one loader. They start with it, and are kept until it is closed."""

    def __init__(
        self,
        source: SampleSource,
        cache: ImageCache,
        settings: LoaderSettings,
        augment: Augment | None = None,
    ) -> None:
        """Start the processes, and wait for the first one.

        Args:
            source: the split.
            cache: as `share_cache` gives it.
            settings: with at least one process.
            augment: the plugin's own variation of images.

        Raises:
            CrewRefused: this split cannot be loaded so.
        """
        self._board = _board_of(source, cache, settings, augment)
        self._number = 0
        seats = [
            Seat(self._board, [seat * SLOTS_EACH + slot for slot in range(SLOTS_EACH)])
            for seat in range(settings.processes)
        ]
        self._seats = seats
        self._end = weakref.finalize(self, _dismiss, self._board, seats)
        for seat in seats:
            seat.thread.start()
        is_told = self._board.first.wait(_START_PATIENCE_S)
        failure = self._board.failure
        if failure is not None or not is_told:
            self.close()
            raise CrewRefused(str(failure) if failure else "it did not start in time") from failure

    @property
    def pids(self) -> list[int]:
        """Of the processes that there are now."""
        return [seat.child.pid for seat in self._seats if seat.child is not None]

    def begin(self, epoch: int, rows: Rows) -> Errand:
        """Have a batch loaded."""
        board = self._board
        if isinstance(board.cache, SharedCache):
            board.stored.extend(board.cache.news())
        errand = Errand(self._number, epoch, rows, board)
        self._number += 1
        board.waiting.put(errand)
        return errand

    def close(self) -> None:
        """End the processes and free their memory."""
        self._end()


def _board_of(
    source: SampleSource, cache: ImageCache, settings: LoaderSettings, augment: Augment | None
) -> Board:
    size = settings.image_size
    room = _TARGETS_AN_IMAGE * settings.batch_size * size**2 if settings.framing == "whole" else 0
    plan = SlotPlan(SLOTS_EACH * settings.processes, settings.batch_size, size, room)
    # As many again wait for the consumer, in memory of its own.
    needed, free = 2 * plan.slots * plan.pixel_bytes, free_memory_bytes()
    if needed > SLOT_MEMORY_SHARE * free:
        raise CrewRefused(
            f"{needed / 1e6:,.0f} MB of batches under way are too much for {free / 1e6:,.0f} MB"
        )
    try:
        block = SharedBlock(plan.total_bytes)
    except OSError as error:
        raise CrewRefused(f"there is no shared memory ({error})") from error
    own = replace(settings, processes=0, pin_memory=False)
    setup: Any = Setup(source, own, settings.processes, opening_of(cache), plan, block.handle, augment)
    try:
        pickled = pickle.dumps(setup, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # what cannot be pickled may raise anything
        raise CrewRefused(f"{type(error).__name__}: {error}") from error
    stored: list[int] = []
    if isinstance(cache, SharedCache):
        cache.news()
        stored = cache.known()
    return Board(pickled, plan, block, source, cache, queue.SimpleQueue(), stored, threading.Event())


def _dismiss(board: Board, seats: list[Seat]) -> None:
    board.is_closed = True
    board.failure = board.failure or CancelledError("The loader was closed.")
    for _ in seats:
        board.waiting.put(None)
    for seat in seats:
        seat.hang_up()
    for seat in seats:
        if seat.thread.is_alive() and seat.thread is not threading.current_thread():
            seat.thread.join(_JOIN_PATIENCE_S)
    board.block.close()
