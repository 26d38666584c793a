"""The engine's process looks at the form's values too: it has the plugin as it is now, not as it was described."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal

from desktop.forms.form_state import FormState
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry

PAUSE_MS = 400
"""How long the user must rest before the values are sent."""
NOTE = "The engine cannot check these settings now; they are checked again when the run starts."
_PLUGIN_CODES = ("plugin_", "schema_")


class Asker(Protocol):
    """What this needs of the predictor."""

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[dict[str, object]], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int: ...

    def forget(self, number: int) -> None: ...


class Surroundings(Protocol):
    """What this needs of the window's context."""

    @property
    def predictor(self) -> Asker: ...


class PluginValidation(QObject):
    """Watches a form's state and puts what the engine finds into it.

    Args:
        context: whose predictor is asked.
        state: the form's.
        entry: the plugin.
        parent: its owner.
    """

    note_changed = Signal(str)
    """A quiet sentence when the engine cannot be asked; empty when it answers again."""
    answered = Signal()
    """The engine has answered to the present values."""

    def __init__(
        self, context: Surroundings, state: FormState, entry: PluginEntry, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._predictor: Asker = context.predictor
        self._state = state
        self._plugin = entry.model or entry.id
        self._asked: int | None = None
        self._serial = 0
        self._sent: dict[str, object] | None = None
        self.note = ""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        state.changed.connect(self._state_changed)

    def _state_changed(self) -> None:
        if self._state.values() != self._sent:
            self._drop()
            self._pause.start()

    def _drop(self) -> None:
        """Let the answer to older values go."""
        self._serial += 1
        self._sent = None
        if self._asked is not None:
            self._predictor.forget(self._asked)
            self._asked = None

    def _ask(self) -> None:
        if self._state.has_own_problems():
            return  # the schema refuses already; the plugin need not say so again
        self._drop()
        self._sent = self._state.values()
        serial = self._serial
        self._asked = self._predictor.ask(
            "validate",
            {"plugin": self._plugin, "config": _sendable(self._sent)},
            then=partial(self._fine, serial),
            failed=partial(self._refused, serial),
        )

    def _fine(self, serial: int, _answer: dict[str, object]) -> None:
        if self._is_current(serial):
            self._state.set_extra_problems({})
            self._say("")
            self.answered.emit()

    def _refused(self, serial: int, error: UserError) -> None:
        if not self._is_current(serial):
            return
        if error.code == "config_invalid":
            self._state.set_extra_problems(split_problems(error.message, self._state.fields))
            self._say("")
        elif error.code.startswith(_PLUGIN_CODES):
            self._state.set_extra_problems({"": str(error)})
            self._say("")
        else:
            self._state.set_extra_problems({})
            self._say(NOTE)
        self.answered.emit()

    def _is_current(self, serial: int) -> bool:
        return shiboken6.isValid(self) and shiboken6.isValid(self._state) and serial == self._serial

    def _say(self, note: str) -> None:
        if note != self.note:
            self.note = note
            self.note_changed.emit(note)


def split_problems(message: str, names: Iterable[str]) -> dict[str, str]:
    """Give every setting its own sentence out of the one message of a refused configuration.

    Sentences that begin with no setting's name stand under the empty name.
    """
    text = re.sub(r"^\d+ settings cannot be used: ", "", message)
    known = sorted(names, key=len, reverse=True)
    words = "|".join([*map(re.escape, known), "There is no", "And"])
    starts = [found.start(1) for found in re.finditer(rf"(?:^|(?<=[.?!] ))({words})(?= )", text)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    problems: dict[str, str] = {}
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        sentence = text[start:end].strip()
        name = sentence.split(" ", 1)[0]
        place = name if name in known else ""
        problems[place] = f"{problems.get(place, '')} {sentence}".strip()
    return problems


def _sendable(values: Mapping[str, object]) -> dict[str, object]:
    """Leave out what JSON cannot carry; the schema has refused that already."""
    plain = (bool, int, float, str, list, type(None))
    return {name: value for name, value in values.items() if isinstance(value, plain)}
