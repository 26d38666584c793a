"""The predictor process of a command: on a device that no run uses, left as soon as one does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from engine.errors import UserError
from engine.protocol.interpreter import child_environment, engine_command
from engine.runner.devices import machine_gpus
from engine.runner.predicting_place import (
    AUTO,
    CPU,
    GPU_TROUBLES,
    Place,
    Surroundings,
    choose_place,
    short_title,
    threads_beside,
)
from engine.store.database import Store
from engine.verbs.reply import Session


class Predictor:
    """A predictor process of our own: one JSON line out, one back.

    Args:
        session: of the command.
    """

    def __init__(self, session: Session) -> None:
        self._process = subprocess.Popen(
            engine_command("serve"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=child_environment({"LENSMITH_HOME": str(session.home.path)}),
        )
        self._number = 0

    def ask(self, verb: str, **arguments: object) -> dict[str, object]:
        """Send a request and wait for its answer.

        Raises:
            UserError: what the predictor says, or `predictor_died`.
        """
        self._number += 1
        assert self._process.stdin is not None  # both pipes are asked for
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"id": self._number, "verb": verb, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise UserError(
                "predictor_died",
                f"The predictor process ended while it was asked to {verb}.",
                "Its own messages stand above; try again, with fewer or smaller images if memory was short.",
            )
        answer = cast("dict[str, object]", json.loads(line))
        if not answer.get("ok"):
            error = cast("dict[str, str]", answer.get("error", {}))
            raise UserError(error.get("code", "predictor"), error.get("message", ""), error.get("hint", ""))
        return answer

    def close(self) -> None:
        """Let it end, and wait for that: then the memory of its device is free."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class PlacedPredictor:
    """Asks on the device that is wished or free, looked for anew before each question.

    Args:
        session: of the command.
        wish: `auto`, `cpu`, or a GPU as the queue names it (`cuda:0`).

    Raises:
        UserError: `device_refused` when the GPU that is named is a run's, or not there.
    """

    def __init__(self, session: Session, wish: str = AUTO) -> None:
        self._session = session
        self._wish = wish
        self._troubles: dict[str, str] = {}
        self._told: tuple[str, int | None] = (CPU, None)
        self._has_gpu = False
        self.place = Place(CPU, "")
        place = self._choose()
        if place.is_refused:
            why = place.words.removeprefix("CPU: ")
            raise UserError(
                "device_refused",
                f"{short_title(wish)} is not taken for predictions: {why}.",
                "Give --device auto, which takes a GPU that is free, or wait until it is.",
            )
        self._process = Predictor(session)

    def ask(self, verb: str, **arguments: object) -> dict[str, object]:
        """Ask as `Predictor.ask` does; what a GPU cannot do is asked of the CPU."""
        self._settle()
        try:
            return self._process.ask(verb, **arguments)
        except UserError as error:
            if error.code not in GPU_TROUBLES or self.place.device == CPU:
                raise
            self._troubles[self.place.device] = GPU_TROUBLES[error.code]
        self._settle()
        return self._process.ask(verb, **arguments)

    def close(self) -> None:
        self._process.close()

    def _leases(self) -> list[str]:
        path = self._session.home.store_path
        if not path.exists():
            return []
        with Store.open(path) as store:
            return list(store.leases().values())

    def _choose(self) -> Place:
        around = Surroundings(machine_gpus(), self._leases(), self.place.device, self._troubles)
        self._has_gpu = bool(around.gpus)
        return choose_place(self._wish, around)

    def _settle(self) -> None:
        """Go where the next question shall be computed; only the end of its process frees a GPU."""
        place = self._choose()
        if place.device != self.place.device and self.place.device != CPU:
            self._process.close()
            self._process, self._told = Predictor(self._session), (CPU, None)
        wanted = (place.device, threads_beside(self._leases(), os.cpu_count() or 1))
        if wanted != self._told:
            answer = self._process.ask("place", device=wanted[0], threads=wanted[1])
            self._told = wanted
            if answer.get("problem"):
                self._troubles[place.device] = str(answer["problem"])
                place = self._choose()
                self._told = (CPU, wanted[1])
        if place.is_refused:
            self._wish = CPU  # only what is chosen by itself goes back by itself
        elif self._wish == CPU and self.place.words:
            return  # it was told why
        if self._has_gpu and place != self.place:
            self._session.tell([f"Predicting on {place.words}"])
        self.place = place


@contextmanager
def placed_predictor(session: Session, wish: str = AUTO) -> Iterator[PlacedPredictor]:
    """Start a predictor process; it ends with the block."""
    made = PlacedPredictor(session, wish)
    try:
        yield made
    finally:
        made.close()
