"""Where the predictor computes: chosen by the user or by what runs leave free, and left as soon as a run comes."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from desktop.bridge.machine import Machine, MachineWatch
from desktop.bridge.predictor import Predictor
from desktop.bridge.run_directory import RunDirectory
from desktop.bridge.settings import Settings
from engine.errors import UserError
from engine.runner.devices import UsableGpu
from engine.runner.predicting_place import (
    AUTO,
    CPU,
    Place,
    Surroundings,
    choose_place,
    short_title,
    threads_beside,
)

SETTING = "predict.device"


class PredictorPlace(QObject):
    """Watches runs, GPUs and the setting, and moves the predictor accordingly.

    Args:
        settings: with the default.
        runs: whose devices are theirs.
        machine: tells of GPUs.
        predictor: is moved.
    """

    changed = Signal()
    """Another device is at work, or for another reason, or there are other GPUs."""
    refused = Signal(object)
    """A `UserError`: the GPU that was chosen is not taken."""
    fell_back = Signal(str)
    """A sentence: why the CPU answers what was asked of a GPU."""

    def __init__(
        self, settings: Settings, runs: RunDirectory, machine: MachineWatch, predictor: Predictor
    ) -> None:
        super().__init__()
        self._settings = settings
        self._runs = runs
        self._predictor = predictor
        self._leases: list[str] = []
        self._troubles: dict[str, str] = {}
        self.gpus: Sequence[UsableGpu] = ()
        self.wish = settings.get(SETTING, AUTO)
        """`auto`, `cpu` or a GPU as the queue names it."""
        self.place = Place(CPU, "CPU")
        settings.changed.connect(self._setting_changed)
        runs.changed.connect(self._look_at_runs)
        machine.sampled.connect(self._look_at_machine)
        predictor.gpu_unusable.connect(self._note_trouble)
        predictor.gpu_failed.connect(self._fall_back)

    def choose(self, wish: str) -> bool:
        """Predict there from now on; says whether it is so. A GPU that a run uses is refused."""
        self._troubles.pop(wish, None)
        place = choose_place(wish, self._around())
        if place.is_refused:
            self.refused.emit(_refusal(wish, place))
            return False
        self.wish = wish
        self._move(place)
        return True

    def _setting_changed(self, name: str) -> None:
        if name == SETTING:
            self.choose(self._settings.get(SETTING, AUTO))

    def _look_at_machine(self, machine: Machine) -> None:
        is_other = [gpu.resource for gpu in machine.usable] != [gpu.resource for gpu in self.gpus]
        self.gpus = machine.usable
        self._look()
        if is_other:
            self.changed.emit()

    def _look_at_runs(self) -> None:
        leases = sorted(self._runs.leases().values())
        if leases != self._leases:
            self._leases = leases
            self._troubles.clear()  # where a run has ended there is room again
            self._look()

    def _note_trouble(self, device: str, why: str) -> None:
        self._troubles[device] = why
        self._look()

    def _fall_back(self, device: str, why: str) -> None:
        self._note_trouble(device, why)
        self.fell_back.emit(f"{short_title(device)} {why}.")

    def _look(self) -> None:
        if not self._runs.is_loaded:
            return  # a GPU may be a run's
        place = choose_place(self.wish, self._around())
        if place.is_refused and self.gpus:
            # Only what is chosen by itself goes back by itself.
            words = f"CPU: {short_title(self.wish)} was given up, as {place.words.removeprefix('CPU: ')}"
            self.wish, place = CPU, Place(CPU, words)
        elif self.wish == CPU and self.place.device == CPU:
            place = self.place if self.place.words != "CPU" else place
        self._move(place)

    def _around(self) -> Surroundings:
        return Surroundings(self.gpus, self._leases, self.place.device, self._troubles)

    def _move(self, place: Place) -> None:
        self._predictor.use_place(place.device, threads_beside(self._leases, os.cpu_count() or 1))
        if place != self.place:
            self.place = place
            self.changed.emit()


def _refusal(wish: str, place: Place) -> UserError:
    why = place.words.removeprefix("CPU: ")
    return UserError(
        "device_refused",
        f"{short_title(wish)} is not taken for predictions: {why}.",
        "Choose Auto, which takes a GPU that is free, or wait until it is.",
    )
