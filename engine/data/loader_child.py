"""A process that loads batches for its parent and ends with it: `python -m engine.data.loader_child`."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import IO

import torch

from engine.data.cache import NoCache
from engine.data.filling import Rows
from engine.data.loader import Loader
from engine.data.loader_messages import Ask, Done, Drop, Ready, Refused, Setup, pack_targets, receive, send
from engine.data.shared_block import SharedBlock
from engine.data.shared_cache import SharedCache
from engine.data.targets import LearningTargets

_BATCHES_AT_ONCE = 2
"""While one batch is copied out of its slot, the next one is under way."""
_PATIENCE_S = 2.0
"""A file on a drive that does not answer may hold a thread for good."""
_LOOK_FOR_PARENT_EVERY_S = 2.0


class BatchServer:
    """Loads the batches that are asked for, and answers when they are done."""

    def __init__(self, setup: Setup, answers: IO[bytes]) -> None:
        self._answers = answers
        self._sending = threading.Lock()
        self._slots = setup.slots
        self._block = SharedBlock(setup.slots.total_bytes, setup.handle)
        self._cache = setup.cache.open() or NoCache()
        self._source = setup.source
        if isinstance(self._source.targets, LearningTargets):
            self._source.targets.divide_memory(setup.processes)
        settings = replace(setup.settings, processes=0, pin_memory=False)
        self._loader = Loader(self._source, self._cache, settings)
        if setup.augment is not None:
            self._loader.augment_with(setup.augment)
        self._under_way: dict[int, Rows] = {}
        self._waiting = ThreadPoolExecutor(_BATCHES_AT_ONCE, thread_name_prefix="answer")

    def take(self, message: Ask | Drop) -> None:
        """Begin with a batch, or leave the rest of one undone."""
        if isinstance(message, Drop):
            rows = self._under_way.get(message.number)
            if rows is not None:
                rows.is_dropped = True
            return
        if isinstance(self._cache, SharedCache):
            self._cache.learn(message.stored)
        pixels = self._slots.pixels(self._block, message.slot, len(message.positions))
        rows = self._under_way[message.number] = Rows(message.positions, pixels)
        self._waiting.submit(self._load, message, rows)

    def close(self) -> None:
        for rows in list(self._under_way.values()):
            rows.is_dropped = True
        self._loader.close()

    def _load(self, ask: Ask, rows: Rows) -> None:
        making = self._loader.make(rows, ask.epoch)
        targets, error = None, None
        try:
            making.wait()
            if not rows.is_dropped:
                self._look_up_sizes(rows)
                targets = pack_targets(rows.targets, self._slots.targets(self._block, ask.slot))
        except Exception as failure:  # noqa: BLE001  # whatever it is, the loader in the parent raises it
            error = _pickled(failure)
            # The slot is given back with the answer: by then nobody may write into it.
            making.cancel()
            making.settle()
        del self._under_way[ask.number]
        stored = self._cache.news() if isinstance(self._cache, SharedCache) else []
        done = Done(ask.number, rows.actual, targets, self._source.findings(), stored, error)
        with self._sending, contextlib.suppress(OSError):  # the parent is gone, which ends this process too
            send(self._answers, done)

    def _look_up_sizes(self, rows: Rows) -> None:
        """Where only the file tells the size, find it here and not in the parent."""
        if self._loader.settings.framing == "whole":
            for position in rows.actual.tolist():
                if position >= 0:
                    self._source.size(position)


def main() -> int:
    """Serve the parent until it closes the pipe."""
    requests, answers = _take_pipes()
    for number in (signal.SIGINT, signal.SIGTERM):
        # What is sent to the whole group is the parent's to heed: it may still want to write a checkpoint.
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
    if sys.platform != "win32":
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    server: BatchServer | None = None
    with contextlib.suppress(EOFError, OSError):
        try:
            server = BatchServer(receive(requests), answers)
        except (EOFError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  # what cannot be unpickled may raise anything
            send(answers, Refused(f"{type(error).__name__}: {error}"))
            return 1
        send(answers, Ready())
        while True:
            server.take(receive(requests))
    threading.Thread(target=_leave_after, args=(_PATIENCE_S,), daemon=True).start()
    if server is not None:
        server.close()
    os._exit(0)


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the two pipes apart from what a library prints, which goes to the log."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, answers


def _end_with(parent: int) -> None:
    """End when the parent has ended, even if somebody else still holds its end of the pipe."""
    while os.getppid() == parent:
        time.sleep(_LOOK_FOR_PARENT_EVERY_S)
    os._exit(0)


def _leave_after(seconds: float) -> None:
    time.sleep(seconds)
    os._exit(0)


def _pickled(error: Exception) -> bytes:
    """Give the error with its traceback as a note; one that cannot be pickled as a plain one with its text."""
    text = "".join(traceback.format_exception(error))
    try:
        error.add_note(f"In a process that loads images:\n{text}")
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:  # noqa: BLE001  # an exception's own way of being pickled may raise anything
        return pickle.dumps(RuntimeError(text))
    return pickled


if __name__ == "__main__":
    sys.exit(main())
