from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import shiboken6
from pytestqt.qtbot import QtBot

from desktop.bridge.predictor import Predictor
from desktop.forms.form_state import FormState
from desktop.forms.plugin_validation import NOTE, PluginValidation, split_problems
from engine.config.problems import ConfigError, FieldProblem
from engine.config.schema import ConfigSchema
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry
from engine.protocol.home import Home

ENTRY = PluginEntry(id="mine", model="my-model", folder="/nowhere")


class Line:
    """A predictor whose answers the test gives when it likes."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.then: list[Callable[[dict[str, object]], object]] = []
        self.failed: list[Callable[[UserError], object]] = []
        self.forgotten: list[int] = []

    def ask(self, verb: str, payload: Mapping[str, object], then: Any = None, failed: Any = None) -> int:
        self.asked.append((verb, payload))
        self.then.append(then)
        self.failed.append(failed)
        return len(self.asked)

    def forget(self, number: int) -> None:
        self.forgotten.append(number)


@dataclass
class Window:
    """As much of the window's context as the validation needs."""

    predictor: Any


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def state(qapp: object, engine_schema: ConfigSchema) -> FormState:
    return FormState(engine_schema)


@pytest.fixture
def validation(line: Line, state: FormState) -> PluginValidation:
    return PluginValidation(Window(line), state, ENTRY, state)


def refusal(*problems: tuple[str, str]) -> ConfigError:
    return ConfigError([FieldProblem(name, message) for name, message in problems])


def test_that_a_rest_sends_all_values_once(
    qtbot: QtBot, line: Line, state: FormState, validation: object
) -> None:
    state.set("epochs", 5)
    state.set("epochs", 6)
    state.set("epochs", 7)
    qtbot.waitUntil(lambda: bool(line.asked))
    assert line.asked == [("validate", {"plugin": "my-model", "config": state.values()})]


def test_that_values_that_the_schema_refuses_are_not_sent(
    qtbot: QtBot, line: Line, state: FormState, validation: PluginValidation
) -> None:
    with qtbot.waitSignal(validation._pause.timeout):
        state.set("epochs", 0)
    assert line.asked == []
    state.set("epochs", 3)
    qtbot.waitUntil(lambda: len(line.asked) == 1)


def test_that_what_the_engine_finds_stands_at_its_field(
    qtbot: QtBot, line: Line, state: FormState, validation: object
) -> None:
    state.set("epochs", 5)
    qtbot.waitUntil(lambda: bool(line.asked))
    line.failed[0](
        refusal(("epochs", "epochs must be at most 3, not 5."), ("gone", "There is no setting 'gone'."))
    )
    assert state.problems() == {"epochs": "Must be at most 3.", "": "There is no setting 'gone'."}
    assert state.unplaced_problems() == ["There is no setting 'gone'."]


def test_that_a_good_answer_takes_the_engines_problems_away(
    qtbot: QtBot, line: Line, state: FormState, validation: object
) -> None:
    state.set("epochs", 5)
    qtbot.waitUntil(lambda: len(line.asked) == 1)
    line.failed[0](refusal(("seed", "seed must be at least 1, not 0.")))
    state.set("epochs", 6)
    qtbot.waitUntil(lambda: len(line.asked) == 2)
    line.then[1]({"ok": True})
    assert state.is_valid


def test_that_a_late_answer_to_older_values_is_dropped(
    qtbot: QtBot, line: Line, state: FormState, validation: object
) -> None:
    state.set("epochs", 5)
    qtbot.waitUntil(lambda: len(line.asked) == 1)
    state.set("epochs", 6)
    line.failed[0](refusal(("epochs", "epochs must be at most 3, not 5.")))
    assert state.is_valid
    assert line.forgotten == [1]


def test_that_a_broken_predictor_gives_only_a_note(
    qtbot: QtBot, line: Line, state: FormState, validation: PluginValidation
) -> None:
    state.set("epochs", 5)
    qtbot.waitUntil(lambda: len(line.asked) == 1)
    with qtbot.waitSignal(validation.note_changed) as told:
        line.failed[0](UserError("engine_died", "The engine process ended with code 1."))
    assert told.args == [NOTE]
    assert state.is_valid
    state.set("epochs", 6)
    qtbot.waitUntil(lambda: len(line.asked) == 2)
    line.then[1]({"ok": True})
    assert validation.note == ""


def test_that_a_plugin_that_broke_meanwhile_is_told_above_the_form(
    qtbot: QtBot, line: Line, state: FormState, validation: object
) -> None:
    state.set("epochs", 5)
    qtbot.waitUntil(lambda: len(line.asked) == 1)
    line.failed[0](UserError("plugin_broken", "The plugin 'mine' cannot be described.", "Check it first."))
    assert state.unplaced_problems() == ["The plugin 'mine' cannot be described. Check it first."]


def test_that_an_answer_after_the_form_is_gone_does_no_harm(
    qtbot: QtBot, line: Line, engine_schema: ConfigSchema
) -> None:
    state = FormState(engine_schema)
    validation = PluginValidation(Window(line), state, ENTRY)
    state.set("epochs", 5)
    qtbot.waitUntil(lambda: len(line.asked) == 1)
    shiboken6.delete(validation)
    shiboken6.delete(state)
    line.then[0]({"ok": True})
    line.failed[0](UserError("engine_died", "It ended."))


@pytest.mark.parametrize(
    "problems",
    [
        {"epochs": "epochs must be at most 3, not 5."},
        {"epochs": "epochs needs a value.", "optimizer.lr": "optimizer.lr takes a number, not 'a. b'."},
        {"optimizer.lr": "optimizer.lr (3) may not be above epochs (1).", "seed": "seed needs a value."},
        {"": "There is no setting 'x'; did you mean 'epochs'?", "epochs": "epochs needs a value."},
    ],
)
def test_that_one_message_is_taken_apart_into_its_settings(problems: dict[str, str]) -> None:
    error = ConfigError([FieldProblem(name, message) for name, message in problems.items()])
    assert split_problems(error.message, ["epochs", "optimizer.lr", "optimizer", "seed"]) == problems


@pytest.mark.slow
def test_that_the_engines_own_process_answers(
    qtbot: QtBot, lensmith_home: object, built_in: list[PluginEntry]
) -> None:
    entry = next(entry for entry in built_in if entry.id == "example_minimal")
    assert entry.config_schema is not None
    stale = entry.config_schema.model_copy(
        update={
            "fields": [
                field.model_copy(update={"max": None}) if field.name == "batch_size" else field
                for field in entry.config_schema.fields
            ]
        }
    )
    state = FormState(stale)
    predictor = Predictor(Home.default())
    try:
        validation = PluginValidation(Window(predictor), state, entry, state)
        with qtbot.waitSignal(validation.answered, timeout=120_000):
            state.set("batch_size", 100_000)
        assert state.problems() == {"batch_size": "Must be at most 4096 images."}
        with qtbot.waitSignal(validation.answered, timeout=60_000):
            state.set("batch_size", 8)
        assert state.is_valid
    finally:
        predictor.close()
